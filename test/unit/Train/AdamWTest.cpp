//===- AdamWTest.cpp - the optimizer against the formula in float64 -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Train/TrainOptions.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include <cmath>
#include <numbers>

using namespace xlstm;
using namespace xlstm::test;
namespace fs = std::filesystem;

namespace {

/// One scalar under the textbook's formula (Loshchilov, Hutter 2019, algorithm 2).
struct Scalar {
  double p, m = 0, v = 0;
  void step(int t, double g, double lr, double decay, const AdamWOptions &o) {
    m = o.beta1 * m + (1 - o.beta1) * g;
    v = o.beta2 * v + (1 - o.beta2) * g * g;
    double mHat = m / (1 - std::pow(o.beta1, t)), vHat = v / (1 - std::pow(o.beta2, t));
    p = p - lr * decay * p - lr * mHat / (std::sqrt(vHat) + o.eps);
  }
};

at::Tensor leaf(const at::Tensor &value) { return value.clone().set_requires_grad(true); }

} // namespace

TEST(AdamW, followsTheFormula) {
  AdamWOptions options{.beta1 = 0.8, .beta2 = 0.9, .eps = 1e-3, .weightDecay = 0.2};
  ParamMap params = {{"w", leaf(at::tensor({0.5, -1.5, 2.0}, at::kDouble).view({1, 3}))}};
  AdamW optimizer(params, options);
  std::vector<Scalar> scalars = {{0.5}, {-1.5}, {2.0}};
  for (int t = 1; t <= 6; ++t) {
    double lr = 0.1 / t;
    std::vector<double> gradient = {std::sin(t), 0.01 * t, -3.0};
    params["w"].mutable_grad() = at::tensor(gradient, at::kDouble).view({1, 3});
    optimizer.step(t, lr);
    for (int i = 0; i < 3; ++i) {
      scalars[i].step(t, gradient[i], lr, 0.2, options);
      EXPECT_NEAR(params["w"].const_data_ptr<double>()[i], scalars[i].p, 1e-13);
    }
  }
}

TEST(AdamW, shrinksMatricesOnlyUnlessAsked) {
  for (bool all : {false, true}) {
    ParamMap params;
    for (const char *name : {"a.weight", "a.bias", "norm.weight", "q_map.weight", "i_gate.weight", "o_gate.bias"}) {
      bool isVector = std::string(name).ends_with("bias") || name == std::string("norm.weight");
      params[name] = leaf(at::full(isVector ? at::IntArrayRef{2} : at::IntArrayRef{2, 2}, 1.0));
      params[name].mutable_grad() = at::full(params[name].sizes(), 0.0);
    }
    AdamW(params, {.weightDecay = 0.5, .decayAll = all}).step(1, 0.1);
    for (const auto &[name, param] : params) {
      bool shrinks = all || name == "a.weight" || name == "q_map.weight";
      EXPECT_NEAR(param.max().item<double>(), shrinks ? 0.95 : 1.0, 1e-6) << name;
    }
  }
}

TEST(AdamW, leavesParamsWithoutGradientAndRestoresItsState) {
  ParamMap params = {{"w", leaf(at::full({2, 2}, 1.0))}, {"x", leaf(at::full({2, 2}, 1.0))}};
  AdamW first(params, {});
  params["w"].mutable_grad() = at::full({2, 2}, 0.3);
  first.step(1, 0.1);
  EXPECT_TRUE(params["x"].equal(at::full({2, 2}, 1.0)));
  ParamMap copy = {{"w", leaf(params["w"].detach())}, {"x", leaf(params["x"].detach())}};
  AdamW second(copy, {});
  std::map<std::string, at::Tensor> state = first.state();
  for (auto &[name, moment] : state)
    moment = moment.clone();
  second.restore(state);
  copy["w"].mutable_grad() = params["w"].grad().clone();
  first.step(2, 0.1);
  second.step(2, 0.1);
  EXPECT_TRUE(copy["w"].equal(params["w"]));
  EXPECT_ERROR(second.restore({}), "tensor 'm/w' is missing");
}

/// What a step sees of the gradients under a limit: one without memory or decay and with a large eps moves a param by
/// -gradient / divisor / eps.
static ParamMap clipped(const ParamMap &gradients, double limit) {
  ParamMap params;
  for (const auto &[name, gradient] : gradients) {
    params[name] = leaf(at::full(gradient.sizes(), 0.0, at::kDouble));
    params[name].mutable_grad() = gradient.to(at::kDouble).clone();
  }
  params["without"] = leaf(at::full({2}, 0.0, at::kDouble));
  AdamW optimizer(params, {.beta1 = 0, .beta2 = 0, .eps = 1e9, .weightDecay = 0});
  optimizer.step(1, 1e9, clipDivisor(gradientNorm(params), limit));
  for (auto &[name, param] : params)
    param = param.detach().neg();
  return params;
}

