//===- Plan.h - from a module to planned kernel calls for a GPU ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TARGET_CUDA_PLAN_H
#define LIB_TARGET_CUDA_PLAN_H

#include "xlstm/Target/Cuda.h"

#include "mlir/Pass/PassManager.h"

namespace xlstm {

/// `withMany`: @decode_many as well, where texts do not go in lockstep. Error: options that no model can be planned with.
void addCudaPlan(mlir::PassManager &manager, const CudaTargetOptions &options, bool withMany = false);

} // namespace xlstm

#endif // LIB_TARGET_CUDA_PLAN_H
