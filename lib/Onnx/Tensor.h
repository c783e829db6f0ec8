//===- Tensor.h - values of an ONNX graph ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_ONNX_TENSOR_H
#define LIB_ONNX_TENSOR_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <memory>
#include <vector>

namespace xlstm::onnx {

/// Element classes: float16 is not told from float32, nor int32 from int64.
enum class Kind : uint8_t { None, Float, Int, Bool };

using Shape = llvm::SmallVector<int64_t, 4>;

/// A value of the graph at one size of batch and length: its shape and, where they are known, its elements. A pass
/// knows what does not depend on token ids or weights; a run of the whole graph knows everything.
struct Tensor {
  Kind kind = Kind::None;
  Shape shape;
  /// Elements row by row; null when they are not known.
  std::shared_ptr<const std::vector<double>> data;

  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  int64_t size() const;
  bool isKnown() const { return data != nullptr; }
  double operator[](int64_t i) const { return (*data)[i]; }
  /// Element i as an integer, within +-2^62.
  int64_t integer(int64_t i) const;
};

/// Passes compute elements of tensors of up to this size, and of all tensors of an evaluation up to four times as many
/// at once: a file cannot ask for more memory than that.
constexpr int64_t maxElements = int64_t{1} << 22;

/// How many elements a tensor of `shape` has; the largest number where that is more.
int64_t sizeOf(llvm::ArrayRef<int64_t> shape);
Tensor makeTensor(Kind kind, llvm::ArrayRef<int64_t> shape, std::vector<double> data);
/// 0, 1, 2, ...
Tensor makeIota(Kind kind, llvm::ArrayRef<int64_t> shape);
/// The constant; without elements where there are more than maxElements.
Tensor fromAttr(mlir::DenseElementsAttr value);
/// The tensor as a constant: f32, i64 or i1.
mlir::DenseElementsAttr toAttr(mlir::MLIRContext *context, const Tensor &tensor);
/// A tensor of a type that is ranked and static, without elements.
Tensor unknown(mlir::RankedTensorType type);
Kind kindOf(mlir::Type elementType);
mlir::Type typeOf(mlir::MLIRContext *context, Kind kind);
std::string describe(const Tensor &tensor);

/// The distance in elements between neighbours along each dimension.
Shape stridesOf(llvm::ArrayRef<int64_t> shape);
/// Calls `visit(index, position)` for every element, row by row.
void forEachElement(llvm::ArrayRef<int64_t> shape, llvm::function_ref<void(llvm::ArrayRef<int64_t>, int64_t)> visit);
/// Calls `visit(position, from)` for every element, row by row: from[i] is the sum of its index times strides[i].
void walk(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<Shape> strides,
          llvm::function_ref<void(int64_t, llvm::ArrayRef<int64_t>)> visit);

} // namespace xlstm::onnx

#endif // LIB_ONNX_TENSOR_H
