//===- CudaTiming.cpp - medians by events, ours in a graph -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Bench.h"

#include "xlstm/Runtime/Evaluate/Device.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <c10/core/CachingDeviceAllocator.h>
#include <cuda_runtime.h>

namespace xlstm::bench {

static void check(cudaError_t error) {
  if (error != cudaSuccess)
    fail("CUDA: ", cudaGetErrorString(error));
}

void openCuda() {
  int devices = 0;
  if (cudaError_t error = cudaGetDeviceCount(&devices); error != cudaSuccess || devices == 0)
    fail("no GPU to measure: ", error == cudaSuccess ? "no CUDA device" : cudaGetErrorString(error));
  openDevice("cuda");
}

void releaseCuda() { at::getDeviceAllocator(at::kCUDA)->emptyCache(); }

/// The median of `run`'s time on `stream`, a call; `run` enqueues `calls` of them.
static double median(const std::function<void()> &run, cudaStream_t stream, int calls) {
  cudaEvent_t begin, end;
  check(cudaEventCreate(&begin)), check(cudaEventCreate(&end));
  std::vector<float> times;
  for (float total = 0; times.size() < 5 || (times.size() < 100 && total < 500); total += times.back()) {
    check(cudaEventRecord(begin, stream));
    run();
    check(cudaEventRecord(end, stream)), check(cudaEventSynchronize(end));
    check(cudaEventElapsedTime(&times.emplace_back(), begin, end));
  }
  check(cudaEventDestroy(begin)), check(cudaEventDestroy(end));
  times.erase(times.begin(), times.begin() + 2); // warming up
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  return times[times.size() / 2] / calls;
}

double timeOnCuda(const std::function<void(void *stream)> &run) {
  cudaStream_t stream;
  cudaGraph_t graph;
  cudaGraphExec_t executable;
  check(cudaDeviceSynchronize());
  check(cudaStreamCreate(&stream));
  run(stream); // libraries make their handles
  // As often as any case's number of rotated inputs, and a multiple of it; long calls need no company.
  const int calls = median([&] { run(stream); }, stream, 1) < 1 ? 48 : 1;
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  for (int call = 0; call < calls; ++call)
    run(stream);
  check(cudaStreamEndCapture(stream, &graph));
  check(cudaGraphInstantiate(&executable, graph, 0));
  double ms = median([&] { check(cudaGraphLaunch(executable, stream)); }, stream, calls);
  check(cudaGraphExecDestroy(executable)), check(cudaGraphDestroy(graph)), check(cudaStreamDestroy(stream));
  return ms;
}

double timeOnCuda(const std::function<void()> &peer) {
  peer();
  return median(peer, nullptr, 1);
}

} // namespace xlstm::bench
