//===- NodeWriter.cpp - write onnx nodes ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/NodeWriter.h"

using namespace mlir;

namespace xlstm::raise {

Value NodeWriter::constant(DenseElementsAttr value) { return builder.create<onnx::InitializerOp>(op->getLoc(), value); }

Value NodeWriter::integers(ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, builder.getI64Type());
  return constant(DenseElementsAttr::get(type, values));
}

Value NodeWriter::integer(int64_t value) {
  return constant(DenseElementsAttr::get(RankedTensorType::get({}, builder.getI64Type()), value));
}

Value NodeWriter::splitHeads(Value x, int64_t count) {
  ArrayRef<int64_t> shape = shapeOf(x);
  int64_t dim = shape[2] / count;
  return create<onnx::ReshapeOp>({shape[0], shape[1], count, dim}, {x, integers({0, 0, count, dim})});
}

Value NodeWriter::swapHeadsAndTokens(Value x) {
  ArrayRef<int64_t> shape = shapeOf(x);
  auto perm = builder.getNamedAttr("perm", builder.getDenseI64ArrayAttr({0, 2, 1, 3}));
  return create<onnx::TransposeOp>({shape[0], shape[2], shape[1], shape[3]}, x, perm);
}

Value NodeWriter::mergeHeads(Value x) {
  Value swapped = swapHeadsAndTokens(x);
  ArrayRef<int64_t> shape = shapeOf(swapped);
  bool isKnown = !ShapedType::isDynamic(shape[2]) && !ShapedType::isDynamic(shape[3]);
  int64_t channels = isKnown ? onnx::sizeOf(shape.drop_front(2)) : ShapedType::kDynamic;
  return create<onnx::ReshapeOp>({shape[0], shape[1], channels}, {swapped, integers({0, 0, channels})});
}

Value NodeWriter::countTokens(Value x) {
  int64_t tokens = shapeOf(x)[1];
  auto type = [&](ArrayRef<int64_t> shape) { return RankedTensorType::get(shape, builder.getI64Type()); };
  NamedAttribute bounds[] = {attr("end", 2), attr("start", 1)};
  auto shape = builder.create<onnx::ShapeOp>(op->getLoc(), TypeRange{type({1})}, x, bounds);
  auto length = builder.create<onnx::SqueezeOp>(op->getLoc(), TypeRange{type({})}, shape->getResults());
  SmallVector<Value> range{integer(0), length->getResult(0), integer(1)};
  auto row = builder.create<onnx::RangeOp>(op->getLoc(), TypeRange{type({tokens})}, range);
  return builder
      .create<onnx::UnsqueezeOp>(op->getLoc(), TypeRange{type({1, tokens})},
                                 ValueRange{row->getResult(0), integers({0})})
      ->getResult(0);
}

Value NodeWriter::tableRows(Value table, Value positions) {
  auto initializer = table.getDefiningOp<onnx::InitializerOp>();
  std::optional<DenseElementsAttr> values = initializer ? initializer.getSample() : std::nullopt;
  if (initializer && !values)
    values = initializer.getValue();
  if (values) // without its name, lest it be taken for an embedding
    table = constant(*values);
  SmallVector<int64_t> shape(shapeOf(positions));
  shape.push_back(shapeOf(table).back());
  return create<onnx::GatherOp>(shape, {table, positions}, attr("axis", 0));
}

} // namespace xlstm::raise
