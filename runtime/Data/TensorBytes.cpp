//===- TensorBytes.cpp - tensors over stored bytes and back ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/TensorBytes.h"

#include "xlstm/Support/Error.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

namespace xlstm {

at::Tensor viewOf(const StoredTensor &stored) {
  at::TensorOptions options(scalarType(stored.spec.dtype));
  if (stored.bytes.empty())
    return at::empty(stored.spec.shape, options);
  auto *data = const_cast<std::byte *>(stored.bytes.data());
  return at::from_blob(
      data, stored.spec.shape, [file = stored.file](void *) {}, options);
}

std::span<const std::byte> bytesOf(const at::Tensor &tensor) {
  if (!tensor.is_contiguous())
    fail("a tensor's bytes were asked for that is not contiguous");
  return {static_cast<const std::byte *>(tensor.const_data_ptr()), tensor.nbytes()};
}

} // namespace xlstm
