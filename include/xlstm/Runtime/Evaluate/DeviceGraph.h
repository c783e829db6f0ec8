//===- DeviceGraph.h - work of a GPU, recorded once and replayed ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVALUATE_DEVICEGRAPH_H
#define XLSTM_RUNTIME_EVALUATE_DEVICEGRAPH_H

#include <c10/core/Device.h>

#include <functional>
#include <memory>

namespace xlstm {

/// A CUDA graph: all that was launched on the device while it was recorded, with the same arguments and places in
/// memory.
class DeviceGraph {
public:
  virtual ~DeviceGraph() = default;

  /// Calls `work` while the device records what it launches, which does not run yet. Work must not wait for the device,
  /// and must have run before, so that whatever is made at first use is there. Tensors that it makes lie in memory of
  /// the graph's own: those that somebody keeps hold, after a replay, what that made. Null where the device or the
  /// build cannot. Throws c10::Error when work did what cannot be recorded.
  static std::unique_ptr<DeviceGraph> record(c10::Device device, const std::function<void()> &work);

  /// Whether record() is at work.
  static bool isRecording();

  /// Enqueues all of it on ATen's current stream.
  virtual void replay() = 0;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVALUATE_DEVICEGRAPH_H
