//===- Tensor.h - small tensors that passes compute with ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TRANSFORMS_RAISE_TENSOR_H
#define LIB_TRANSFORMS_RAISE_TENSOR_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <memory>
#include <optional>
#include <vector>

namespace xlstm::raise {

/// Element classes: raising does not tell float16 from float32, or int32 from int64.
enum class Kind : uint8_t { None, Float, Int, Bool };

/// A value of the graph at one size of batch and length: its shape and, where they do not depend on token ids or
/// weights, its elements.
struct Tensor {
  Kind kind = Kind::None;
  llvm::SmallVector<int64_t, 4> shape;
  /// Elements row by row; null when they are not known.
  std::shared_ptr<const std::vector<double>> data;

  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  int64_t size() const;
  bool isKnown() const { return data != nullptr; }
  double operator[](int64_t i) const { return (*data)[i]; }
  /// Element i as an integer, within +-2^62.
  int64_t integer(int64_t i) const;
};

/// Elements are computed for tensors of up to this size, and for all tensors of an evaluation up to four times as many
/// at once: a file cannot ask for more memory than that.
constexpr int64_t maxElements = int64_t{1} << 22;

/// How many elements a tensor of `shape` has; the largest number where that is more.
int64_t sizeOf(llvm::ArrayRef<int64_t> shape);
Tensor makeTensor(Kind kind, llvm::ArrayRef<int64_t> shape, std::vector<double> data);
/// 0, 1, 2, ...
Tensor makeIota(llvm::ArrayRef<int64_t> shape);
Tensor fromAttr(mlir::DenseElementsAttr value);
/// The tensor as a constant: f32, i64 or i1.
mlir::DenseElementsAttr toAttr(mlir::MLIRContext *context, const Tensor &tensor);
Kind kindOf(mlir::Type elementType);
mlir::Type typeOf(mlir::MLIRContext *context, Kind kind);
std::string describe(const Tensor &tensor);

/// Calls `visit(index, position)` for every element, row by row.
void forEachElement(llvm::ArrayRef<int64_t> shape, llvm::function_ref<void(llvm::ArrayRef<int64_t>, int64_t)> visit);
/// The distance in elements between neighbours along each dimension.
llvm::SmallVector<int64_t, 4> stridesOf(llvm::ArrayRef<int64_t> shape);

} // namespace xlstm::raise

#endif // LIB_TRANSFORMS_RAISE_TENSOR_H
