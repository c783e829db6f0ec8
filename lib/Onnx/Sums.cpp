//===- Sums.cpp - sums, softmax, norms ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Onnx/Call.h"

#include "mlir/IR/BuiltinAttributes.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace xlstm::onnx {
namespace {

Outputs cumSum(const Call &call) {
  const Tensor &input = call.in(0);
  Shape given = call.integers(1);
  if (given.size() != 1)
    fail("expected one number as axis");
  int64_t axis = axisOf(given[0], input.rank());
  if (call.integer("exclusive", 0) != 0 || call.integer("reverse", 0) != 0)
    fail("expected exclusive and reverse to be 0");
  return {call.compute(input.kind, input.shape, [&](std::vector<double> &values) {
    int64_t stride = stridesOf(input.shape)[axis];
    for (int64_t i = 0; i < input.size(); ++i)
      values[i] = input[i] + (i / stride % input.shape[axis] > 0 ? values[i - stride] : 0);
  })};
}

Outputs reduce(const Call &call) {
  const Tensor &input = call.in(0);
  Shape axes = call.has(1) ? call.integers(1) : Shape();
  if (auto attr = call.op->getAttrOfType<DenseI64ArrayAttr>("axes"))
    axes = Shape(attr.asArrayRef());
  SmallVector<bool> reduced(input.rank(), axes.empty() && call.integer("noop_with_empty_axes", 0) == 0);
  for (int64_t value : axes)
    reduced[axisOf(value, input.rank())] = true;
  Shape kept, shape;
  for (int64_t i = 0; i < input.rank(); ++i) {
    kept.push_back(reduced[i] ? 1 : input.shape[i]);
    if (!reduced[i] || call.integer("keepdims", 1) != 0)
      shape.push_back(kept.back());
  }
  bool isMean = call.op->getName().stripDialect() == "ReduceMean";
  return {call.compute(input.kind, shape, [&](std::vector<double> &values) {
    walk(input.shape, broadcastStrides(kept, input.rank()),
         [&](int64_t position, ArrayRef<int64_t> to) { values[to[0]] += input[position]; });
    for (double &value : values)
      value /= isMean ? static_cast<double>(input.size()) / static_cast<double>(values.size()) : 1;
  })};
}

Outputs softmaxNode(const Call &call) {
  const Tensor &x = call.floats(0);
  int64_t axis = axisOf(call.integer("axis", -1), x.rank()), size = x.shape[axis];
  return {call.compute(Kind::Float, x.shape, [&](std::vector<double> &values) {
    values = *x.data;
    int64_t stride = stridesOf(x.shape)[axis];
    for (int64_t i = 0; i < x.size(); ++i)
      if (i / stride % size == 0)
        softmax(&values[i], size, stride);
  })};
}

/// Results after the first are statistics, which no model reads.
Outputs norm(const Call &call) {
  int64_t axis = call.integer("axis", -1);
  if (axis != -1 && axis != call.in(0).rank() - 1)
    fail("expected a norm over the last dimension, found axis ", axis);
  return {rmsNorm(call, call.in(0), call.in(1), call.number("epsilon", 1e-5))};
}

/// The norm of a sum; the sum is the fourth result.
Outputs skipNorm(const Call &call) {
  if (call.in(1).shape != call.in(0).shape)
    fail("expected two inputs of one shape, found ", describe(call.in(0)), " and ", describe(call.in(1)));
  Tensor whole = sum(call, call.in(0), call.in(1));
  if (call.has(3))
    whole = sum(call, whole, call.in(3));
  return {rmsNorm(call, whole, call.in(2), call.number("epsilon", 1e-5)), Tensor(), Tensor(), whole};
}

} // namespace

Tensor sum(const Call &call, const Tensor &a, const Tensor &b) {
  if (a.kind != Kind::Float || b.kind != Kind::Float || broadcast(a.shape, b.shape) != a.shape)
    fail("expected floats of one shape, found ", describe(a), " and ", describe(b));
  return call.compute(Kind::Float, a.shape, {&a, &b}, 0, [&](std::vector<double> &values) {
    walk(a.shape, broadcastStrides(b.shape, a.rank()),
         [&](int64_t position, ArrayRef<int64_t> from) { values[position] = a[position] + b[from[0]]; });
  });
}

void softmax(double *x, int64_t size, int64_t stride) {
  double largest = -std::numeric_limits<double>::infinity(), total = 0;
  for (int64_t i = 0; i < size; ++i)
    largest = std::max(largest, x[i * stride]);
  for (int64_t i = 0; i < size; ++i)
    total += x[i * stride] = std::exp(x[i * stride] - largest);
  for (int64_t i = 0; i < size; ++i)
    x[i * stride] /= total;
}

Tensor rmsNorm(const Call &call, const Tensor &x, const Tensor &weight, double eps) {
  if (x.kind != Kind::Float || weight.kind != Kind::Float || weight.rank() != 1 || x.rank() < 1 ||
      weight.shape[0] != x.shape.back())
    fail("expected floats and a weight of their last dimension, found ", describe(x), " and ", describe(weight));
  return call.compute(Kind::Float, x.shape, {&x, &weight}, 0, [&](std::vector<double> &values) {
    int64_t size = weight.size();
    for (int64_t first = 0; first < x.size(); first += size) {
      double squares = 0;
      for (int64_t i = 0; i < size; ++i)
        squares += x[first + i] * x[first + i];
      double root = std::sqrt(squares / static_cast<double>(size) + eps);
      for (int64_t i = 0; i < size; ++i)
        values[first + i] = x[first + i] / root * weight[i];
    }
  });
}

void addSums(EvaluatorTable &table) {
  table["CumSum"] = cumSum;
  table["ReduceMean"] = reduce;
  table["ReduceSum"] = reduce;
  table["Softmax"] = softmaxNode;
  table["RMSNormalization"] = norm;
  table["SimplifiedLayerNormalization"] = norm;
  table["microsoft.SkipSimplifiedLayerNormalization"] = skipNorm;
}

} // namespace xlstm::onnx
