//===- Tensor.cpp - values of an ONNX graph -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Onnx/Tensor.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"

#include <algorithm>
#include <numeric>

using namespace mlir;

namespace xlstm::onnx {

int64_t sizeOf(ArrayRef<int64_t> shape) {
  if (llvm::is_contained(shape, 0))
    return 0;
  int64_t product = 1;
  for (int64_t dim : shape)
    if (__builtin_mul_overflow(product, dim, &product))
      return std::numeric_limits<int64_t>::max();
  return product;
}

int64_t Tensor::size() const { return sizeOf(shape); }

int64_t Tensor::integer(int64_t i) const {
  constexpr double limit = static_cast<double>(int64_t{1} << 62);
  double value = (*data)[i];
  return static_cast<int64_t>(value != value ? 0 : std::clamp(value, -limit, limit));
}

Tensor makeTensor(Kind kind, ArrayRef<int64_t> shape, std::vector<double> data) {
  return {kind, Shape(shape), std::make_shared<const std::vector<double>>(std::move(data))};
}

Tensor makeIota(Kind kind, ArrayRef<int64_t> shape) {
  std::vector<double> data(sizeOf(shape));
  std::iota(data.begin(), data.end(), 0.0);
  return makeTensor(kind, shape, std::move(data));
}

Kind kindOf(Type elementType) {
  if (isa<FloatType>(elementType))
    return Kind::Float;
  auto integer = dyn_cast<IntegerType>(elementType);
  if (!integer || integer.getWidth() < 1 || integer.getWidth() > 64)
    return Kind::None;
  return integer.getWidth() == 1 ? Kind::Bool : Kind::Int;
}

Type typeOf(MLIRContext *context, Kind kind) {
  Builder builder(context);
  switch (kind) {
  case Kind::Float:
    return builder.getF32Type();
  case Kind::Int:
    return builder.getI64Type();
  case Kind::Bool:
    return builder.getI1Type();
  case Kind::None:
    break;
  }
  return builder.getNoneType();
}

Tensor unknown(RankedTensorType type) { return {kindOf(type.getElementType()), Shape(type.getShape()), nullptr}; }

Tensor fromAttr(DenseElementsAttr value) {
  Tensor result = unknown(cast<RankedTensorType>(value.getType()));
  if (result.kind == Kind::None || result.size() > maxElements)
    return result;
  std::vector<double> data;
  data.reserve(result.size());
  if (result.kind == Kind::Float) {
    for (const APFloat &element : value.getValues<APFloat>()) {
      APFloat wide = element;
      bool inexact = false;
      wide.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
      data.push_back(wide.convertToDouble());
    }
  } else {
    bool isUnsigned = result.kind == Kind::Bool || value.getElementType().isUnsignedInteger();
    for (const APInt &element : value.getValues<APInt>())
      data.push_back(isUnsigned ? static_cast<double>(element.getZExtValue())
                                : static_cast<double>(element.getSExtValue()));
  }
  return makeTensor(result.kind, result.shape, std::move(data));
}

DenseElementsAttr toAttr(MLIRContext *context, const Tensor &tensor) {
  auto type = RankedTensorType::get(tensor.shape, typeOf(context, tensor.kind));
  if (tensor.kind == Kind::Float) {
    SmallVector<float> values(tensor.data->begin(), tensor.data->end());
    return DenseElementsAttr::get(type, ArrayRef<float>(values));
  }
  if (tensor.kind == Kind::Bool) {
    SmallVector<bool> values;
    for (double value : *tensor.data)
      values.push_back(value != 0);
    return DenseElementsAttr::get(type, ArrayRef<bool>(values));
  }
  SmallVector<int64_t> values;
  for (int64_t i = 0; i < tensor.size(); ++i)
    values.push_back(tensor.integer(i));
  return DenseElementsAttr::get(type, ArrayRef<int64_t>(values));
}

std::string describe(const Tensor &tensor) {
  StringRef kind = tensor.kind == Kind::Float  ? "float"
                   : tensor.kind == Kind::Int  ? "integer"
                   : tensor.kind == Kind::Bool ? "bool"
                                               : "none";
  std::string dims;
  llvm::raw_string_ostream out(dims);
  llvm::interleaveComma(tensor.shape, out);
  return kind.str() + " [" + dims + "]";
}

Shape stridesOf(ArrayRef<int64_t> shape) {
  Shape strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = sizeOf({strides[i + 1], shape[i + 1]});
  return strides;
}

void forEachElement(ArrayRef<int64_t> shape, llvm::function_ref<void(ArrayRef<int64_t>, int64_t)> visit) {
  if (llvm::is_contained(shape, 0))
    return;
  Shape index(shape.size(), 0);
  for (int64_t position = 0;; ++position) {
    visit(index, position);
    int64_t dim = static_cast<int64_t>(shape.size()) - 1;
    while (dim >= 0 && ++index[dim] == shape[dim])
      index[dim--] = 0;
    if (dim < 0)
      return;
  }
}

void walk(ArrayRef<int64_t> shape, ArrayRef<Shape> strides,
          llvm::function_ref<void(int64_t, ArrayRef<int64_t>)> visit) {
  Shape from(strides.size(), 0), last(shape.size(), 0);
  forEachElement(shape, [&](ArrayRef<int64_t> index, int64_t position) {
    // From the previous index to this one: the last dimension that changed went up by one, those behind it to 0.
    for (int64_t dim = static_cast<int64_t>(shape.size()) - 1; position > 0 && dim >= 0; --dim) {
      for (auto [at, stride] : llvm::zip(from, strides))
        at += (index[dim] - last[dim]) * stride[dim];
      last[dim] = index[dim];
      if (index[dim] != 0)
        break;
    }
    visit(position, from);
  });
}

} // namespace xlstm::onnx
