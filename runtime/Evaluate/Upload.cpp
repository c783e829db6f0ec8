//===- Upload.cpp - from the host to a device without a wait --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Upload.h"

#include "xlstm/Runtime/Evaluate/DeviceGraph.h"
#include "xlstm/Support/Error.h"

using at::Tensor;

namespace xlstm::evaluate {

Tensor upload(const Tensor &tensor, c10::Device device, at::ScalarType type) {
  if (tensor.device() == device)
    return tensor.to(type);
  if (!tensor.is_cpu() || !device.is_cuda())
    return tensor.to(device, type);
  if (DeviceGraph::isRecording())
    fail("values of the host cannot be recorded");
  // CUDA copies up to 64 KB out of ordinary memory before the call returns; for more it would wait.
  constexpr size_t Staged = 64 << 10;
  Tensor host = tensor.to(type).contiguous();
  if (host.nbytes() > Staged)
    host = host.pin_memory();
  return host.to(device, type, /*non_blocking=*/true);
}

} // namespace xlstm::evaluate
