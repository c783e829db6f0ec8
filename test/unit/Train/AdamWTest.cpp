//===- AdamWTest.cpp - the optimizer against the formula in float64 -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Train/TrainOptions.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include <cmath>
#include <numbers>

using namespace xlstm;
using namespace xlstm::test;

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
  second.restore(first.state());
  copy["w"].mutable_grad() = params["w"].grad().clone();
  first.step(2, 0.1);
  second.step(2, 0.1);
  EXPECT_TRUE(copy["w"].equal(params["w"]));
  EXPECT_ERROR(second.restore({}), "tensor 'm/w' is missing");
}

TEST(ClipGradients, scalesAllByTheCommonNorm) {
  ParamMap params = {{"a", leaf(at::full({2}, 0.0))}, {"b", leaf(at::full({1}, 0.0))}, {"c", leaf(at::full({1}, 0.0))}};
  params["a"].mutable_grad() = at::tensor({3.0f, 0.0f});
  params["b"].mutable_grad() = at::tensor({4.0f});
  EXPECT_DOUBLE_EQ(clipGradients(params, 10), 5);
  EXPECT_TRUE(params["b"].grad().equal(at::tensor({4.0f})));
  EXPECT_DOUBLE_EQ(clipGradients(params, 0), 5);
  EXPECT_DOUBLE_EQ(clipGradients(params, 1), 5);
  EXPECT_NEAR(params["a"].grad()[0].item<double>(), 0.6, 1e-7);
  EXPECT_NEAR(params["b"].grad()[0].item<double>(), 0.8, 1e-7);
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
  ParamMap params = {
      {"a", leaf(at::full({2, 2}, 0.0))}, {"b", leaf(at::full({4}, 0.0))}, {"c", leaf(at::full({2}, 0.0))}};
  params["a"].mutable_grad() = at::tensor({1.0f, -2.0f, 2.0f, -4.0f}).view({2, 2}); // 5
  params["b"].mutable_grad() = at::tensor({-8.0f, 8.0f, 4.0f, 0.0f});               // 12
  EXPECT_NEAR(clipGradients(params, 13), 13, 1e-5);
  EXPECT_TRUE(params["a"].grad().equal(at::tensor({1.0f, -2.0f, 2.0f, -4.0f}).view({2, 2}))) << "a norm at the limit";
  EXPECT_NEAR(clipGradients(params, 6.5), 13, 1e-5);
  const double halvesA[] = {0.5, -1, 1, -2}, halvesB[] = {-4, 4, 2, 0};
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(params["a"].grad().flatten()[i].item<double>(), halvesA[i], 1e-6);
    EXPECT_NEAR(params["b"].grad()[i].item<double>(), halvesB[i], 1e-6);
  }
  EXPECT_FALSE(params["c"].grad().defined());
  EXPECT_NEAR(clipGradients(params, 0), 6.5, 1e-5);
}