TEST(ClipGradients, scalesAllByTheCommonNorm) {
  ParamMap gradients = {{"a", at::tensor({3.0, 0.0})}, {"b", at::tensor({-4.0})}};
  ParamMap params = {{"a", leaf(at::full({2}, 0.0))}, {"b", leaf(at::full({1}, 0.0))}, {"c", leaf(at::full({1}, 0.0))}};
  params["a"].mutable_grad() = gradients["a"].to(at::kFloat);
  params["b"].mutable_grad() = gradients["b"].to(at::kFloat);
  EXPECT_DOUBLE_EQ(gradientNorm(params).item<double>(), 5);
  EXPECT_FALSE(clipDivisor(gradientNorm(params), 0).defined());
  for (auto [limit, share] : {std::pair(10.0, 1.0), {5.0, 1.0}, {0.0, 1.0}, {1.0, 0.2}}) {
    ParamMap seen = clipped(gradients, limit);
    EXPECT_NEAR(seen["a"][0].item<double>(), 3 * share, 1e-6) << limit;
    EXPECT_NEAR(seen["b"][0].item<double>(), -4 * share, 1e-6) << limit;
    EXPECT_EQ(seen["without"].abs().max().item<double>(), 0);
  }
  EXPECT_EQ(gradientNorm({{"c", params["c"]}}).item<double>(), 0);
  EXPECT_EQ(gradientNorm({}).item<double>(), 0);
}

/// The numbers of test/Inputs/golden/make_adamw.py: groups with rates and decays of their own, clipped together.
TEST(AdamW, isTorchs) {
  Json golden = readJsonFile(fs::path(XLSTM_TEST_INPUTS) / "golden/adamw.json");
  const std::map<std::string, std::vector<int64_t>> shapes = {
      {"matrix.weight", {2, 3}}, {"norm.weight", {3}}, {"q_map.weight", {2, 2}}};
  auto wave = [&](const std::string &name, double t, at::ScalarType type) {
    at::Tensor values = at::empty(shapes.at(name), at::kDouble);
    for (int64_t i = 0; i < values.numel(); ++i)
      values.mutable_data_ptr<double>()[i] = std::sin(0.7 * t + 0.3 * double(i) + double(name.size()));
    return values.to(type);
  };
  for (auto [type, most] : {std::pair(at::kDouble, 1e-7), {at::kFloat, 2e-6}}) {
    ParamMap params;
    for (const auto &[name, shape] : shapes)
      params[name] = leaf(wave(name, 0, type).mul(2));
    AdamW optimizer(params, {.weightDecay = 0.2, .newWeightDecay = 0.05}, {"q_map.weight"});
    int t = 0;
    for (const Json &step : golden.at("steps")) {
      ++t;
      for (auto &[name, param] : params)
        param.mutable_grad() = wave(name, t, type).mul(t % 3 ? 0.1 : 1.0);
      at::Tensor norm = gradientNorm(params);
      EXPECT_NEAR(norm.item<double>(), step.at("norm"), most);
      optimizer.step(t, {1e-2 / (1 + t / 4.0), 5e-2 / (1 + t / 4.0)}, clipDivisor(norm, 0.5));
      for (auto &[name, param] : params) {
        at::Tensor values = param.detach().flatten().to(at::kDouble);
        for (int64_t i = 0; i < values.numel(); ++i)
          EXPECT_NEAR(values[i].item<double>(), step.at(name)[size_t(i)], most) << name << ", step " << t;
      }
    }
    EXPECT_EQ(t, 8);
  }
}

TEST(Schedule, warmsUpAndFalls) {
  Schedule rate{.peak = 1.0, .final = 0.1, .warmup = 4};
  EXPECT_DOUBLE_EQ(rate.at(0, 11), 0.25);
  EXPECT_DOUBLE_EQ(rate.at(3, 11), 1.0);
  EXPECT_DOUBLE_EQ(rate.at(4, 11), 1.0);
  EXPECT_DOUBLE_EQ(rate.at(7, 11), 0.1 + 0.9 * 0.5); // half-way
  EXPECT_NEAR(rate.at(6, 11), 0.1 + 0.9 * (1 + std::cos(std::numbers::pi / 3)) / 2, 1e-15);
  EXPECT_DOUBLE_EQ(rate.at(10, 11), 0.1);
  rate.cosine = false;
  EXPECT_DOUBLE_EQ(rate.at(10, 11), 1.0);
  EXPECT_DOUBLE_EQ((Schedule{.peak = 1, .final = 0.5, .warmup = 0}).at(0, 1), 0.5); // no division by zero
}

TEST(TrainOptions, haveThePapersValues) {
  TrainOptions align = TrainOptions::alignment(1000), distill = TrainOptions::distillation(1000);
  EXPECT_EQ(align.batch, 64);
  EXPECT_DOUBLE_EQ(align.rate.peak, 1e-2);
  EXPECT_DOUBLE_EQ(align.rate.final, 1e-5);
  EXPECT_TRUE(align.rate.cosine);
  EXPECT_DOUBLE_EQ(align.adamw.weightDecay, 0.1);
  EXPECT_DOUBLE_EQ(distill.rate.peak, 1e-5);
  EXPECT_FALSE(distill.rate.cosine);
  EXPECT_DOUBLE_EQ(distill.clip, 1.0);
}

TEST(ClipGradients, everyValueOfEveryTensorCounts) {
  ParamMap gradients = {{"a", at::tensor({1.0, -2.0, 2.0, -4.0}).view({2, 2})}, // 5
                        {"b", at::tensor({-8.0, 8.0, 4.0, 0.0})}};              // 12
  for (auto [limit, share] : {std::pair(13.0, 1.0), {6.5, 0.5}}) {
    ParamMap seen = clipped(gradients, limit);
    for (const auto &[name, gradient] : gradients)
      EXPECT_LT((seen[name] - gradient * share).abs().max().item<double>(), 1e-5) << name << " within " << limit;
  }
}
