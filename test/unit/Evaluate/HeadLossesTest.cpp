//===- HeadLossesTest.cpp - the fused head against its composition --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/HeadLosses.h"
#include "runtime/Evaluate/Tokens.h"
#include "test/unit/Evaluate/EvaluateTest.h"
#include "xlstm/Support/Error.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <limits>
#include <random>

using namespace xlstm::test;
using at::Tensor;

namespace {

constexpr double CeWeight = 0.75, KlWeight = 0.4;

struct Case {
  int64_t T, V = 50, K = 6;
  bool withTail = false;
  double logitScale = 1;
};

/// Operands: hidden, weight, ids, logprobs, tail, labels. Every third token has no label, some labels are stored, and
/// of some tokens an id is stored several times.
Tensors operandsOf(const Case &c) {
  constexpr int64_t B = 2, D = 12;
  Tensors x = {randomTensor({B, c.T, D}, 1, -2, 2), randomTensor({c.V, D}, 2, -1, 1)};
  std::mt19937 engine(3);
  std::vector<int32_t> all(c.V), ids;
  for (int32_t v = 0; v < c.V; ++v)
    all[v] = v;
  Tensor labels = at::full({B, c.T}, -100, at::kLong);
  for (int64_t n = 0; n < B * c.T; ++n) {
    std::shuffle(all.begin(), all.end(), engine);
    ids.insert(ids.end(), all.begin(), all.begin() + c.K);
    if (n % 4 == 1 && c.K > 2)
      ids.end()[-1] = ids.end()[-2] = ids.end()[-c.K];
    if (n % 3 != 1)
      labels.mutable_data_ptr<int64_t>()[n] = n % 2 ? all[0] : all[c.V - 1];
  }
  x.push_back(intTensor(ids, {B, c.T, c.K}));
  x.push_back(randomTensor({B, c.T, c.K}, 4, -5, -1));
  x.push_back(randomTensor({B, c.T}, 5, -3, -1));
  x.push_back(labels);
  return x;
}

std::string numbered(double value) { return " = " + std::to_string(value) + " : f64"; }

/// The op's program and that of the ops it is made of, as functions of the operands.
xlstm::Program fusedProgram(const Case &c, const Tensors &x) {
  return opProgram(std::string("xlstm.head_losses ") + (c.withTail ? "tail" : "renormalized") +
                       " $0, $1, $2, $3, $4, $5 {ce_weight" + numbered(CeWeight) + ", kl_weight" + numbered(KlWeight) +
                       ", logit_scale" + numbered(c.logitScale) + "}",
                   x, {{}, {}, {}});
}

xlstm::Program composedProgram(const Case &c, const Tensors &x) {
  std::string arguments, types[6], logits = typeOf(at::zeros({x[0].size(0), c.T, c.V}));
  for (size_t n = 0; n < x.size(); ++n) {
    types[n] = typeOf(x[n]);
    arguments += (n ? ", %a" : "%a") + std::to_string(n) + ": " + types[n];
  }
  return xlstm::Program::parse(
      "lm.model @f(" + arguments + ") -> (tensor<f32>, tensor<f32>, tensor<f32>) {\n  %raw = lm.linear %a0, %a1 : (" +
          types[0] + ", " + types[1] + ") -> " + logits + "\n  %logits = lm.scale %raw {factor" +
          numbered(c.logitScale) + "} : " + logits + "\n  %ce = lm.cross_entropy %logits, %a5 : (" + logits + ", " +
          types[5] + ") -> tensor<f32>\n  %kl = xlstm.sparse_kl " + (c.withTail ? "tail" : "renormalized") +
          " %logits, %a2, %a3, %a4, %a5 : (" + logits + ", " + types[2] + ", " + types[3] + ", " + types[4] + ", " +
          types[5] + ") -> tensor<f32>\n  %wce = lm.scale %ce {factor" + numbered(CeWeight) +
          "} : tensor<f32>\n  %wkl = lm.scale %kl {factor" + numbered(KlWeight) +
          "} : tensor<f32>\n  %loss = lm.add %wce, %wkl : tensor<f32>\n" +
          "  lm.return %loss, %ce, %kl : tensor<f32>, tensor<f32>, tensor<f32>\n}\n",
      "composed.mlir");
}

/// Loss, ce, kl and the gradients of the operands 0 and 1 of `factor` times the loss.
Tensors lossesAndGradients(const xlstm::Program &program, Tensors x, const xlstm::EvalOptions &options,
                           double factor = 1) {
  for (size_t n : {0, 1})
    x[n] = x[n].detach().clone().requires_grad_(true);
  Tensors results = program.run("f", x, {}, options);
  (results[0] * factor).backward();
  return {results[0].detach(), results[1].detach(), results[2].detach(), x[0].grad(), x[1].grad()};
}

void expectNear(const Tensors &got, const Tensors &want, double tolerance) {
  for (size_t n = 0; n < want.size(); ++n)
    EXPECT_LE(error(got[n], want[n]), tolerance) << "of result " << n;
}

std::vector<Case> cases() {
  return {{1}, {1, 50, 6, true}, {67}, {67, 50, 6, true}, {67, 51, 6, true, 0.25}, {5, 50, 1}, {5, 50, 1, true, -2}};
}

xlstm::evaluate::HeadLossOperands flat(const Case &c, const Tensors &x) {
  xlstm::evaluate::HeadLossOperands operands;
  operands.hidden_ND = x[0].flatten(0, 1), operands.weight_VD = x[1], operands.logitScale = c.logitScale;
  operands.targets = {
      x[5].flatten(), x[2].flatten(0, 1).to(at::kLong), x[3].flatten(0, 1), x[4].flatten(), c.withTail, CeWeight,
      KlWeight};
  return operands;
}

} // namespace

