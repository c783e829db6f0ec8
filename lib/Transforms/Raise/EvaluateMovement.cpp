//===- EvaluateMovement.cpp - operators that move or repeat elements ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Evaluate.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringSwitch.h"

#include <algorithm>

using namespace mlir;

namespace xlstm::raise {
namespace {

using Shape = SmallVector<int64_t, 4>;

/// The input with another shape of the same size.
bool reshaped(Call &call, ArrayRef<int64_t> shape) {
  Tensor result = call.inputs[0];
  result.shape.assign(shape.begin(), shape.end());
  if (result.size() != call.inputs[0].size())
    return call.fail("expected a shape of as many elements as " + describe(call.inputs[0]) + ", found " +
                     describe(result));
  return call.done(result);
}

/// A tensor of `shape` whose element at an index is the first input's at the position that `from` gives.
bool moved(Call &call, ArrayRef<int64_t> shape, llvm::function_ref<int64_t(ArrayRef<int64_t>)> from) {
  Tensor result{call.inputs[0].kind, Shape(shape), nullptr};
  if (!call.inputs[0].isKnown() || result.size() > maxElements)
    return call.done(result);
  std::vector<double> data(result.size());
  forEachElement(shape,
                 [&](ArrayRef<int64_t> index, int64_t position) { data[position] = call.inputs[0][from(index)]; });
  return call.done(makeTensor(result.kind, shape, std::move(data)));
}

bool reshape(Call &call) {
  std::optional<Shape> shape = call.integers(1);
  if (!shape)
    return false;
  const Tensor &input = call.inputs[0];
  int64_t inferred = -1, known = 1;
  for (size_t i = 0; i < shape->size(); ++i) {
    int64_t &dim = (*shape)[i];
    if (dim == 0 && call.attr("allowzero", 0) == 0) {
      if (static_cast<int64_t>(i) >= input.rank())
        return call.fail("expected 0 in the shape to stand for a dimension of " + describe(input));
      dim = input.shape[i];
    }
    if (dim == -1 && inferred < 0) {
      inferred = static_cast<int64_t>(i);
      continue;
    }
    if (dim < 0 || __builtin_mul_overflow(known, dim, &known))
      return call.fail("expected a shape with sizes of at least 0 and one -1, found " + Twine(dim));
  }
  if (inferred >= 0) {
    if (known == 0 || input.size() % known != 0)
      return call.fail("expected a shape that divides " + describe(input));
    (*shape)[inferred] = input.size() / known;
  }
  return reshaped(call, *shape);
}

bool transpose(Call &call) {
  const Tensor &input = call.inputs[0];
  Shape perm;
  if (auto attr = call.op->getAttrOfType<DenseI64ArrayAttr>("perm"))
    perm.assign(attr.asArrayRef().begin(), attr.asArrayRef().end());
  else
    for (int64_t i = input.rank(); i > 0; --i)
      perm.push_back(i - 1);
  Shape sorted = perm;
  llvm::sort(sorted);
  for (size_t i = 0; i < sorted.size(); ++i)
    if (sorted[i] != static_cast<int64_t>(i) || static_cast<int64_t>(sorted.size()) != input.rank())
      return call.fail("expected perm to be a permutation of the " + Twine(input.rank()) + " dimensions");
  Shape shape, inputStrides = stridesOf(input.shape), strides;
  for (int64_t from : perm) {
    shape.push_back(input.shape[from]);
    strides.push_back(inputStrides[from]);
  }
  return moved(call, shape, [&](ArrayRef<int64_t> index) {
    int64_t position = 0;
    for (size_t i = 0; i < index.size(); ++i)
      position += index[i] * strides[i];
    return position;
  });
}

bool unsqueeze(Call &call) {
  std::optional<Shape> axes = call.integers(1);
  if (!axes)
    return false;
  int64_t rank = call.inputs[0].rank() + static_cast<int64_t>(axes->size());
  SmallVector<bool> isNew(rank, false);
  for (int64_t value : *axes) {
    std::optional<int64_t> axis = call.axis(value, rank);
    if (!axis)
      return false;
    if (isNew[*axis])
      return call.fail("expected different axes, found " + Twine(value) + " twice");
    isNew[*axis] = true;
  }
  Shape shape;
  const int64_t *next = call.inputs[0].shape.begin();
  for (int64_t i = 0; i < rank; ++i)
    shape.push_back(isNew[i] ? 1 : *next++);
  return reshaped(call, shape);
}

bool squeeze(Call &call) {
  const Tensor &input = call.inputs[0];
  SmallVector<bool> dropped(input.rank(), false);
  if (call.has(1)) {
    std::optional<Shape> axes = call.integers(1);
    if (!axes)
      return false;
    for (int64_t value : *axes) {
      std::optional<int64_t> axis = call.axis(value, input.rank());
      if (!axis)
        return false;
      if (input.shape[*axis] != 1)
        return call.fail("expected size 1 at axis " + Twine(value) + ", found " + describe(input));
      dropped[*axis] = true;
    }
  }
  Shape shape;
  for (int64_t i = 0; i < input.rank(); ++i)
    if (call.has(1) ? !dropped[i] : input.shape[i] != 1)
      shape.push_back(input.shape[i]);
  return reshaped(call, shape);
}

bool flatten(Call &call) {
  const Tensor &input = call.inputs[0];
  int64_t axis = call.attr("axis", 1), rows = 1, columns = 1;
  axis += axis < 0 ? input.rank() : 0;
  if (axis < 0 || axis > input.rank())
    return call.fail("expected an axis of 0 to " + Twine(input.rank()) + ", found " + Twine(axis));
  for (int64_t i = 0; i < input.rank(); ++i)
    (i < axis ? rows : columns) *= input.shape[i];
  return reshaped(call, {rows, columns});
}

bool expand(Call &call) {
  std::optional<Shape> wanted = call.integers(1);
  if (!wanted)
    return false;
  const Tensor &input = call.inputs[0];
  std::optional<Shape> shape = broadcast(input.shape, *wanted);
  if (!shape || llvm::any_of(*shape, [](int64_t dim) { return dim < 0; }))
    return call.fail("expected a shape that " + describe(input) + " broadcasts to");
  return moved(call, *shape, [&](ArrayRef<int64_t> index) { return broadcastPosition(input.shape, index); });
}

bool tile(Call &call) {
  std::optional<Shape> repeats = call.integers(1);
  const Tensor &input = call.inputs[0];
  if (!repeats || static_cast<int64_t>(repeats->size()) != input.rank())
    return call.fail("expected a number of repeats for each dimension of " + describe(input));
  Shape shape = input.shape, strides = stridesOf(input.shape);
  for (auto [dim, repeat] : llvm::zip(shape, *repeats))
    if (repeat < 0 || __builtin_mul_overflow(dim, repeat, &dim))
      return call.fail("expected repeats of at least 0, found " + Twine(repeat));
  return moved(call, shape, [&](ArrayRef<int64_t> index) {
    int64_t position = 0;
    for (size_t i = 0; i < index.size(); ++i)
      position += index[i] % input.shape[i] * strides[i];
    return position;
  });
}

bool concat(Call &call) {
  // A cache of no tokens may leave open how many channels it has: it agrees with everything.
  const Tensor *whole = llvm::find_if(call.inputs, [](const Tensor &input) { return input.size() != 0; });
  const Tensor &first = whole == call.inputs.end() ? call.inputs[0] : *whole;
  std::optional<int64_t> axis = call.axis(call.attr("axis", 0), first.rank());
  if (!axis)
    return false;
  Tensor result = first;
  bool known = true;
  result.shape[*axis] = 0;
  for (const Tensor &input : call.inputs) {
    if (input.kind != first.kind || input.rank() != first.rank())
      return call.fail("expected inputs of one type and rank, found " + describe(first) + " and " + describe(input));
    for (int64_t i = 0; i < first.rank(); ++i)
      if (i != *axis && input.shape[i] != first.shape[i] && input.size() != 0)
        return call.fail("expected sizes that agree beside axis " + Twine(*axis) + ", found " + describe(first) +
                         " and " + describe(input));
    if (input.size() != 0)
      for (int64_t i = 0; i < first.rank(); ++i)
        result.shape[i] = i == *axis ? result.shape[i] : input.shape[i];
    result.shape[*axis] += input.shape[*axis];
    known &= input.isKnown();
  }
  result.data = nullptr;
  if (!known || result.size() > maxElements)
    return call.done(result);
  std::vector<double> data;
  data.reserve(result.size());
  int64_t outer = 1;
  for (int64_t i = 0; i < *axis; ++i)
    outer *= result.shape[i];
  for (int64_t row = 0; row < outer; ++row)
    for (const Tensor &input : call.inputs) {
      int64_t count = outer == 0 ? 0 : input.size() / outer;
      data.insert(data.end(), input.data->begin() + row * count, input.data->begin() + (row + 1) * count);
    }
  return call.done(makeTensor(result.kind, result.shape, std::move(data)));
}

/// One axis of a slice: the first index, the step and the number of elements, as ONNX clamps them.
struct Range {
  int64_t start, step, count;
};

Range clampRange(int64_t start, int64_t end, int64_t step, int64_t size) {
  start += start < 0 ? size : 0;
  end += end < 0 ? size : 0;
  start = std::clamp<int64_t>(start, 0, step > 0 ? size : size - 1);
  end = std::clamp<int64_t>(end, step > 0 ? 0 : -1, size);
  int64_t distance = step > 0 ? end - start : start - end, stride = step > 0 ? step : -step;
  return {start, step, distance <= 0 ? 0 : (distance + stride - 1) / stride};
}

bool slice(Call &call) {
  const Tensor &input = call.inputs[0];
  std::optional<Shape> starts = call.integers(1), ends = call.integers(2);
  if (!starts || !ends)
    return false;
  Shape axes, steps(starts->size(), 1);
  for (size_t i = 0; i < starts->size(); ++i)
    axes.push_back(static_cast<int64_t>(i));
  if (call.has(3)) {
    std::optional<Shape> given = call.integers(3);
    if (!given)
      return false;
    axes = *given;
  }
  if (call.has(4)) {
    std::optional<Shape> given = call.integers(4);
    if (!given)
      return false;
    steps = *given;
  }
  if (ends->size() != starts->size() || axes.size() != starts->size() || steps.size() != starts->size())
    return call.fail("expected as many ends, axes and steps as starts");
  SmallVector<Range> ranges;
  for (int64_t dim : input.shape)
    ranges.push_back({0, 1, dim});
  for (size_t i = 0; i < axes.size(); ++i) {
    std::optional<int64_t> axis = call.axis(axes[i], input.rank());
    if (!axis)
      return false;
    if (steps[i] == 0 || steps[i] < -maxElements)
      return call.fail("expected a step other than 0");
    ranges[*axis] = clampRange((*starts)[i], (*ends)[i], steps[i], input.shape[*axis]);
  }
  Shape shape, strides = stridesOf(input.shape);
  for (const Range &range : ranges)
    shape.push_back(range.count);
  return moved(call, shape, [&](ArrayRef<int64_t> index) {
    int64_t position = 0;
    for (size_t i = 0; i < index.size(); ++i)
      position += (ranges[i].start + index[i] * ranges[i].step) * strides[i];
    return position;
  });
}

bool split(Call &call) {
  const Tensor &input = call.inputs[0];
  std::optional<int64_t> axis = call.axis(call.attr("axis", 0), input.rank());
  if (!axis)
    return false;
  int64_t parts = call.op->getNumResults(), size = input.shape[*axis];
  Shape sizes;
  if (call.has(1)) {
    std::optional<Shape> given = call.integers(1);
    if (!given)
      return false;
    sizes = *given;
  } else {
    int64_t most = (size + parts - 1) / parts;
    for (int64_t i = 0; i < parts; ++i)
      sizes.push_back(std::min(most, size - i * most));
  }
  int64_t total = 0;
  for (int64_t part : sizes)
    total += part;
  if (static_cast<int64_t>(sizes.size()) != parts || total != size ||
      llvm::any_of(sizes, [](int64_t s) { return s < 0; }))
    return call.fail("expected " + Twine(parts) + " sizes that add up to " + Twine(size));
  for (int64_t part : sizes) {
    Tensor result{input.kind, input.shape, nullptr};
    result.shape[*axis] = part;
    call.outputs.push_back(result);
  }
  return true;
}

} // namespace

Evaluator findMovement(StringRef mnemonic) {
  return llvm::StringSwitch<Evaluator>(mnemonic)
      .Case("Reshape", reshape)
      .Case("Transpose", transpose)
      .Case("Unsqueeze", unsqueeze)
      .Case("Squeeze", squeeze)
      .Case("Flatten", flatten)
      .Case("Expand", expand)
      .Case("Tile", tile)
      .Case("Concat", concat)
      .Case("Slice", slice)
      .Case("Split", split)
      .Default(nullptr);
}

} // namespace xlstm::raise
