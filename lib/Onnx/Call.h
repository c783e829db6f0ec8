//===- Call.h - one node, evaluated ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_ONNX_CALL_H
#define LIB_ONNX_CALL_H

#include "lib/Onnx/Tensor.h"
#include "xlstm/Support/Error.h"

#include "mlir/IR/Operation.h"
#include "llvm/ADT/StringMap.h"

#include <functional>

namespace xlstm::onnx {

/// A node and its inputs; one that is left out has Kind::None. Evaluators throw Error: what they expected, what they
/// found.
struct Call {
  mlir::Operation *op;
  llvm::ArrayRef<Tensor> inputs;
  int64_t limit; // elements or multiplications that may be computed

  bool has(unsigned i) const { return i < inputs.size() && inputs[i].kind != Kind::None; }
  const Tensor &in(unsigned i) const;
  const Tensor &floats(unsigned i) const;
  /// The integers of input i, which must be known and few.
  Shape integers(unsigned i) const;
  int64_t integer(llvm::StringRef name, int64_t fallback) const;
  double number(llvm::StringRef name, double fallback) const;

  /// A tensor whose elements, zeros at first, `fill` computes of those of `from`; without elements where one of these
  /// has none, or where there are too many elements or multiplications (`cost`).
  Tensor compute(Kind kind, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<const Tensor *> from, int64_t cost,
                 llvm::function_ref<void(std::vector<double> &)> fill) const;
  /// One computed of all inputs.
  Tensor compute(Kind kind, llvm::ArrayRef<int64_t> shape, llvm::function_ref<void(std::vector<double> &)> fill) const;
};

using Outputs = llvm::SmallVector<Tensor, 4>;
using Evaluator = std::function<Outputs(const Call &)>;
/// From an operator ("MatMul", "microsoft.MatMulNBits") to what it computes.
using EvaluatorTable = llvm::StringMap<Evaluator>;

void addElementwise(EvaluatorTable &table);
void addMovement(EvaluatorTable &table);
void addIndexing(EvaluatorTable &table);
void addSums(EvaluatorTable &table);
void addProducts(EvaluatorTable &table);
void addAttention(EvaluatorTable &table);

// What operators are made of.

/// An axis brought into [0, rank).
int64_t axisOf(int64_t value, int64_t rank);
/// The shape that both broadcast to (ONNX "Multidirectional broadcasting"); nothing when there is none.
std::optional<Shape> broadcast(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b);
/// How a tensor of `shape` is walked where it is broadcast to `rank` dimensions.
Shape broadcastStrides(llvm::ArrayRef<int64_t> shape, int64_t rank);
/// The tensor of `shape` whose element at an index is x's at offset + the sum of the index times strides.
Tensor strided(const Call &call, const Tensor &x, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> strides,
               int64_t offset = 0);
/// a + b, of a's shape.
Tensor sum(const Call &call, const Tensor &a, const Tensor &b);
/// data[..., indices, ...] along an axis.
Tensor gather(const Call &call, const Tensor &data, const Tensor &indices, int64_t axis);
/// Softmax of `size` numbers that lie `stride` apart, in place.
void softmax(double *x, int64_t size, int64_t stride);
/// x / sqrt(mean(x^2) + eps) * weight over the last dimension.
Tensor rmsNorm(const Call &call, const Tensor &x, const Tensor &weight, double eps);
/// Adds a [rows, inner] * b [inner, columns] to c [rows, columns].
void multiply(const double *a, const double *b, double *c, int64_t rows, int64_t inner, int64_t columns);

} // namespace xlstm::onnx

#endif // LIB_ONNX_CALL_H
