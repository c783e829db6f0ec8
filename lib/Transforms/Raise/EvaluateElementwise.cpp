//===- EvaluateElementwise.cpp - arithmetic, comparisons, casts -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Evaluate.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringSwitch.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace xlstm::raise {

int64_t Call::attr(StringRef name, int64_t fallback) const {
  auto value = op->getAttrOfType<IntegerAttr>(name);
  return value ? value.getInt() : fallback;
}

std::optional<int64_t> Call::axis(int64_t value, int64_t rank) {
  if (value < -rank || value >= rank) {
    fail("expected an axis of " + Twine(-rank) + " to " + Twine(rank - 1) + ", found " + Twine(value));
    return std::nullopt;
  }
  return value < 0 ? value + rank : value;
}

std::optional<SmallVector<int64_t, 4>> Call::integers(unsigned i) {
  if (i >= inputs.size() || inputs[i].kind != Kind::Int || !inputs[i].isKnown()) {
    fail("expected input " + Twine(i) + " to be integers that do not depend on the tokens");
    return std::nullopt;
  }
  SmallVector<int64_t, 4> result;
  for (int64_t k = 0; k < inputs[i].size(); ++k)
    result.push_back(inputs[i].integer(k));
  return result;
}

std::optional<SmallVector<int64_t, 4>> broadcast(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  SmallVector<int64_t, 4> result(a);
  for (size_t i = 0; i < b.size(); ++i) {
    int64_t &dim = result[a.size() - b.size() + i];
    if (dim != b[i] && dim != 1 && b[i] != 1)
      return std::nullopt;
    dim = dim == 1 ? b[i] : dim;
  }
  return result;
}

int64_t broadcastPosition(ArrayRef<int64_t> shape, ArrayRef<int64_t> index) {
  int64_t position = 0;
  for (size_t i = 0, skip = index.size() - shape.size(); i < shape.size(); ++i)
    position = position * shape[i] + (shape[i] == 1 ? 0 : index[skip + i]);
  return position;
}

