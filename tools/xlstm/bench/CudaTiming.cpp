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

/// Times of `run` on `stream`, as many as fill `most` milliseconds and at least `least`.
static std::vector<float> timesOf(const std::function<void()> &run, cudaStream_t stream, float most, size_t least) {
  cudaEvent_t begin, end;
  check(cudaEventCreate(&begin)), check(cudaEventCreate(&end));
  std::vector<float> times;
  for (float total = 0; times.size() < least || total < most; total += times.back()) {
    check(cudaEventRecord(begin, stream));
    run();
    check(cudaEventRecord(end, stream)), check(cudaEventSynchronize(end));
    check(cudaEventElapsedTime(&times.emplace_back(), begin, end));
  }
  check(cudaEventDestroy(begin)), check(cudaEventDestroy(end));
  return times;
}

/// The median of `run`'s time, a call; `run` enqueues `calls` of them. It is warmed up for long: large products are
/// bound by the card's power, whose limit takes effect after a while.
static double median(const std::function<void()> &run, cudaStream_t stream, int calls) {
  timesOf(run, stream, 250, 1);
  std::vector<float> times = timesOf(run, stream, 350, 3);
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
  const int calls = timesOf([&] { run(stream); }, stream, 0, 2).back() < 1 ? 48 : 1;
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
