//===- Elementwise.cpp - arithmetic, comparisons, casts -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Onnx/Call.h"

#include "mlir/IR/BuiltinAttributes.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace xlstm::onnx {
namespace {

using Numbers = ArrayRef<double>;

/// Applies `function` to the broadcast inputs.
Outputs apply(const Call &call, Kind kind, llvm::function_ref<double(Numbers)> function) {
  std::optional<Shape> shape = Shape();
  for (unsigned i = 0; i < call.inputs.size(); ++i) {
    shape = broadcast(*shape, call.in(i).shape);
    if (!shape)
      fail("expected inputs that broadcast, found ", describe(call.in(0)), " and ", describe(call.in(i)));
  }
  return {call.compute(kind, *shape, [&](std::vector<double> &values) {
    SmallVector<Shape, 4> strides;
    for (const Tensor &input : call.inputs)
      strides.push_back(broadcastStrides(input.shape, static_cast<int64_t>(shape->size())));
    SmallVector<double, 4> arguments(call.inputs.size());
    walk(*shape, strides, [&](int64_t position, ArrayRef<int64_t> from) {
      for (size_t i = 0; i < arguments.size(); ++i)
        arguments[i] = call.inputs[i][from[i]];
      values[position] = function(arguments);
    });
  })};
}

// Rules check the kinds of the inputs and say which the result has.
using Rule = Kind (*)(const Call &);

Kind numbers(const Call &call) {
  for (const Tensor &input : call.inputs)
    if (input.kind != call.inputs[0].kind || (input.kind != Kind::Float && input.kind != Kind::Int))
      fail("expected numbers of one type, found ", describe(call.inputs[0]), " and ", describe(input));
  return call.inputs[0].kind;
}

Kind floats(const Call &call) { return call.floats(0).kind; }

Kind comparison(const Call &call) {
  if (call.inputs[0].kind != call.inputs[1].kind)
    fail("expected inputs of one type, found ", describe(call.inputs[0]), " and ", describe(call.inputs[1]));
  return Kind::Bool;
}

Kind logic(const Call &call) {
  for (const Tensor &input : call.inputs)
    if (input.kind != Kind::Bool)
      fail("expected bool, found ", describe(input));
  return Kind::Bool;
}

/// The exponent may be of another kind than the base.
Kind base(const Call &call) { return call.in(0).kind; }
Kind boolean(const Call &) { return Kind::Bool; }

Evaluator scalar(Rule rule, double (*function)(Numbers)) {
  return [=](const Call &call) { return apply(call, rule(call), function); };
}

/// Integers are divided towards zero.
Outputs divide(const Call &call) {
  Kind kind = numbers(call);
  if (kind == Kind::Float)
    return apply(call, kind, [](Numbers x) { return x[0] / x[1]; });
  if (call.in(1).isKnown() && llvm::is_contained(*call.in(1).data, 0.0))
    fail("expected a divisor other than 0");
  return apply(call, kind, [](Numbers x) { return std::trunc(x[0] / x[1]); });
}

/// Swish and QuickGelu are one function; they differ in the alpha that is not given.
Outputs swish(const Call &call, double usualAlpha) {
  double alpha = call.number("alpha", usualAlpha);
  return apply(call, floats(call), [&](Numbers x) { return x[0] / (1 + std::exp(-alpha * x[0])); });
}

Outputs where(const Call &call) {
  if (call.in(0).kind != Kind::Bool || call.in(1).kind != call.in(2).kind)
    fail("expected bool and two inputs of one type, found ", describe(call.in(0)), ", ", describe(call.in(1)), " and ",
         describe(call.in(2)));
  return apply(call, call.in(1).kind, [](Numbers x) { return x[0] != 0 ? x[1] : x[2]; });
}

Outputs cast(const Call &call) {
  // TensorProto.DataType: 1 float, 10 float16, 11 double, 16 bfloat16; 9 bool; 2 to 7 and 12, 13 integers.
  int64_t to = call.integer("to", 0);
  if (to == 1 || to == 10 || to == 11 || to == 16)
    return apply(call, Kind::Float, [](Numbers x) { return x[0]; });
  if (to == 9)
    return apply(call, Kind::Bool, [](Numbers x) { return static_cast<double>(x[0] != 0); });
  if ((to < 2 || to > 7) && to != 12 && to != 13)
    fail("expected a cast to floats, integers or bool, found data type ", to);
  return apply(call, Kind::Int, [](Numbers x) { return std::trunc(x[0]); });
}

} // namespace

void addElementwise(EvaluatorTable &table) {
  table["Add"] = scalar(numbers, [](Numbers x) { return x[0] + x[1]; });
  table["Sub"] = scalar(numbers, [](Numbers x) { return x[0] - x[1]; });
  table["Mul"] = scalar(numbers, [](Numbers x) { return x[0] * x[1]; });
  table["Div"] = divide;
  table["Pow"] = scalar(base, [](Numbers x) { return std::pow(x[0], x[1]); });
  table["Max"] = scalar(numbers, [](Numbers x) { return *std::max_element(x.begin(), x.end()); });
  table["Min"] = scalar(numbers, [](Numbers x) { return *std::min_element(x.begin(), x.end()); });
  table["Neg"] = scalar(numbers, [](Numbers x) { return -x[0]; });
  table["Sqrt"] = scalar(floats, [](Numbers x) { return std::sqrt(x[0]); });
  table["Reciprocal"] = scalar(floats, [](Numbers x) { return 1 / x[0]; });
  table["Sigmoid"] = scalar(floats, [](Numbers x) { return 1 / (1 + std::exp(-x[0])); });
  table["Swish"] = [](const Call &call) { return swish(call, 1); };
  table["microsoft.QuickGelu"] = [](const Call &call) { return swish(call, 1.702); };
  table["Cos"] = scalar(floats, [](Numbers x) { return std::cos(x[0]); });
  table["Sin"] = scalar(floats, [](Numbers x) { return std::sin(x[0]); });
  table["Equal"] = scalar(comparison, [](Numbers x) { return static_cast<double>(x[0] == x[1]); });
  table["Less"] = scalar(comparison, [](Numbers x) { return static_cast<double>(x[0] < x[1]); });
  table["LessOrEqual"] = scalar(comparison, [](Numbers x) { return static_cast<double>(x[0] <= x[1]); });
  table["Greater"] = scalar(comparison, [](Numbers x) { return static_cast<double>(x[0] > x[1]); });
  table["GreaterOrEqual"] = scalar(comparison, [](Numbers x) { return static_cast<double>(x[0] >= x[1]); });
  table["And"] = scalar(logic, [](Numbers x) { return static_cast<double>(x[0] != 0 && x[1] != 0); });
  table["Or"] = scalar(logic, [](Numbers x) { return static_cast<double>(x[0] != 0 || x[1] != 0); });
  table["Not"] = scalar(logic, [](Numbers x) { return static_cast<double>(x[0] == 0); });
  table["IsNaN"] = scalar(boolean, [](Numbers x) { return static_cast<double>(x[0] != x[0]); });
  table["Where"] = where;
  table["Cast"] = cast;
  table["Identity"] = [](const Call &call) -> Outputs { return {call.in(0)}; };
}

} // namespace xlstm::onnx
