//===- Graph.h - what raising asks of an onnx graph -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TRANSFORMS_RAISE_GRAPH_H
#define LIB_TRANSFORMS_RAISE_GRAPH_H

#include "dialects/LM/LMDialect.h"
#include "lib/Onnx/Evaluate.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SetVector.h"

namespace xlstm::raise {

using onnx::Kind;
using onnx::Tensor;

/// Two sizes that tell every dynamic dimension from a static one, or the one size of a graph whose sizes are static.
llvm::SmallVector<onnx::Size> probeSizes(mlir::BlockArgument ids);

/// All nodes that `value` is computed from, in the order of the graph.
llvm::SetVector<mlir::Operation *> backwardSlice(mlir::Value value);

/// The known value of `value` for one size; nothing when it depends on token ids or weights.
std::optional<Tensor> evaluate(mlir::Value value, onnx::Size size, const onnx::Values &given = onnx::Values());

/// The value of a constant of one element.
std::optional<double> scalarOf(mlir::Value value);

/// The initializer behind a value, when it is a float tensor of `rank` dimensions.
onnx::InitializerOp weightOf(mlir::Value value, int64_t rank);

/// Whether a value has no elements: a cache of no tokens.
bool isEmpty(onnx::GraphOp graph, mlir::Value value);

/// Operand i of a node; null where the node leaves it out.
mlir::Value givenOperand(mlir::Operation *op, unsigned i);

/// The shape of a value of ranked type; empty for another.
llvm::ArrayRef<int64_t> shapeOf(mlir::Value value);

/// The positions of the tokens, made at the start of the graph when there are none yet; they and attention read the
/// graph's last argument, `docs`, which is added for them.
mlir::Value positionsOf(onnx::GraphOp graph);
mlir::Value documentsOf(onnx::GraphOp graph);

/// Erases nodes whose results nobody uses.
void eraseDeadNodes(onnx::GraphOp graph);

/// A float32 as the decimal number that it was written as: the shortest one that rounds to it.
double shortestDecimal(double value);

} // namespace xlstm::raise

#endif // LIB_TRANSFORMS_RAISE_GRAPH_H
