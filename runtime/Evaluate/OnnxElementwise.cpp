//===- OnnxElementwise.cpp - ONNX arithmetic, comparisons, casts ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/OnnxOps.h"

#include "xlstm/Support/Error.h"

#include <ATen/ATen.h>

using at::Tensor;

namespace xlstm::evaluate {

/// Integers are divided towards zero.
static Tensors divide(const OnnxCall &call) {
  if (call.in(0).is_floating_point())
    return {call.in(0) / call.in(1)};
  return {at::div(call.in(0), call.in(1), "trunc")};
}

template <Tensor (*function)(const Tensor &, const Tensor &)>
Tensors foldAll(const OnnxCall &call) {
  Tensor result = call.in(0);
  for (size_t i = 1; i < call.inputs.size(); ++i)
    result = function(result, call.in(i));
  return {result};
}

static Tensors cast(const OnnxCall &call) {
  // TensorProto.DataType: 1 float, 10 float16, 11 double, 16 bfloat16; 9 bool; the rest integers.
  switch (call.integer("to", 0)) {
  case 1:
  case 10:
  case 11:
  case 16:
    return {call.in(0).to(at::kDouble)};
  case 9:
    return {call.in(0).to(at::kBool)};
  default:
    return {call.in(0).to(at::kLong)};
  }
}

static Tensors swish(const OnnxCall &call) { return {call.in(0) * at::sigmoid(call.in(0) * call.number("alpha", 1))}; }

void addOnnxElementwise(OnnxTable &table) {
  table["Add"] = [](const OnnxCall &c) -> Tensors { return {c.in(0) + c.in(1)}; };
  table["Sub"] = [](const OnnxCall &c) -> Tensors { return {c.in(0) - c.in(1)}; };
  table["Mul"] = [](const OnnxCall &c) -> Tensors { return {c.in(0) * c.in(1)}; };
  table["Div"] = divide;
  table["Pow"] = [](const OnnxCall &c) -> Tensors { return {at::pow(c.in(0), c.in(1))}; };
  table["Max"] = foldAll<at::maximum>;
  table["Min"] = foldAll<at::minimum>;
  table["Equal"] = [](const OnnxCall &c) -> Tensors { return {at::eq(c.in(0), c.in(1))}; };
  table["Less"] = [](const OnnxCall &c) -> Tensors { return {at::lt(c.in(0), c.in(1))}; };
  table["LessOrEqual"] = [](const OnnxCall &c) -> Tensors { return {at::le(c.in(0), c.in(1))}; };
  table["Greater"] = [](const OnnxCall &c) -> Tensors { return {at::gt(c.in(0), c.in(1))}; };
  table["GreaterOrEqual"] = [](const OnnxCall &c) -> Tensors { return {at::ge(c.in(0), c.in(1))}; };
  table["And"] = [](const OnnxCall &c) -> Tensors { return {at::logical_and(c.in(0), c.in(1))}; };
  table["Or"] = [](const OnnxCall &c) -> Tensors { return {at::logical_or(c.in(0), c.in(1))}; };
  table["Not"] = [](const OnnxCall &c) -> Tensors { return {at::logical_not(c.in(0))}; };
  table["Neg"] = [](const OnnxCall &c) -> Tensors { return {-c.in(0)}; };
  table["Sqrt"] = [](const OnnxCall &c) -> Tensors { return {at::sqrt(c.in(0))}; };
  table["Reciprocal"] = [](const OnnxCall &c) -> Tensors { return {at::reciprocal(c.in(0))}; };
  table["Sigmoid"] = [](const OnnxCall &c) -> Tensors { return {at::sigmoid(c.in(0))}; };
  table["Swish"] = swish;
  table["Cos"] = [](const OnnxCall &c) -> Tensors { return {at::cos(c.in(0))}; };
  table["Sin"] = [](const OnnxCall &c) -> Tensors { return {at::sin(c.in(0))}; };
  table["IsNaN"] = [](const OnnxCall &c) -> Tensors { return {at::isnan(c.in(0))}; };
  table["Identity"] = [](const OnnxCall &c) -> Tensors { return {c.in(0)}; };
  table["Cast"] = cast;
  table["Where"] = [](const OnnxCall &c) -> Tensors { return {at::where(c.in(0), c.in(1), c.in(2))}; };
}

} // namespace xlstm::evaluate
