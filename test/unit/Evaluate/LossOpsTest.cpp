//===- LossOpsTest.cpp - losses against their formulas --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Evaluate/EvaluateTest.h"
#include "xlstm/Support/Error.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <cmath>
#include <limits>

using namespace xlstm::test;
using at::Tensor;

namespace {

Tensor labelsOf(const std::vector<int64_t> &values, const Shape &shape) {
  Tensor result = at::empty(shape, at::kLong);
  std::copy(values.begin(), values.end(), result.mutable_data_ptr<int64_t>());
  return result;
}

/// log of the sum of exp over a row, as it stands.
double logSum(const double *row, int64_t size) {
  double total = 0;
  for (int64_t n = 0; n < size; ++n)
    total += std::exp(row[n]);
  return std::log(total);
}

struct Sparse {
  static constexpr int64_t B = 2, T = 3, V = 7, K = 3;
  Tensor logits = randomTensor({B, T, V}, 1, -3, 3), teacher = randomTensor({B, T, V}, 2, -3, 3).log_softmax(-1);
  Tensor ids = intTensor({0, 1, 2, 6, 5, 4, 3, 1, 0, 2, 4, 6, 1, 3, 5, 0, 6, 3}, {B, T, K});
  Tensor labels = labelsOf({1, -1, 0, 3, 6, -100}, {B, T});
  Tensor logprobs = teacher.gather(-1, ids.to(at::kLong));
  Tensor tail = (1 - logprobs.exp().sum(-1)).log();

  Tensors arguments() const { return {logits, ids, logprobs, tail, labels}; }

  /// KL by its definition, bucket by bucket.
  double expected(bool withTail) const {
    double sum = 0;
    int64_t count = 0;
    for (int64_t token = 0; token < B * T; ++token) {
      if (labels.const_data_ptr<int64_t>()[token] < 0)
        continue;
      ++count;
      const double *row = data(logits) + token * V;
      std::vector<double> p, q;
      double pRest = 1, qRest = 1;
      for (int64_t n = 0; n < K; ++n) {
        p.push_back(std::exp(data(logprobs)[token * K + n]));
        q.push_back(std::exp(row[ids.const_data_ptr<int32_t>()[token * K + n]] - logSum(row, V)));
        pRest -= p.back();
        qRest -= q.back();
      }
      double pScale = withTail ? 1 : 1 - pRest, qScale = withTail ? 1 : 1 - qRest;
      if (withTail) {
        p.push_back(pRest);
        q.push_back(qRest);
      }
      for (size_t n = 0; n < p.size(); ++n)
        sum += p[n] / pScale * std::log(p[n] / pScale / (q[n] / qScale));
    }
    return sum / static_cast<double>(count);
  }
};

} // namespace

TEST(LossOps, crossEntropy) {
  Sparse x;
  double sum = 0;
  for (int64_t token = 0; token < 6; ++token)
    if (int64_t label = x.labels.const_data_ptr<int64_t>()[token]; label >= 0)
      sum += logSum(data(x.logits) + token * 7, 7) - data(x.logits)[token * 7 + label];
  xlstm::Program program = opProgram("lm.cross_entropy $0, $1", {x.logits, x.labels}, {{}});
  EXPECT_NEAR(program.run("f", {x.logits, x.labels}, {}, Double)[0].item<double>(), sum / 4, 1e-14);
  EXPECT_NEAR(program.run("f", {x.logits, x.labels}, {})[0].item<double>(), sum / 4, 1e-6);
  auto run = [&](const Tensors &in) { return program.run("f", in, {}, Double); };
  EXPECT_LT(gradientError(run, {x.logits, x.labels}), 1e-7);
}

TEST(LossOps, noLabelGivesZero) {
  Sparse x;
  x.labels.fill_(-1);
  x.logits.requires_grad_(true);
  Tensors losses = evalOp("lm.cross_entropy $0, $1", {x.logits, x.labels}, {{}});
  for (const char *mode : {"renormalized", "tail"})
    losses.push_back(evalOp(std::string("xlstm.sparse_kl ") + mode + " $0, $1, $2, $3, $4", x.arguments(), {{}})[0]);
  for (const Tensor &loss : losses) {
    EXPECT_EQ(loss.item<double>(), 0);
    loss.backward();
    EXPECT_EQ(x.logits.grad().abs().max().item<double>(), 0);
  }
}

TEST(LossOps, largeLogits) {
  Sparse x;
  Tensor logits = x.logits * 1e4;
  logits.requires_grad_(true);
  for (const char *op : {"renormalized", "tail"}) {
    Tensors arguments = x.arguments();
    arguments[0] = logits;
    Tensor loss = evalOp(std::string("xlstm.sparse_kl ") + op + " $0, $1, $2, $3, $4", arguments, {{}}, at::kFloat)[0];
    loss.backward();
    EXPECT_TRUE(std::isfinite(loss.item<double>()) && logits.grad().isfinite().all().item<bool>());
  }
  Tensor loss = evalOp("lm.cross_entropy $0, $1", {logits, x.labels}, {{}}, at::kFloat)[0];
  loss.backward();
  EXPECT_TRUE(std::isfinite(loss.item<double>()) && logits.grad().isfinite().all().item<bool>());
}

