//===- EvaluateIndexing.cpp - shapes, ranges, gathers ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Evaluate.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringSwitch.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace xlstm::raise {
namespace {

using Shape = SmallVector<int64_t, 4>;

bool shapeOf(Call &call) {
  const Tensor &input = call.inputs[0];
  auto clamp = [&](int64_t value) {
    return std::clamp<int64_t>(value < 0 ? value + input.rank() : value, 0, input.rank());
  };
  int64_t start = clamp(call.attr("start", 0)), end = clamp(call.attr("end", input.rank()));
  std::vector<double> data(input.shape.begin() + start, input.shape.begin() + std::max(start, end));
  auto count = static_cast<int64_t>(data.size());
  return call.done(makeTensor(Kind::Int, {count}, std::move(data)));
}

bool range(Call &call) {
  for (const Tensor &input : call.inputs)
    if (input.size() != 1 || !input.isKnown() || input.kind != call.inputs[0].kind)
      return call.fail("expected three numbers that do not depend on the tokens, found " + describe(input));
  double start = call.inputs[0][0], limit = call.inputs[1][0], step = call.inputs[2][0];
  double count = step == 0 ? -1 : std::max(0.0, std::ceil((limit - start) / step));
  if (!(count >= 0 && count <= static_cast<double>(maxElements)))
    return call.fail("expected a range of at most " + Twine(maxElements) + " elements");
  std::vector<double> data(static_cast<size_t>(count));
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = start + static_cast<double>(i) * step;
  auto size = static_cast<int64_t>(data.size());
  return call.done(makeTensor(call.inputs[0].kind, {size}, std::move(data)));
}

bool constantOfShape(Call &call) {
  std::optional<Shape> shape = call.integers(0);
  if (!shape)
    return false;
  Tensor value = makeTensor(Kind::Float, {1}, {0.0});
  if (auto attr = call.op->getAttrOfType<DenseElementsAttr>("value"))
    value = fromAttr(attr);
  Tensor result{value.kind, *shape, nullptr};
  if (value.size() != 1 || llvm::any_of(*shape, [](int64_t dim) { return dim < 0; }))
    return call.fail("expected sizes of at least 0 and a value of one element");
  if (result.size() > maxElements)
    return call.done(result);
  return call.done(makeTensor(value.kind, *shape, std::vector<double>(result.size(), value[0])));
}

bool gather(Call &call) {
  const Tensor &data = call.inputs[0], &indices = call.inputs[1];
  std::optional<int64_t> axis = call.axis(call.attr("axis", 0), data.rank());
  if (!axis)
    return false;
  if (indices.kind != Kind::Int)
    return call.fail("expected integers as indices, found " + describe(indices));
  Tensor result{data.kind, Shape(data.shape.begin(), data.shape.begin() + *axis), nullptr};
  result.shape.append(indices.shape.begin(), indices.shape.end());
  result.shape.append(data.shape.begin() + *axis + 1, data.shape.end());
  if (!data.isKnown() || !indices.isKnown() || result.size() > maxElements)
    return call.done(result);
  for (int64_t i = 0; i < indices.size(); ++i)
    if (indices[i] < -data.shape[*axis] || indices[i] >= data.shape[*axis])
      return call.fail("expected indices below " + Twine(data.shape[*axis]) + ", found " + Twine(indices.integer(i)));
  Shape strides = stridesOf(data.shape), indexStrides = stridesOf(indices.shape);
  std::vector<double> values(result.size());
  forEachElement(result.shape, [&](ArrayRef<int64_t> index, int64_t position) {
    int64_t from = 0, which = 0;
    for (int64_t i = 0; i < *axis; ++i)
      from += index[i] * strides[i];
    for (int64_t i = 0; i < indices.rank(); ++i)
      which += index[*axis + i] * indexStrides[i];
    int64_t chosen = indices.integer(which);
    from += (chosen < 0 ? chosen + data.shape[*axis] : chosen) * strides[*axis];
    for (int64_t i = *axis + 1; i < data.rank(); ++i)
      from += index[i - 1 + indices.rank()] * strides[i];
    values[position] = data[from];
  });
  return call.done(makeTensor(data.kind, result.shape, std::move(values)));
}

bool gatherND(Call &call) {
  const Tensor &data = call.inputs[0], &indices = call.inputs[1];
  if (call.attr("batch_dims", 0) != 0)
    return call.fail("expected batch_dims 0, found " + Twine(call.attr("batch_dims", 0)));
  int64_t depth = indices.rank() == 0 ? 0 : indices.shape.back();
  if (indices.kind != Kind::Int || depth < 1 || depth > data.rank())
    return call.fail("expected integers with 1 to " + Twine(data.rank()) + " indices an element, found " +
                     describe(indices));
  Tensor result{data.kind, Shape(indices.shape.begin(), indices.shape.end() - 1), nullptr};
  result.shape.append(data.shape.begin() + depth, data.shape.end());
  if (!data.isKnown() || !indices.isKnown() || result.size() > maxElements)
    return call.done(result);
  Shape strides = stridesOf(data.shape);
  int64_t block = strides[depth - 1], groups = indices.size() / depth;
  std::vector<double> values;
  values.reserve(result.size());
  for (int64_t g = 0; g < groups; ++g) {
    int64_t from = 0;
    for (int64_t i = 0; i < depth; ++i) {
      int64_t chosen = indices.integer(g * depth + i), size = data.shape[i];
      if (chosen < -size || chosen >= size)
        return call.fail("expected indices below " + Twine(size) + ", found " + Twine(chosen));
      from += (chosen < 0 ? chosen + size : chosen) * strides[i];
    }
    values.insert(values.end(), data.data->begin() + from, data.data->begin() + from + block);
  }
  return call.done(makeTensor(data.kind, result.shape, std::move(values)));
}

bool trilu(Call &call) {
  const Tensor &input = call.inputs[0];
  int64_t shift = 0;
  if (call.has(1)) {
    std::optional<Shape> given = call.integers(1);
    if (!given || given->size() != 1)
      return call.fail("expected one number as k");
    shift = given->front();
  }
  if (input.rank() < 2)
    return call.fail("expected a matrix, found " + describe(input));
  Tensor result{input.kind, input.shape, nullptr};
  if (!input.isKnown())
    return call.done(result);
  bool upper = call.attr("upper", 1) != 0;
  std::vector<double> values(*input.data);
  forEachElement(input.shape, [&](ArrayRef<int64_t> index, int64_t position) {
    int64_t diagonal = index[index.size() - 1] - index[index.size() - 2];
    if (upper ? diagonal < shift : diagonal > shift)
      values[position] = 0;
  });
  return call.done(makeTensor(input.kind, input.shape, std::move(values)));
}

} // namespace

Evaluator findIndexing(StringRef mnemonic) {
  return llvm::StringSwitch<Evaluator>(mnemonic)
      .Case("Shape", shapeOf)
      .Case("Range", range)
      .Case("ConstantOfShape", constantOfShape)
      .Case("Gather", gather)
      .Case("GatherND", gatherND)
      .Case("Trilu", trilu)
      .Default(nullptr);
}

} // namespace xlstm::raise
