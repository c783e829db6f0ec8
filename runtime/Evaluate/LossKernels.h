//===- LossKernels.h - CUDA kernels of the head with both losses -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVALUATE_LOSSKERNELS_H
#define XLSTM_RUNTIME_EVALUATE_LOSSKERNELS_H

#include "xlstm/Kernels/SparseLoss.h"

namespace xlstm::evaluate {

/// As xlstm/Kernels/SparseLoss.h has them.
struct LossKernels {
  decltype(&xlstm_cuda_sparse_loss_workspace) workspace;
  decltype(&xlstm_cuda_sparse_loss) losses;
};

/// Null where the build has no CUDA kernels.
const LossKernels *cudaLossKernels();

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_LOSSKERNELS_H