TEST(LossOps, sparseKl) {
  for (bool withTail : {false, true}) {
    Sparse x;
    std::string op = std::string("xlstm.sparse_kl ") + (withTail ? "tail" : "renormalized") + " $0, $1, $2, $3, $4";
    xlstm::Program program = opProgram(op, x.arguments(), {{}});
    EXPECT_NEAR(program.run("f", x.arguments(), {}, Double)[0].item<double>(), x.expected(withTail), 1e-12);
    EXPECT_NEAR(program.run("f", x.arguments(), {})[0].item<double>(), x.expected(withTail), 1e-6);
    auto run = [&](const Tensors &in) {
      return program.run("f", {in[0], x.ids, x.logprobs, x.tail, x.labels}, {}, Double);
    };
    EXPECT_LT(gradientError(run, {x.logits}), 1e-7);
    // The student that equals the teacher.
    x.logits = x.teacher;
    EXPECT_NEAR(program.run("f", x.arguments(), {}, Double)[0].item<double>(), 0, 1e-14);
  }
}

TEST(LossOps, allTokensStored) {
  Sparse x;
  x.ids = intTensor({0, 1, 2, 3, 4, 5, 6}, {1, 1, 7}).expand({2, 3, 7}).contiguous();
  x.logprobs = x.teacher;
  x.tail = at::full({2, 3}, -std::numeric_limits<double>::infinity(), at::kDouble);
  x.logits.requires_grad_(true);
  Tensor full = evalOp("xlstm.sparse_kl renormalized $0, $1, $2, $3, $4", x.arguments(), {{}})[0];
  Tensor tail = evalOp("xlstm.sparse_kl tail $0, $1, $2, $3, $4", x.arguments(), {{}})[0];
  EXPECT_NEAR(full.item<double>(), tail.item<double>(), 1e-14);
  tail.backward();
  EXPECT_TRUE(x.logits.grad().isfinite().all().item<bool>());
}

TEST(LossOps, alignLoss) {
  Tensor student = randomTensor({2, 3, 2, 4}, 1), teacher = randomTensor({2, 3, 2, 4}, 2);
  double loss = 0, energy = 0;
  for (int64_t n = 0; n < 48; ++n) {
    loss += (data(student)[n] - data(teacher)[n]) * (data(student)[n] - data(teacher)[n]) / 6;
    energy += data(teacher)[n] * data(teacher)[n] / 6;
  }
  xlstm::Program program = opProgram("xlstm.align_loss $0, $1", {student, teacher}, {{}, {}});
  Tensors results = program.run("f", {student, teacher}, {}, Double);
  EXPECT_NEAR(results[0].item<double>(), loss, 1e-14);
  EXPECT_NEAR(results[1].item<double>(), energy, 1e-14);
  EXPECT_LT(gradientError([&](const Tensors &in) { return program.run("f", in, {}, Double); }, {student, teacher}),
            1e-7);
}

TEST(LossOps, indicesOutOfRange) {
  Sparse x;
  x.labels.fill_(7);
  EXPECT_THROW(evalOp("lm.cross_entropy $0, $1", {x.logits, x.labels}, {{}}), xlstm::Error);
  x.ids.fill_(-1);
  EXPECT_THROW(evalOp("xlstm.sparse_kl tail $0, $1, $2, $3, $4", x.arguments(), {{}}), xlstm::Error);
}

// Stored mass need not sum to 1 (half precision rounds it, and a store may keep the tail of another temperature): both
// forms of the loss take what is stored as weights.
TEST(LossOps, storedMassNeedNotSumToOne) {
  for (bool withTail : {false, true})
    for (double shift : {-0.7, 0.4}) {
      Sparse x;
      x.logprobs = x.logprobs + shift;
      x.tail = x.tail - shift / 2;
      double sum = 0, count = 0;
      for (int64_t token = 0; token < Sparse::B * Sparse::T; ++token) {
        if (x.labels.const_data_ptr<int64_t>()[token] < 0)
          continue;
        ++count;
        std::vector<double> p, q;
        double qRest = 1, pSum = 0, qSum = 0;
        const double *row = data(x.logits) + token * Sparse::V;
        for (int64_t n = 0; n < Sparse::K; ++n) {
          p.push_back(std::exp(data(x.logprobs)[token * Sparse::K + n]));
          q.push_back(std::exp(row[x.ids.const_data_ptr<int32_t>()[token * Sparse::K + n]] - logSum(row, Sparse::V)));
          qRest -= q.back();
        }
        if (withTail)
          p.push_back(std::exp(data(x.tail)[token])), q.push_back(qRest);
        for (size_t n = 0; n < p.size(); ++n)
          pSum += p[n], qSum += q[n];
        for (size_t n = 0; n < p.size(); ++n)
          sum += p[n] / pSum * std::log(p[n] / pSum / (q[n] / qSum));
      }
      std::string op = std::string("xlstm.sparse_kl ") + (withTail ? "tail" : "renormalized") + " $0, $1, $2, $3, $4";
      xlstm::Program program = opProgram(op, x.arguments(), {{}});
      EXPECT_NEAR(program.run("f", x.arguments(), {}, Double)[0].item<double>(), sum / count, 1e-12);
      auto run = [&](const Tensors &in) {
        return program.run("f", {in[0], x.ids, x.logprobs, x.tail, x.labels}, {}, Double);
      };
      EXPECT_LT(gradientError(run, {x.logits}), 1e-7);
    }
}
