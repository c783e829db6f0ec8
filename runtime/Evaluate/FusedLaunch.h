//===- FusedLaunch.h - calls of the kernels of TrainKernels.h ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVALUATE_FUSEDLAUNCH_H
#define XLSTM_RUNTIME_EVALUATE_FUSEDLAUNCH_H

#include "runtime/Evaluate/Stream.h"
#include "runtime/Evaluate/TrainKernels.h"
#include "xlstm/Support/Error.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <initializer_list>

namespace xlstm::evaluate {

/// Whether all of these are on the GPU of the first, in its type, which the kernels know.
inline bool isTaken(std::initializer_list<const at::Tensor *> tensors) {
  const at::Tensor &first = **tensors.begin();
  at::ScalarType type = first.scalar_type();
  if (!first.is_cuda() || !cudaTrainKernels() || (type != at::kFloat && type != at::kBFloat16) || first.numel() == 0)
    return false;
  for (const at::Tensor *tensor : tensors)
    if (tensor->scalar_type() != type || tensor->device() != first.device())
      return false;
  return true;
}

inline xlstm_dtype typeOf(const at::Tensor &x) { return x.scalar_type() == at::kFloat ? XLSTM_F32 : XLSTM_BF16; }

inline at::Tensor floats(at::IntArrayRef sizes, const at::Tensor &like) {
  return at::empty(sizes, like.options().dtype(at::kFloat));
}

/// Calls body(kernels, stream) on x's device; its result is a cudaError_t.
template <typename F>
void launch(const char *what, const at::Tensor &x, F body) {
  StreamGuard guard(x.device());
  if (int error = body(*cudaTrainKernels(), guard.stream))
    fail(what, ": CUDA error ", error);
}

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_FUSEDLAUNCH_H