TEST(HeadLosses, float64IsTheComposition) {
  for (const Case &c : cases()) {
    SCOPED_TRACE(testing::Message() << "T " << c.T << " V " << c.V << " tail " << c.withTail);
    Tensors x = operandsOf(c), want = lossesAndGradients(composedProgram(c, x), x, Double, 0.3);
    expectNear(lossesAndGradients(fusedProgram(c, x), x, Double, 0.3), want, 1e-9);
  }
}

TEST(HeadLosses, centralDifferences) {
  for (bool withTail : {false, true}) {
    Case c{4, 11, 5, withTail, 0.5};
    Tensors x = operandsOf(c);
    xlstm::Program program = fusedProgram(c, x);
    auto loss = [&](const Tensors &in) {
      return Tensors{program.run("f", {in[0], in[1], x[2], x[3], x[4], x[5]}, {}, Double)[0]};
    };
    EXPECT_LT(gradientError(loss, {x[0], x[1]}), 1e-7);
  }
}

TEST(HeadLosses, float32) {
  for (const Case &c : cases()) {
    Tensors x = operandsOf(c), want = lossesAndGradients(composedProgram(c, x), x, Double);
    for (size_t n : {0, 1, 3, 4})
      x[n] = x[n].to(at::kFloat);
    expectNear(lossesAndGradients(fusedProgram(c, x), x, {}), want, 1e-5);
  }
}

/// Operands in bf16, all else in float32: logits and what is summed are not rounded, gradients once.
TEST(HeadLosses, bf16) {
  for (const Case &c : cases()) {
    Tensors x = operandsOf(c);
    for (size_t n : {0, 1})
      x[n] = x[n].to(at::kBFloat16).to(at::kDouble);
    Tensors want = lossesAndGradients(composedProgram(c, x), x, Double);
    for (size_t n : {0, 1})
      x[n] = x[n].to(at::kBFloat16);
    Tensors got = lossesAndGradients(fusedProgram(c, x), x, {});
    expectNear({got[0], got[1], got[2]}, {want[0], want[1], want[2]}, 1e-5);
    for (size_t n : {3, 4}) {
      EXPECT_EQ(got[n].scalar_type(), at::kBFloat16);
      EXPECT_LE(error(got[n], want[n]), 0x1p-8);
    }
  }
}

TEST(HeadLosses, chunksOfAnySize) {
  for (bool withTail : {false, true}) {
    Case c{67, 50, 6, withTail, 0.5};
    Tensors x = operandsOf(c), want = lossesAndGradients(fusedProgram(c, x), x, Double);
    for (xlstm::evaluate::HeadLossChunks chunks :
         {xlstm::evaluate::HeadLossChunks{1, 1, 1}, {50 * 133, 1, 50 * 7}, {1, 67, 50 * 100}, {50 * 64, 16, 50 * 64}}) {
      xlstm::evaluate::HeadLossOperands operands = flat(c, x);
      Tensor hidden = x[0].clone().requires_grad_(true);
      operands.hidden_ND = hidden.flatten(0, 1), operands.chunks = chunks;
      operands.weight_VD = x[1].clone().requires_grad_(true);
      xlstm::evaluate::HeadLossResult got = headLosses(operands);
      got.loss.backward();
      expectNear({got.loss.detach(), got.ce, got.kl, hidden.grad(), operands.weight_VD.grad()}, want, 1e-12);
    }
  }
}

