//===- Movement.cpp - operators that move or repeat elements --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Onnx/Call.h"

#include "mlir/IR/BuiltinAttributes.h"

#include <algorithm>

using namespace mlir;

namespace xlstm::onnx {
namespace {

/// The first input with another shape of the same size.
Outputs reshaped(const Call &call, ArrayRef<int64_t> shape) {
  Tensor result = call.in(0);
  result.shape.assign(shape.begin(), shape.end());
  if (result.size() != call.in(0).size())
    fail("expected a shape of as many elements as ", describe(call.in(0)), ", found ", describe(result));
  return {result};
}

Outputs reshape(const Call &call) {
  const Tensor &input = call.in(0);
  Shape shape = call.integers(1);
  std::optional<size_t> inferred;
  int64_t known = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && call.integer("allowzero", 0) == 0) {
      if (static_cast<int64_t>(i) >= input.rank())
        fail("expected 0 in the shape to stand for a dimension of ", describe(input));
      shape[i] = input.shape[i];
    }
    if (shape[i] == -1 && !inferred)
      inferred = i;
    else if (shape[i] < 0 || __builtin_mul_overflow(known, shape[i], &known))
      fail("expected a shape with sizes of at least 0 and one -1, found ", shape[i]);
  }
  if (inferred) {
    if (known == 0 || input.size() % known != 0)
      fail("expected a shape that divides ", describe(input));
    shape[*inferred] = input.size() / known;
  }
  return reshaped(call, shape);
}

Outputs transpose(const Call &call) {
  const Tensor &input = call.in(0);
  Shape perm, shape, strides, inputStrides = stridesOf(input.shape);
  if (auto attr = call.op->getAttrOfType<DenseI64ArrayAttr>("perm"))
    perm = Shape(attr.asArrayRef());
  else
    for (int64_t i = input.rank(); i > 0; --i)
      perm.push_back(i - 1);
  Shape sorted = perm;
  llvm::sort(sorted);
  bool isPermutation = static_cast<int64_t>(perm.size()) == input.rank();
  for (size_t i = 0; i < sorted.size(); ++i)
    isPermutation &= sorted[i] == static_cast<int64_t>(i);
  if (!isPermutation)
    fail("expected perm to be a permutation of the ", input.rank(), " dimensions");
  for (int64_t from : perm) {
    shape.push_back(input.shape[from]);
    strides.push_back(inputStrides[from]);
  }
  return {strided(call, input, shape, strides)};
}

Outputs unsqueeze(const Call &call) {
  Shape axes = call.integers(1), shape;
  int64_t rank = call.in(0).rank() + static_cast<int64_t>(axes.size());
  SmallVector<bool> isNew(rank, false);
  for (int64_t value : axes) {
    int64_t axis = axisOf(value, rank);
    if (isNew[axis])
      fail("expected different axes, found ", value, " twice");
    isNew[axis] = true;
  }
  const int64_t *next = call.in(0).shape.begin();
  for (int64_t i = 0; i < rank; ++i)
    shape.push_back(isNew[i] ? 1 : *next++);
  return reshaped(call, shape);
}

Outputs squeeze(const Call &call) {
  const Tensor &input = call.in(0);
  SmallVector<bool> dropped;
  for (int64_t dim : input.shape)
    dropped.push_back(!call.has(1) && dim == 1);
  for (int64_t value : call.has(1) ? call.integers(1) : Shape()) {
    int64_t axis = axisOf(value, input.rank());
    if (input.shape[axis] != 1)
      fail("expected size 1 at axis ", value, ", found ", describe(input));
    dropped[axis] = true;
  }
  Shape shape;
  for (auto [dim, isDropped] : llvm::zip(input.shape, dropped))
    if (!isDropped)
      shape.push_back(dim);
  return reshaped(call, shape);
}

Outputs flatten(const Call &call) {
  const Tensor &input = call.in(0);
  int64_t axis = call.integer("axis", 1);
  axis += axis < 0 ? input.rank() : 0;
  if (axis < 0 || axis > input.rank())
    fail("expected an axis of 0 to ", input.rank(), ", found ", axis);
  ArrayRef<int64_t> shape = input.shape;
  return reshaped(call, {sizeOf(shape.take_front(axis)), sizeOf(shape.drop_front(axis))});
}

Outputs expand(const Call &call) {
  const Tensor &input = call.in(0);
  std::optional<Shape> shape = broadcast(input.shape, call.integers(1));
  if (!shape || llvm::any_of(*shape, [](int64_t dim) { return dim < 0; }))
    fail("expected a shape that ", describe(input), " broadcasts to");
  return {strided(call, input, *shape, broadcastStrides(input.shape, static_cast<int64_t>(shape->size())))};
}

Outputs tile(const Call &call) {
  const Tensor &input = call.in(0);
  Shape repeats = call.integers(1), shape, strides, own = stridesOf(input.shape), whole = input.shape;
  if (repeats.size() != input.shape.size())
    fail("expected a number of repeats for each dimension of ", describe(input));
  for (auto [dim, repeat, stride] : llvm::zip(whole, repeats, own)) {
    shape.append({repeat, dim});
    strides.append({0, stride});
    if (repeat < 0 || __builtin_mul_overflow(dim, repeat, &dim))
      fail("expected repeats of at least 0, found ", repeat);
  }
  Tensor result = strided(call, input, shape, strides);
  result.shape = whole;
  return {result};
}

