//===- Indexing.cpp - shapes, ranges, gathers -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Onnx/Call.h"

#include "mlir/IR/BuiltinAttributes.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace xlstm::onnx {
namespace {

/// Element i of `indices` brought into [0, size).
int64_t indexAt(const Tensor &indices, int64_t i, int64_t size) {
  int64_t index = indices.integer(i);
  if (index < -size || index >= size)
    fail("expected indices below ", size, ", found ", index);
  return index < 0 ? index + size : index;
}

Outputs shapeOf(const Call &call) {
  const Tensor &input = call.in(0);
  auto clamp = [&](int64_t value) {
    return std::clamp<int64_t>(value < 0 ? value + input.rank() : value, 0, input.rank());
  };
  int64_t start = clamp(call.integer("start", 0)), end = clamp(call.integer("end", input.rank()));
  std::vector<double> data(input.shape.begin() + start, input.shape.begin() + std::max(start, end));
  auto count = static_cast<int64_t>(data.size());
  return {makeTensor(Kind::Int, {count}, std::move(data))};
}

Outputs range(const Call &call) {
  for (const Tensor &input : call.inputs)
    if (input.size() != 1 || !input.isKnown() || input.kind != call.inputs[0].kind)
      fail("expected three numbers that do not depend on the tokens, found ", describe(input));
  double start = call.in(0)[0], limit = call.in(1)[0], step = call.in(2)[0];
  double count = step == 0 ? -1 : std::max(0.0, std::ceil((limit - start) / step));
  if (!(count >= 0 && count <= static_cast<double>(maxElements)))
    fail("expected a range of at most ", maxElements, " elements");
  return {call.compute(call.in(0).kind, {static_cast<int64_t>(count)}, [&](std::vector<double> &values) {
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = start + static_cast<double>(i) * step;
  })};
}

Outputs constantOfShape(const Call &call) {
  auto attr = call.op->getAttrOfType<DenseElementsAttr>("value");
  Tensor value = attr ? fromAttr(attr) : makeTensor(Kind::Float, {1}, {0.0});
  Shape shape = call.integers(0);
  if (!value.isKnown() || value.size() != 1 || llvm::any_of(shape, [](int64_t dim) { return dim < 0; }))
    fail("expected sizes of at least 0 and a value of one element");
  return {call.compute(value.kind, shape, [&](std::vector<double> &values) { std::ranges::fill(values, value[0]); })};
}

Outputs gatherNode(const Call &call) { return {gather(call, call.in(0), call.in(1), call.integer("axis", 0))}; }

/// The first batch_dims dimensions of data and indices are the same and stay.
Outputs gatherND(const Call &call) {
  const Tensor &data = call.in(0), &indices = call.in(1);
  int64_t batchDims = call.integer("batch_dims", 0), depth = indices.rank() == 0 ? 0 : indices.shape.back();
  bool hasBatch = batchDims >= 0 && batchDims < indices.rank() && batchDims < data.rank() &&
                  ArrayRef(data.shape).take_front(batchDims) == ArrayRef(indices.shape).take_front(batchDims);
  if (!hasBatch)
    fail("expected data and indices of the same ", batchDims, " batch dimensions, found ", describe(data), " and ",
         describe(indices));
  if (indices.kind != Kind::Int || depth < 1 || depth > data.rank() - batchDims)
    fail("expected integers with 1 to ", data.rank() - batchDims, " indices an element, found ", describe(indices));
  Shape shape(ArrayRef(indices.shape).drop_back()), strides = stridesOf(data.shape);
  shape.append(data.shape.begin() + batchDims + depth, data.shape.end());
  return {call.compute(data.kind, shape, [&](std::vector<double> &values) {
    int64_t perBatch = sizeOf(ArrayRef(indices.shape).drop_front(batchDims));
    auto to = values.begin();
    for (int64_t first = 0; first < indices.size(); first += depth) {
      int64_t from = batchDims == 0 ? 0 : first / perBatch * strides[batchDims - 1];
      for (int64_t i = 0; i < depth; ++i)
        from += indexAt(indices, first + i, data.shape[batchDims + i]) * strides[batchDims + i];
      to = std::copy_n(data.data->begin() + from, strides[batchDims + depth - 1], to);
    }
  })};
}

Outputs trilu(const Call &call) {
  const Tensor &input = call.in(0);
  Shape shift = call.has(1) ? call.integers(1) : Shape{0};
  if (shift.size() != 1)
    fail("expected one number as k");
  if (input.rank() < 2)
    fail("expected a matrix, found ", describe(input));
  bool upper = call.integer("upper", 1) != 0;
  return {call.compute(input.kind, input.shape, [&](std::vector<double> &values) {
    forEachElement(input.shape, [&](ArrayRef<int64_t> index, int64_t position) {
      int64_t diagonal = index[index.size() - 1] - index[index.size() - 2];
      if (upper ? diagonal >= shift[0] : diagonal <= shift[0])
        values[position] = input[position];
    });
  })};
}

} // namespace

Tensor gather(const Call &call, const Tensor &data, const Tensor &indices, int64_t axis) {
  axis = axisOf(axis, data.rank());
  if (indices.kind != Kind::Int)
    fail("expected integers as indices, found ", describe(indices));
  ArrayRef<int64_t> before = ArrayRef(data.shape).take_front(axis), behind = ArrayRef(data.shape).drop_front(axis + 1);
  Shape shape(before);
  llvm::append_range(shape, indices.shape);
  llvm::append_range(shape, behind);
  return call.compute(data.kind, shape, {&data, &indices}, 0, [&](std::vector<double> &values) {
    int64_t size = data.shape[axis], block = sizeOf(behind), outer = sizeOf(before), count = indices.size();
    auto to = values.begin();
    for (int64_t row = 0; row < outer; ++row)
      for (int64_t i = 0; i < count; ++i)
        to = std::copy_n(data.data->begin() + (row * size + indexAt(indices, i, size)) * block, block, to);
  });
}

void addIndexing(EvaluatorTable &table) {
  table["Shape"] = shapeOf;
  table["Range"] = range;
  table["ConstantOfShape"] = constantOfShape;
  table["Gather"] = gatherNode;
  table["GatherND"] = gatherND;
  table["Trilu"] = trilu;
}

} // namespace xlstm::onnx
