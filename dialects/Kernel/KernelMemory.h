//===- KernelMemory.h - who owns which bytes when ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DIALECTS_KERNEL_KERNELMEMORY_H
#define DIALECTS_KERNEL_KERNELMEMORY_H

#include "dialects/Kernel/KernelDialect.h"

namespace xlstm::kernel {

/// The op whose memory a view is a part of: a buffer, weight, state, constant, join, or what the caller gave.
mlir::Operation *rootOf(mlir::Value view);
/// Bytes from the beginning of the root to that of the view.
int64_t offsetInRoot(mlir::Value view);

/// The rows of a function whose rows are texts of their own (`rows_apart`), which have a state arena each; else 1.
int64_t rowsApart(FuncOp function);
/// Bytes that a state takes of an arena.
int64_t placedBytes(StateOp state);
/// Whether a call reads or writes a state.
bool usesState(mlir::Operation *call);
/// Whether one call on CUDA serves texts whose states lie apart: the kernel does, and what it takes for state is one.
bool takesApart(mlir::Operation *call);

/// Bytes [begin, end) of a block of memory: an arena, or the root itself where it has no place in one.
struct MemoryRange {
  mlir::Operation *block;
  int64_t begin, end;

  bool overlaps(const MemoryRange &other) const {
    return block == other.block && begin < other.end && other.begin < end;
  }
  bool operator==(const MemoryRange &other) const = default;
};
/// From the first byte of a static view to behind the last; of a part of a state whose rows are apart, the whole place.
MemoryRange rangeOf(mlir::Value view);

/// Follows the function's calls through memory: every byte that is read must have been written through the same root
/// and not through another one since, nothing writes weights, ids or constants, an output overlaps an input only where
/// the kernel's description allows it, and the memory beside the views is an arena of its kind.
mlir::LogicalResult checkMemory(FuncOp function);

} // namespace xlstm::kernel

#endif // DIALECTS_KERNEL_KERNELMEMORY_H
