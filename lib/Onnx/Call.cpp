//===- Call.cpp - one node, evaluated -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Onnx/Call.h"

using namespace mlir;

namespace xlstm::onnx {

const Tensor &Call::in(unsigned i) const {
  if (!has(i))
    fail("expected input ", i, ", found none");
  return inputs[i];
}

const Tensor &Call::floats(unsigned i) const {
  if (in(i).kind != Kind::Float)
    fail("expected floats, found ", describe(inputs[i]));
  return inputs[i];
}

Shape Call::integers(unsigned i) const {
  constexpr int64_t most = 64; // dimensions, axes or sizes of them
  if (!has(i) || inputs[i].kind != Kind::Int || !inputs[i].isKnown() || inputs[i].size() > most)
    fail("expected input ", i, " to be a few integers that do not depend on the tokens");
  Shape result;
  for (int64_t k = 0; k < inputs[i].size(); ++k)
    result.push_back(inputs[i].integer(k));
  return result;
}

int64_t Call::integer(StringRef name, int64_t fallback) const {
  auto value = op->getAttrOfType<IntegerAttr>(name);
  return value ? value.getInt() : fallback;
}

double Call::number(StringRef name, double fallback) const {
  auto value = op->getAttrOfType<FloatAttr>(name);
  return value ? value.getValueAsDouble() : fallback;
}

Tensor Call::compute(Kind kind, ArrayRef<int64_t> shape, ArrayRef<const Tensor *> from, int64_t cost,
                     llvm::function_ref<void(std::vector<double> &)> fill) const {
  Tensor result{kind, Shape(shape), nullptr};
  bool isKnown = llvm::all_of(from, [](const Tensor *x) { return x->kind == Kind::None || x->isKnown(); });
  if (!isKnown || std::max(cost, result.size()) > limit)
    return result;
  std::vector<double> values(result.size(), 0);
  if (!values.empty())
    fill(values);
  return makeTensor(kind, shape, std::move(values));
}

Tensor Call::compute(Kind kind, ArrayRef<int64_t> shape, llvm::function_ref<void(std::vector<double> &)> fill) const {
  SmallVector<const Tensor *, 4> from;
  int64_t cost = 0;
  for (const Tensor &input : inputs) {
    from.push_back(&input);
    cost = std::max(cost, input.isKnown() ? input.size() : 0);
  }
  return compute(kind, shape, from, cost, fill);
}

int64_t axisOf(int64_t value, int64_t rank) {
  if (value < -rank || value >= rank)
    fail("expected an axis of ", -rank, " to ", rank - 1, ", found ", value);
  return value < 0 ? value + rank : value;
}

std::optional<Shape> broadcast(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  Shape result(a);
  for (size_t i = 0; i < b.size(); ++i) {
    int64_t &dim = result[a.size() - b.size() + i];
    if (dim != b[i] && dim != 1 && b[i] != 1)
      return std::nullopt;
    dim = dim == 1 ? b[i] : dim;
  }
  return result;
}

Shape broadcastStrides(ArrayRef<int64_t> shape, int64_t rank) {
  Shape own = stridesOf(shape), result(rank - static_cast<int64_t>(shape.size()), 0);
  for (auto [dim, stride] : llvm::zip(shape, own))
    result.push_back(dim == 1 ? 0 : stride);
  return result;
}

Tensor strided(const Call &call, const Tensor &x, ArrayRef<int64_t> shape, ArrayRef<int64_t> strides, int64_t offset) {
  return call.compute(x.kind, shape, {&x}, 0, [&](std::vector<double> &values) {
    walk(shape, Shape(strides),
         [&](int64_t position, ArrayRef<int64_t> from) { values[position] = x[offset + from[0]]; });
  });
}

} // namespace xlstm::onnx