namespace {

using Function = double (*)(ArrayRef<double>);

/// Applies `function` to the broadcast inputs.
bool elementwise(Call &call, Kind kind, llvm::function_ref<double(ArrayRef<double>)> function) {
  Tensor result{kind, {}, nullptr};
  bool known = true;
  for (const Tensor &input : call.inputs) {
    std::optional<SmallVector<int64_t, 4>> shape = broadcast(result.shape, input.shape);
    if (!shape)
      return call.fail("expected inputs that broadcast, found " + describe(call.inputs[0]) + " and " + describe(input));
    result.shape = *shape;
    known &= input.isKnown();
  }
  if (!known || result.size() > maxElements)
    return call.done(result);
  std::vector<double> data(result.size());
  SmallVector<double, 4> arguments(call.inputs.size());
  forEachElement(result.shape, [&](ArrayRef<int64_t> index, int64_t position) {
    for (size_t i = 0; i < arguments.size(); ++i)
      arguments[i] = call.inputs[i][broadcastPosition(call.inputs[i].shape, index)];
    data[position] = function(arguments);
  });
  return call.done(makeTensor(kind, result.shape, std::move(data)));
}

/// What an operator does to its elements.
Function scalarFunction(StringRef mnemonic) {
  return llvm::StringSwitch<Function>(mnemonic)
      .Case("Add", [](ArrayRef<double> x) { return x[0] + x[1]; })
      .Case("Sub", [](ArrayRef<double> x) { return x[0] - x[1]; })
      .Case("Mul", [](ArrayRef<double> x) { return x[0] * x[1]; })
      .Case("Div", [](ArrayRef<double> x) { return x[0] / x[1]; })
      .Case("Pow", [](ArrayRef<double> x) { return std::pow(x[0], x[1]); })
      .Case("Max", [](ArrayRef<double> x) { return *std::max_element(x.begin(), x.end()); })
      .Case("Min", [](ArrayRef<double> x) { return *std::min_element(x.begin(), x.end()); })
      .Case("Neg", [](ArrayRef<double> x) { return -x[0]; })
      .Case("Sqrt", [](ArrayRef<double> x) { return std::sqrt(x[0]); })
      .Case("Reciprocal", [](ArrayRef<double> x) { return 1 / x[0]; })
      .Case("Sigmoid", [](ArrayRef<double> x) { return 1 / (1 + std::exp(-x[0])); })
      .Case("Cos", [](ArrayRef<double> x) { return std::cos(x[0]); })
      .Case("Sin", [](ArrayRef<double> x) { return std::sin(x[0]); })
      .Case("Equal", [](ArrayRef<double> x) { return static_cast<double>(x[0] == x[1]); })
      .Case("Less", [](ArrayRef<double> x) { return static_cast<double>(x[0] < x[1]); })
      .Case("LessOrEqual", [](ArrayRef<double> x) { return static_cast<double>(x[0] <= x[1]); })
      .Case("Greater", [](ArrayRef<double> x) { return static_cast<double>(x[0] > x[1]); })
      .Case("GreaterOrEqual", [](ArrayRef<double> x) { return static_cast<double>(x[0] >= x[1]); })
      .Case("And", [](ArrayRef<double> x) { return static_cast<double>(x[0] != 0 && x[1] != 0); })
      .Case("Or", [](ArrayRef<double> x) { return static_cast<double>(x[0] != 0 || x[1] != 0); })
      .Case("Not", [](ArrayRef<double> x) { return static_cast<double>(x[0] == 0); })
      .Default(nullptr);
}

Function scalarFunction(const Call &call) { return scalarFunction(call.op->getName().stripDialect()); }

/// Numbers of one class, which the result has too.
bool arithmetic(Call &call) {
  for (const Tensor &input : call.inputs)
    if (input.kind != call.inputs[0].kind || (input.kind != Kind::Float && input.kind != Kind::Int))
      return call.fail("expected numbers of one type, found " + describe(call.inputs[0]) + " and " + describe(input));
  return elementwise(call, call.inputs[0].kind, scalarFunction(call));
}

bool floating(Call &call) {
  if (call.inputs[0].kind != Kind::Float)
    return call.fail("expected floats, found " + describe(call.inputs[0]));
  return elementwise(call, Kind::Float, scalarFunction(call));
}

bool swish(Call &call) {
  if (call.inputs[0].kind != Kind::Float)
    return call.fail("expected floats, found " + describe(call.inputs[0]));
  auto attr = call.op->getAttrOfType<FloatAttr>("alpha");
  double alpha = attr ? attr.getValueAsDouble() : 1;
  return elementwise(call, Kind::Float, [&](ArrayRef<double> x) { return x[0] / (1 + std::exp(-alpha * x[0])); });
}

bool comparison(Call &call) {
  if (call.inputs[0].kind != call.inputs[1].kind)
    return call.fail("expected inputs of one type, found " + describe(call.inputs[0]) + " and " +
                     describe(call.inputs[1]));
  return elementwise(call, Kind::Bool, scalarFunction(call));
}

bool logical(Call &call) {
  for (const Tensor &input : call.inputs)
    if (input.kind != Kind::Bool)
      return call.fail("expected bool, found " + describe(input));
  return elementwise(call, Kind::Bool, scalarFunction(call));
}

bool divide(Call &call) {
  if (call.inputs[0].kind != Kind::Int || call.inputs[1].kind != Kind::Int)
    return arithmetic(call);
  if (call.inputs[1].isKnown() && llvm::is_contained(*call.inputs[1].data, 0.0))
    return call.fail("expected a divisor other than 0");
  return elementwise(call, Kind::Int, [](ArrayRef<double> x) { return std::trunc(x[0] / x[1]); });
}

bool power(Call &call) { return elementwise(call, call.inputs[0].kind, scalarFunction(call)); }

bool where(Call &call) {
  if (call.inputs[0].kind != Kind::Bool || call.inputs[1].kind != call.inputs[2].kind)
    return call.fail("expected bool and two inputs of one type, found " + describe(call.inputs[0]) + ", " +
                     describe(call.inputs[1]) + " and " + describe(call.inputs[2]));
  return elementwise(call, call.inputs[1].kind, [](ArrayRef<double> x) { return x[0] != 0 ? x[1] : x[2]; });
}

bool isNaN(Call &call) {
  return elementwise(call, Kind::Bool, [](ArrayRef<double> x) { return static_cast<double>(x[0] != x[0]); });
}

bool cast(Call &call) {
  // TensorProto.DataType: 1 float, 10 float16, 11 double, 16 bfloat16; 9 bool; 2 to 7 and 12, 13 integers.
  switch (int64_t to = call.attr("to", 0)) {
  case 1:
  case 10:
  case 11:
  case 16:
    return elementwise(call, Kind::Float, [](ArrayRef<double> x) { return x[0]; });
  case 9:
    return elementwise(call, Kind::Bool, [](ArrayRef<double> x) { return static_cast<double>(x[0] != 0); });
  case 2:
  case 3:
  case 4:
  case 5:
  case 6:
  case 7:
  case 12:
  case 13:
    return elementwise(call, Kind::Int, [](ArrayRef<double> x) { return std::trunc(x[0]); });
  default:
    return call.fail("expected a cast to floats, integers or bool, found data type " + Twine(to));
  }
}

bool identity(Call &call) { return call.done(call.inputs[0]); }

} // namespace

Evaluator findElementwise(StringRef mnemonic) {
  return llvm::StringSwitch<Evaluator>(mnemonic)
      .Cases("Add", "Sub", "Mul", "Max", "Min", "Neg", arithmetic)
      .Cases("Sqrt", "Reciprocal", "Sigmoid", "Cos", "Sin", floating)
      .Cases("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", comparison)
      .Cases("And", "Or", "Not", logical)
      .Case("Swish", swish)
      .Case("Div", divide)
      .Case("Pow", power)
      .Case("Where", where)
      .Case("IsNaN", isNaN)
      .Case("Cast", cast)
      .Case("Identity", identity)
      .Default(nullptr);
}

} // namespace xlstm::raise