TEST(HeadLosses, onlyWhatIsWanted) {
  Case c{5};
  Tensors x = operandsOf(c), want = lossesAndGradients(fusedProgram(c, x), x, Double);
  xlstm::Program program = fusedProgram(c, x);
  for (size_t trained : {0, 1}) {
    Tensors in = x;
    in[trained] = x[trained].clone().requires_grad_(true);
    Tensors results = program.run("f", in, {}, Double);
    EXPECT_FALSE(results[1].requires_grad() || results[2].requires_grad());
    results[0].backward();
    EXPECT_LT(error(in[trained].grad(), want[3 + trained]), 1e-12);
    EXPECT_FALSE(in[1 - trained].grad().defined());
  }
  c10::NoGradGuard heldOut;
  x[1].requires_grad_(true);
  Tensors results = program.run("f", x, {}, Double);
  EXPECT_FALSE(results[0].requires_grad());
  expectNear(results, {want[0], want[1], want[2]}, 1e-14);
}

/// The gradient is scaled in place: once more it would be another.
TEST(HeadLosses, secondBackwardIsRefused) {
  Case c{5};
  Tensors x = operandsOf(c);
  x[0].requires_grad_(true);
  Tensor loss = fusedProgram(c, x).run("f", x, {}, Double)[0];
  loss.backward({}, /*keep_graph=*/true);
  EXPECT_THROW(loss.backward(), c10::Error);
}

TEST(HeadLosses, noLabels) {
  for (bool withTail : {false, true}) {
    Case c{5, 50, 6, withTail};
    Tensors x = operandsOf(c);
    x[5].fill_(-1);
    for (const Tensor &result : lossesAndGradients(fusedProgram(c, x), x, Double))
      EXPECT_EQ(result.abs().max().item<double>(), 0);
  }
}

TEST(HeadLosses, largeLogits) {
  for (bool withTail : {false, true}) {
    Case c{67, 50, 6, withTail, 1e4};
    Tensors x = operandsOf(c), want = lossesAndGradients(composedProgram(c, x), x, Double);
    expectNear(lossesAndGradients(fusedProgram(c, x), x, Double), want, 1e-9);
    for (size_t n : {0, 1, 3, 4})
      x[n] = x[n].to(at::kFloat);
    for (const Tensor &result : lossesAndGradients(fusedProgram(c, x), x, {}))
      EXPECT_TRUE(result.isfinite().all().item<bool>());
  }
}

/// Nothing is left beside the stored tokens, or nothing is stored.
TEST(HeadLosses, allOrNothingStored) {
  for (int64_t K : {7, 0})
    for (bool withTail : {false, true}) {
      Case c{5, 7, K, withTail};
      Tensors x = operandsOf(c);
      if (K)
        x[2] = intTensor({6, 5, 4, 3, 2, 1, 0}, {1, 1, 7}).expand({2, 5, 7}).contiguous();
      if (K)
        x[4].fill_(-std::numeric_limits<double>::infinity());
      Tensors want = lossesAndGradients(composedProgram(c, x), x, Double);
      expectNear(lossesAndGradients(fusedProgram(c, x), x, Double), want, 1e-9);
    }
}

TEST(HeadLosses, indicesOutOfRange) {
  Case c{5};
  for (auto [operand, value] : {std::pair(2, 50), {2, -1}, {5, 50}}) {
    Tensors x = operandsOf(c);
    x[operand][1][3].fill_(value);
    EXPECT_THROW(fusedProgram(c, x).run("f", x, {}), xlstm::Error) << operand << ": " << value;
  }
}

/// What came from the host is looked at there: the copy, on a device that has no values, is not.
TEST(HeadLosses, rangesAreReadOnTheHost) {
  Tensor host = intTensor({3, -7, 11}, {3}), copy = at::empty({3}, at::TensorOptions(at::kInt).device(at::kMeta));
  xlstm::evaluate::TokenTables tables;
  tables.keepHost(copy, host);
  EXPECT_EQ(rangeOf(copy, tables), std::pair(int64_t(-7), int64_t(11)));
  EXPECT_EQ(rangeOf(host, tables), std::pair(int64_t(-7), int64_t(11)));
  EXPECT_EQ(rangeOf(at::zeros({0}, at::kInt), tables), std::pair(int64_t(0), int64_t(-1)));
}
