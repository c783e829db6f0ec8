//===- Expand.h - fused nodes as the nodes they stand for -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TRANSFORMS_RAISE_EXPAND_H
#define LIB_TRANSFORMS_RAISE_EXPAND_H

#include "mlir/IR/Operation.h"

namespace xlstm::raise {

// Each replaces the first result of `op`, which is then dead, by that of simpler nodes before it, or reports on the
// node what it expected. A node that is simple already is left as it is.
mlir::LogicalResult expandGroupQueryAttention(mlir::Operation *op);
mlir::LogicalResult expandMultiHeadAttention(mlir::Operation *op);
mlir::LogicalResult expandAttention(mlir::Operation *op);
mlir::LogicalResult expandRotaryEmbedding(mlir::Operation *op);

} // namespace xlstm::raise

#endif // LIB_TRANSFORMS_RAISE_EXPAND_H
