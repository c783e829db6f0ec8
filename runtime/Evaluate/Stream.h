//===- Stream.h - the stream that a kernel of ours is launched on ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVALUATE_STREAM_H
#define XLSTM_RUNTIME_EVALUATE_STREAM_H

#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace xlstm::evaluate {

/// While it lives the device is the current one; `stream` is ATen's current stream there, null on the CPU.
class StreamGuard {
public:
  explicit StreamGuard(c10::Device device) : guard(device) {
    if (device.is_cpu())
      return;
    c10::impl::VirtualGuardImpl implementation(device.type());
    stream = implementation.getStreamNativeHandle(implementation.getStream(device));
  }

private:
  c10::DeviceGuard guard;

public:
  void *stream = nullptr;
};

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_STREAM_H
