//===- EvaluateTest.cpp - one op as a program, errors, central differences ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Evaluate/EvaluateTest.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

using at::Tensor;

namespace xlstm::test {

namespace {
// The tests' tensors are small: a second thread only waits.
struct OneThread : testing::Environment {
  void SetUp() override { at::set_num_threads(1); }
};
[[maybe_unused]] const testing::Environment *oneThread = testing::AddGlobalTestEnvironment(new OneThread);
} // namespace

Tensor randomTensor(const Shape &shape, uint64_t seed, double low, double high) {
  Tensor result = at::empty(shape, at::kDouble);
  std::mt19937_64 engine(seed);
  // Values that float32 holds exactly: both types see the same input.
  std::uniform_real_distribution<float> values(static_cast<float>(low), static_cast<float>(high));
  std::generate_n(result.mutable_data_ptr<double>(), result.numel(), [&] { return values(engine); });
  return result;
}

Tensor intTensor(const std::vector<int32_t> &values, const Shape &shape) {
  Tensor result = at::empty(shape, at::kInt);
  std::copy(values.begin(), values.end(), result.mutable_data_ptr<int32_t>());
  return result;
}

Tensor documents(int64_t B, int64_t T, const std::vector<std::vector<int64_t>> &lengths) {
  std::vector<int32_t> starts;
  for (int64_t b = 0; b < B; ++b) {
    const std::vector<int64_t> &row = lengths[b % lengths.size()];
    int64_t start = 0;
    size_t document = 0;
    for (int64_t t = 0; t < T; ++t) {
      if (t == start + row[document % row.size()]) {
        start = t;
        ++document;
      }
      starts.push_back(static_cast<int32_t>(start));
    }
  }
  return intTensor(starts, {B, T});
}

static std::string tensorType(at::IntArrayRef shape, const std::string &element) {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + element + ">";
}

std::string typeOf(const Tensor &tensor) {
  at::ScalarType type = tensor.scalar_type();
  return tensorType(tensor.sizes(), type == at::kBFloat16        ? "bf16"
                                    : type == at::kHalf          ? "f16"
                                    : tensor.is_floating_point() ? "f32"
                                    : type == at::kLong          ? "i64"
                                                                 : "i32");
}

Program typedProgram(const std::string &op, const Tensors &arguments, const std::vector<std::string> &results,
                     const std::string &types) {
  std::string declared, operands, outputs, names, body;
  for (size_t n = 0; n < arguments.size(); ++n) {
    std::string type = typeOf(arguments[n]);
    declared += (n ? ", %a" : "%a") + std::to_string(n) + ": " + type;
    operands += (n ? ", " : "") + type;
  }
  for (size_t n = 0; n < results.size(); ++n) {
    outputs += (n ? ", " : "") + results[n];
    names += (n ? ", %r#" : "%r#") + std::to_string(n);
  }
  for (size_t n = 0; n < op.size(); ++n)
    body += op[n] == '$' ? "%a" : std::string(1, op[n]);
  std::string type = types.empty() ? "(" + operands + ") -> (" + outputs + ")" : types;
  return Program::parse("lm.model @f(" + declared + ") -> (" + outputs + ") {\n  %r:" + std::to_string(results.size()) +
                            " = " + body + " : " + type + "\n  lm.return " + names + " : " + outputs + "\n}\n",
                        "test.mlir");
}

Program opProgram(const std::string &op, const Tensors &arguments, const std::vector<Shape> &results,
                  const std::string &types) {
  std::vector<std::string> resultTypes;
  for (const Shape &shape : results)
    resultTypes.push_back(tensorType(shape, "f32"));
  return typedProgram(op, arguments, resultTypes, types);
}

Tensors evalOp(const std::string &op, const Tensors &arguments, const std::vector<Shape> &results, at::ScalarType type,
               const std::string &types) {
  return opProgram(op, arguments, results, types).run("f", arguments, {}, optionsOf(type));
}

static double ratio(const Tensor &got, const Tensor &want) {
  if (!got.isfinite().all().item<bool>() || !want.isfinite().all().item<bool>())
    return std::numeric_limits<double>::infinity();
  return (got - want).abs().max().item<double>() / std::max(want.abs().max().item<double>(), 1e-300);
}

double headError(const Tensor &got, const Tensor &want) {
  double worst = got.sizes() == want.sizes() ? 0 : std::numeric_limits<double>::infinity();
  for (int64_t h = 0; worst < 1e300 && h < want.size(2); ++h)
    worst = std::max(worst, ratio(got.select(2, h).to(at::kDouble), want.select(2, h)));
  return worst;
}

double error(const Tensor &got, const Tensor &want) {
  return got.sizes() == want.sizes() ? ratio(got.to(at::kDouble), want) : std::numeric_limits<double>::infinity();
}

static Tensor weightedSum(const Tensors &outputs) {
  Tensor total = at::zeros({}, at::kDouble);
  for (size_t n = 0; n < outputs.size(); ++n)
    total = total + (outputs[n] * randomTensor(outputs[n].sizes().vec(), 1000 + n, -1, 1)).sum();
  return total;
}

double gradientError(const std::function<Tensors(const Tensors &)> &f, const Tensors &inputs) {
  Tensors leaves;
  for (const Tensor &input : inputs)
    leaves.push_back(input.is_floating_point() ? input.clone().requires_grad_(true) : input);
  weightedSum(f(leaves)).backward();
  double worst = 0;
  for (size_t n = 0; n < inputs.size(); ++n) {
    if (!inputs[n].is_floating_point())
      continue;
    Tensor numeric = at::zeros(inputs[n].sizes(), at::kDouble);
    for (int64_t e = 0; e < inputs[n].numel(); ++e) {
      constexpr double Step = 1e-6;
      auto at = [&](double shift) {
        Tensors moved = inputs;
        moved[n] = inputs[n].clone();
        moved[n].mutable_data_ptr<double>()[e] += shift;
        return weightedSum(f(moved)).item<double>();
      };
      numeric.mutable_data_ptr<double>()[e] = (at(Step) - at(-Step)) / (2 * Step);
    }
    EXPECT_TRUE(leaves[n].grad().defined()) << "input " << n << " has no gradient";
    if (leaves[n].grad().defined())
      worst = std::max(worst, ratio(leaves[n].grad(), numeric));
  }
  return worst;
}

bool sameBits(const Tensor &a, const Tensor &b) {
  Tensor left = a.contiguous(), right = b.contiguous();
  return left.sizes() == right.sizes() && left.scalar_type() == right.scalar_type() &&
         std::memcmp(left.const_data_ptr(), right.const_data_ptr(), left.nbytes()) == 0;
}

} // namespace xlstm::test
