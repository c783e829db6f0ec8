//===- Evaluate.h - what ONNX nodes mean ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one definition of each operator: the shapes of its results and, where the inputs are known, their elements, in
// float64. Raising reads what exporters write around a model (shape arithmetic, masks, rotary tables) by its value, for
// a small batch and length; `xlstm import --verify-raise` runs whole graphs (Onnx/Graph.h).

#ifndef LIB_ONNX_EVALUATE_H
#define LIB_ONNX_EVALUATE_H

#include "dialects/ONNX/ONNXDialect.h"
#include "lib/Onnx/Tensor.h"

#include "llvm/ADT/SetVector.h"

#include <functional>

namespace xlstm::onnx {

using Values = llvm::DenseMap<mlir::Value, Tensor>;

/// Batch B and number of tokens T of an evaluation.
struct Size {
  int64_t batch, tokens;
};

/// An input's name in the file; empty where it has none.
llvm::StringRef inputName(mlir::BlockArgument argument);

/// The token ids: the input that is called input_ids, or else the only integer matrix. Null with an error on the graph
/// when there is none.
mlir::BlockArgument findIds(GraphOp graph);

/// The results that may be the logits: the one of that name, or else all that are floats [B, T, V], or where none is,
/// all that are floats [B, V], of one position. `tensorOf` gives a value's tensor.
llvm::SmallVector<unsigned> findLogits(GraphOp graph, llvm::function_ref<Tensor(mlir::Value)> tensorOf);

/// The tensor of an initializer that holds its value.
std::optional<Tensor> constantOf(mlir::Value value);

/// An evaluation of a graph's nodes for one size. Attention masks are all ones, positions count from 0, caches are
/// empty.
struct Evaluation {
  GraphOp graph;
  Size size;
  /// Evaluates only these nodes, when given.
  const llvm::SetVector<mlir::Operation *> *only = nullptr;
  /// Gives the tensors that the graph only names. With them everything is known and nothing too large to compute.
  std::function<Tensor(InitializerOp)> weights;
  /// Sees every node that ran.
  std::function<void(mlir::Operation *, llvm::ArrayRef<Tensor>)> observe;

  /// `values` may hold some beforehand. An error is reported on the node.
  mlir::LogicalResult run(Values &values) const;
};

} // namespace xlstm::onnx

#endif // LIB_ONNX_EVALUATE_H
