//===- TensorBytes.h - tensors over stored bytes and back -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_TENSORBYTES_H
#define XLSTM_RUNTIME_DATA_TENSORBYTES_H

#include "xlstm/Runtime/Evaluate/ScalarType.h"
#include "xlstm/Runtime/Files/Safetensors.h"

#include <ATen/core/Tensor.h>

namespace xlstm {

/// A tensor over the mapped bytes of a stored tensor, not copied; it keeps the file open and must not be written to.
at::Tensor viewOf(const StoredTensor &stored);

/// The bytes of a contiguous CPU tensor.
std::span<const std::byte> bytesOf(const at::Tensor &tensor);

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_TENSORBYTES_H
