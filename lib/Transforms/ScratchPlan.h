//===- ScratchPlan.h - places of buffers --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TRANSFORMS_SCRATCHPLAN_H
#define LIB_TRANSFORMS_SCRATCHPLAN_H

#include "dialects/Kernel/KernelDialect.h"

#include "llvm/ADT/DenseMap.h"

namespace xlstm {

struct ScratchPlan {
  llvm::DenseMap<mlir::Operation *, int64_t> offsets; // of every kernel.buffer
  int64_t bytes = 0;
  int64_t buffers = 0, unsharedBytes = 0;
};

/// Buffers that are in use at the same time get different places; one whose kernel may write where it reads gets the
/// place of a value that nothing reads any more.
ScratchPlan planScratch(kernel::FuncOp function);

} // namespace xlstm

#endif // LIB_TRANSFORMS_SCRATCHPLAN_H
