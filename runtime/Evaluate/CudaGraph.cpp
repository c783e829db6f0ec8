//===- CudaGraph.cpp - CUDA graphs by LibTorch's CUDA half ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LibTorch's CUDA half is loaded while the program runs, so nothing here may be linked to it: the members of
// at::cuda::CUDAGraph are looked up by their names. The LibTorch that is loaded is the one that these headers are of
// (FindTorch).

#include "xlstm/Runtime/Evaluate/DeviceGraph.h"

#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <atomic>
#include <dlfcn.h>

namespace xlstm {

namespace {

using at::cuda::CUDAGraph;

std::atomic<bool> recording = false; // autograd's threads ask, too

/// As C functions, of which the object is the first argument (the Itanium ABI).
struct Members {
  void (*construct)(CUDAGraph *, bool keepGraph);
  void (*destroy)(CUDAGraph *);
  void (*begin)(CUDAGraph *, at::cuda::MempoolId_t pool, cudaStreamCaptureMode mode);
  void (*end)(CUDAGraph *);
  void (*replay)(CUDAGraph *);

  /// Null where one of them is not there.
  static const Members *find() {
    static const Members members = [] {
      Members found = {};
      look(found.construct, "C1Eb"), look(found.destroy, "D1Ev"), look(found.replay, "6replayEv");
      look(found.begin, "13capture_beginESt4pairIyyE21cudaStreamCaptureMode"), look(found.end, "11capture_endEv");
      return found;
    }();
    bool isWhole = members.construct && members.destroy && members.begin && members.end && members.replay;
    return isWhole ? &members : nullptr;
  }

private:
  template <typename F>
  static void look(F &member, const char *name) {
    member = reinterpret_cast<F>(dlsym(RTLD_DEFAULT, (std::string("_ZN2at4cuda9CUDAGraph") + name).c_str()));
  }
};

class Graph : public DeviceGraph {
public:
  explicit Graph(const Members &members) : members(members) { members.construct(get(), false); }
  ~Graph() override { members.destroy(get()); }
  Graph(const Graph &) = delete;

  void capture(c10::Device device, const std::function<void()> &work) {
    c10::impl::VirtualGuardImpl implementation(device.type());
    implementation.synchronizeDevice(device.index());
    // What the steps before have left would stand beside the graph's own memory.
    c10::getDeviceAllocator(device.type())->emptyCache();
    c10::StreamGuard guard(implementation.getStreamFromGlobalPool(device)); // the default stream cannot be captured
    members.begin(get(), {0, 0}, cudaStreamCaptureModeGlobal);
    recording = true;
    try {
      work();
    } catch (...) {
      recording = false;
      endQuietly();
      throw;
    }
    recording = false;
    members.end(get());
  }
  void replay() override { members.replay(get()); }

private:
  CUDAGraph *get() { return reinterpret_cast<CUDAGraph *>(memory); }
  /// Of a capture that failed: that it cannot be ended well is known.
  void endQuietly() {
    try {
      members.end(get());
    } catch (const std::exception &) {
    }
  }

  const Members &members;
  alignas(CUDAGraph) std::byte memory[sizeof(CUDAGraph)];
};

} // namespace

bool DeviceGraph::isRecording() { return recording; }

std::unique_ptr<DeviceGraph> DeviceGraph::record(c10::Device device, const std::function<void()> &work) {
  if (!device.is_cuda() || !Members::find())
    return nullptr;
  auto graph = std::make_unique<Graph>(*Members::find());
  graph->capture(device, work);
  return graph;
}

} // namespace xlstm