/// A cache of no tokens may leave open how many channels it has: it agrees with everything.
Outputs concat(const Call &call) {
  SmallVector<const Tensor *> parts;
  for (unsigned i = 0; i < call.inputs.size(); ++i) {
    if (call.in(i).kind != call.in(0).kind || call.in(i).rank() != call.in(0).rank())
      fail("expected inputs of one type and rank, found ", describe(call.in(0)), " and ", describe(call.in(i)));
    if (call.in(i).size() != 0)
      parts.push_back(&call.in(i));
  }
  int64_t axis = axisOf(call.integer("axis", 0), call.in(0).rank());
  if (parts.empty())
    return {call.in(0)};
  Shape shape = parts[0]->shape;
  shape[axis] = 0;
  for (const Tensor *part : parts) {
    for (size_t i = 0; i < shape.size(); ++i)
      if (static_cast<int64_t>(i) != axis && part->shape[i] != shape[i])
        fail("expected sizes that agree beside axis ", axis, ", found ", describe(*parts[0]), " and ", describe(*part));
    if (__builtin_add_overflow(shape[axis], part->shape[axis], &shape[axis]))
      fail("expected sizes whose sum is a size, found ", describe(*part));
  }
  return {call.compute(call.in(0).kind, shape, [&](std::vector<double> &values) {
    int64_t outer = sizeOf(ArrayRef(shape).take_front(axis));
    auto to = values.begin();
    for (int64_t row = 0; row < outer; ++row)
      for (const Tensor *part : parts) {
        int64_t count = part->size() / outer;
        to = std::copy_n(part->data->begin() + row * count, count, to);
      }
  })};
}

/// One axis of a slice: the first index, the step and the number of elements, as ONNX clamps them.
struct Range {
  int64_t start, step, count;
};

Range clampRange(int64_t start, int64_t end, int64_t step, int64_t size) {
  if (step == 0 || step < -maxElements)
    fail("expected a step other than 0");
  if (size == 0)
    return {0, step, 0};
  start += start < 0 ? size : 0;
  end += end < 0 ? size : 0;
  start = std::clamp<int64_t>(start, 0, step > 0 ? size : size - 1);
  end = std::clamp<int64_t>(end, step > 0 ? 0 : -1, size);
  int64_t distance = step > 0 ? end - start : start - end, stride = step > 0 ? step : -step;
  return {start, step, distance <= 0 ? 0 : (distance - 1) / stride + 1};
}

Outputs slice(const Call &call) {
  const Tensor &input = call.in(0);
  Shape starts = call.integers(1), ends = call.integers(2), axes, steps(starts.size(), 1);
  for (size_t i = 0; i < starts.size(); ++i)
    axes.push_back(static_cast<int64_t>(i));
  if (call.has(3))
    axes = call.integers(3);
  if (call.has(4))
    steps = call.integers(4);
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    fail("expected as many ends, axes and steps as starts");
  Shape shape = input.shape, strides = stridesOf(input.shape), own = strides;
  int64_t offset = 0;
  llvm::SmallDenseSet<int64_t> seen;
  for (auto [start, end, value, step] : llvm::zip(starts, ends, axes, steps)) {
    int64_t axis = axisOf(value, input.rank());
    if (!seen.insert(axis).second)
      fail("expected different axes, found ", value, " twice");
    Range range = clampRange(start, end, step, input.shape[axis]);
    shape[axis] = range.count;
    if (range.count == 0) // nothing is read; its place might lie outside
      continue;
    strides[axis] = own[axis] * range.step;
    offset += range.start * own[axis];
  }
  return {strided(call, input, shape, strides, offset)};
}

Outputs split(const Call &call) {
  const Tensor &input = call.in(0);
  int64_t axis = axisOf(call.integer("axis", 0), input.rank()), size = input.shape[axis], total = 0;
  int64_t parts = call.op->getNumResults(), most = (size + parts - 1) / parts;
  Shape sizes = call.has(1) ? call.integers(1) : Shape(), strides = stridesOf(input.shape);
  for (int64_t i = 0; !call.has(1) && i < parts; ++i)
    sizes.push_back(std::min(most, size - i * most));
  Outputs outputs;
  for (int64_t part : sizes) {
    if (part < 0 || part > size - total)
      break;
    Shape shape = input.shape;
    shape[axis] = part;
    outputs.push_back(strided(call, input, shape, strides, total * strides[axis]));
    total += part;
  }
  if (outputs.size() != sizes.size() || static_cast<int64_t>(sizes.size()) != parts || total != size)
    fail("expected ", parts, " sizes that add up to ", size);
  return outputs;
}

} // namespace

void addMovement(EvaluatorTable &table) {
  table["Reshape"] = reshape;
  table["Transpose"] = transpose;
  table["Unsqueeze"] = unsqueeze;
  table["Squeeze"] = squeeze;
  table["Flatten"] = flatten;
  table["Expand"] = expand;
  table["Tile"] = tile;
  table["Concat"] = concat;
  table["Slice"] = slice;
  table["Split"] = split;
}

} // namespace xlstm::onnx
