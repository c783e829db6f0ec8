//===- Upload.h - from the host to a device without a wait ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVALUATE_UPLOAD_H
#define XLSTM_RUNTIME_EVALUATE_UPLOAD_H

#include <ATen/core/Tensor.h>

namespace xlstm::evaluate {

/// `tensor` on `device` in `type`. A copy to a GPU is put behind what the GPU still has to do; nobody waits for it.
at::Tensor upload(const at::Tensor &tensor, c10::Device device, at::ScalarType type);
inline at::Tensor upload(const at::Tensor &tensor, c10::Device device) {
  return upload(tensor, device, tensor.scalar_type());
}

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_UPLOAD_H
