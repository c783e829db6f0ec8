//===- AttentionOpsTest.cpp - rope and attention against the reference ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Evaluate/EvaluateTest.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <cmath>

using namespace xlstm::test;
using at::Tensor;

namespace {

struct Case {
  int64_t B, T, H, heads, d, dv, window, sinks;
};

std::string attentionOp(int64_t window, int64_t sinks, const std::string &place = "docs($3)") {
  std::string text = "lm.attention $0, $1, $2 " + place + " {scale = 0.25 : f64";
  if (window > 0)
    text += ", window = " + std::to_string(window) + " : i64, sinks = " + std::to_string(sinks) + " : i64";
  return text + "}";
}

Tensors operands(const Case &c, const Tensor &docs, uint64_t seed = 1) {
  return {randomTensor({c.B, c.T, c.H, c.d}, seed, -2, 2), randomTensor({c.B, c.T, c.heads, c.d}, seed + 1, -2, 2),
          randomTensor({c.B, c.T, c.heads, c.dv}, seed + 2), docs};
}

Tensor reference(const Case &c, const Tensors &x) {
  Tensor h = at::empty({c.B, c.T, c.H, c.dv}, at::kDouble);
  xlstm::reference::attention(data(x[0]), data(x[1]), data(x[2]), x[3].const_data_ptr<int32_t>(),
                              h.mutable_data_ptr<double>(), c.B, c.T, c.H, c.heads, c.d, c.dv, 0.25,
                              c.window > 0 ? c.window : -1, c.sinks);
  return h;
}

Tensor attend(const Case &c, const Tensors &x, at::ScalarType type) {
  return evalOp(attentionOp(c.window, c.sinks), x, {{c.B, c.T, c.H, c.dv}}, type)[0];
}

const std::vector<std::vector<int64_t>> Whole = {{1000}}, Packed = {{11, 1, 40}, {1000}, {3, 70, 2}};

} // namespace

TEST(AttentionOps, agreesWithReference) {
  for (int64_t T : {1, 2, 17, 64, 131})
    for (int64_t window : {0, 1, 5, 16, 64})
      for (int64_t sinks : window ? std::vector<int64_t>{0, 1, 4} : std::vector<int64_t>{0})
        for (const auto &documentLengths : {Whole, Packed})
          for (auto [H, heads] : {std::pair<int64_t, int64_t>{1, 1}, {4, 2}, {3, 1}}) {
            Case c{3, T, H, heads, 6, heads == 2 ? 6 : 5, window, sinks};
            Tensors x = operands(c, documents(c.B, T, documentLengths));
            Tensor want = reference(c, x);
            EXPECT_LT(headError(attend(c, x, at::kDouble), want), 1e-12)
                << "T " << T << " W " << window << " S " << sinks << " H " << H;
            EXPECT_LT(headError(attend(c, x, at::kFloat), want), 1e-5)
                << "T " << T << " W " << window << " S " << sinks << " H " << H;
          }
}

TEST(AttentionOps, manyBlocksOfAWideWindow) {
  for (int64_t window : {100, 300}) {
    Case c{1, 700, 2, 1, 8, 8, window, 4};
    Tensors x = operands(c, documents(1, 700, {{130, 400, 9, 200}}));
    EXPECT_LT(headError(attend(c, x, at::kFloat), reference(c, x)), 1e-5);
  }
}

// Equal keys give every visible key the same weight, so a value of 1 at one key reads its weight.
TEST(AttentionOps, aSinkInsideTheWindowCountsOnce) {
  constexpr int64_t T = 9, W = 4, S = 2;
  Tensor q = randomTensor({1, T, 1, 2}, 1), k = at::zeros({1, T, 1, 2}, at::kDouble),
         v = at::zeros({1, T, 1, T}, at::kDouble);
  for (int64_t t = 0; t < T; ++t)
    v.mutable_data_ptr<double>()[t * T + t] = 1;
  Tensor h = evalOp(attentionOp(W, S), {q, k, v, documents(1, T, Whole)}, {{1, T, 1, T}})[0];
  for (int64_t t = 0; t < T; ++t)
    for (int64_t j = 0; j < T; ++j) {
      int64_t visible = std::min(t + 1, W) + std::max<int64_t>(0, std::min(S, t - W + 1));
      bool sees = j <= t && (j > t - W || j < S);
      EXPECT_NEAR(data(h)[t * T + j], sees ? 1.0 / static_cast<double>(visible) : 0.0, 1e-15) << t << " " << j;
    }
}

TEST(AttentionOps, gradients) {
  for (auto [window, sinks] : {std::pair<int64_t, int64_t>{0, 0}, {3, 0}, {3, 2}}) {
    Case c{2, 9, 4, 2, 3, 3, window, sinks};
    Tensors x = operands(c, documents(2, 9, {{4, 5}, {9}}));
    xlstm::Program program = opProgram(attentionOp(window, sinks), x, {{c.B, c.T, c.H, c.dv}});
    EXPECT_LT(gradientError([&](const Tensors &in) { return program.run("f", in, {}, Double); }, x), 1e-7);
  }
}

TEST(AttentionOps, documentsAreIndependentBitForBit) {
  for (auto [window, sinks] : {std::pair<int64_t, int64_t>{0, 0}, {8, 0}, {8, 4}, {64, 4}}) {
    Case c{1, 150, 4, 2, 16, 16, window, sinks};
    Tensors x = operands(c, documents(1, 150, {{40, 70, 40}}));
    auto run = [&](const Tensors &in) {
      Tensors leaves;
      for (size_t n = 0; n < 3; ++n)
        leaves.push_back(in[n].to(at::kFloat).requires_grad_(true));
      Tensor h = attend(c, {leaves[0], leaves[1], leaves[2], in[3]}, at::kFloat);
      h.narrow(1, 40, 70).square().sum().backward();
      return Tensors{h.detach(), leaves[0].grad(), leaves[1].grad(), leaves[2].grad()};
    };
    Tensors other = x;
    for (size_t n = 0; n < 3; ++n) {
      other[n] = x[n].clone();
      other[n].narrow(1, 0, 40).mul_(-30).add_(3);
      other[n].narrow(1, 110, 40).mul_(-20).add_(7);
    }
    Tensors a = run(x), b = run(other);
    for (size_t n = 0; n < a.size(); ++n) {
      EXPECT_TRUE(sameBits(a[n].narrow(1, 40, 70), b[n].narrow(1, 40, 70))) << "output " << n << " W " << window;
      if (n > 0) { // nothing leaks out
        EXPECT_EQ(a[n].narrow(1, 0, 40).abs().max().item<float>(), 0);
        EXPECT_EQ(a[n].narrow(1, 110, 40).abs().max().item<float>(), 0);
      }
    }
  }
}

/// Feeds c.T tokens in `pieces`, going round, and compares each with the whole.
static void expectPieces(const Case &c, const std::vector<int64_t> &pieces) {
  Tensors x = operands(c, documents(c.B, c.T, Whole));
  Tensor want = reference(c, x);
  Shape ring_k = {c.B, c.window, c.heads, c.d}, ring_v = {c.B, c.window, c.heads, c.dv};
  std::vector<Shape> shapes = {{}, ring_k, ring_v};
  std::string place = "at $3 state($4, $5)";
  if (c.sinks) {
    shapes.insert(shapes.end(), {{c.B, c.sinks, c.heads, c.d}, {c.B, c.sinks, c.heads, c.dv}});
    place = "at $3 state($4, $5, $6, $7)";
  }
  Tensors state;
  for (size_t n = 1; n < shapes.size(); ++n)
    state.push_back(at::zeros(shapes[n], at::kDouble));
  int64_t done = 0;
  for (size_t n = 0; done < c.T; ++n) {
    int64_t count = std::min(c.T - done, pieces[n % pieces.size()]);
    Tensors arguments;
    for (size_t k = 0; k < 3; ++k)
      arguments.push_back(x[k].narrow(1, done, count).contiguous());
    arguments.push_back(intTensor(std::vector<int32_t>(c.B, int32_t(done)), {c.B}));
    arguments.insert(arguments.end(), state.begin(), state.end());
    shapes[0] = {c.B, count, c.H, c.dv};
    Tensors results = evalOp(attentionOp(c.window, c.sinks, place), arguments, shapes);
    EXPECT_LT(headError(results[0], want.narrow(1, done, count)), 1e-12) << "W " << c.window << " at " << done;
    state.assign(results.begin() + 1, results.end());
    done += count;
  }
}

TEST(AttentionOps, stateInPiecesEqualsTheWhole) {
  for (auto [window, sinks] : {std::pair<int64_t, int64_t>{5, 0}, {5, 3}, {16, 4}, {3, 5}, {200, 0}})
    for (const std::vector<int64_t> &pieces :
         {std::vector<int64_t>{1, 9}, {7, 1, 2}, {40, 3}, {2, 33, 1, 1}, {1, 1, 3, 90}})
      expectPieces({2, 50, 4, 2, 4, 3, window, sinks}, pieces);
  for (const std::vector<int64_t> &pieces : {std::vector<int64_t>{100, 20, 180}, {40, 250}, {390, 1}}) // several blocks
    expectPieces({1, 400, 2, 1, 4, 4, 300, 4}, pieces);
}

TEST(AttentionOps, gradientsThroughState) {
  Tensors x = {randomTensor({2, 4, 2, 3}, 1), randomTensor({2, 4, 1, 3}, 2), randomTensor({2, 4, 1, 3}, 3),
               intTensor({1, 6}, {2}),        randomTensor({2, 3, 1, 3}, 4), randomTensor({2, 3, 1, 3}, 5),
               randomTensor({2, 2, 1, 3}, 6), randomTensor({2, 2, 1, 3}, 7)};
  xlstm::Program program = opProgram(attentionOp(3, 2, "at $3 state($4, $5, $6, $7)"), x,
                                     {{2, 4, 2, 3}, {2, 3, 1, 3}, {2, 3, 1, 3}, {2, 2, 1, 3}, {2, 2, 1, 3}});
  EXPECT_LT(gradientError([&](const Tensors &in) { return program.run("f", in, {}, Double); }, x), 1e-7);
}

TEST(AttentionOps, rowsOfAStateHaveTheirOwnPosition) {
  constexpr int64_t W = 4, S = 2, T = 20;
  Case c{2, T, 2, 1, 4, 4, W, S};
  Tensors x = operands(c, documents(2, T, Whole));
  Tensor want = reference(c, x);
  std::vector<Shape> shapes = {{}, {2, W, 1, 4}, {2, W, 1, 4}, {2, S, 1, 4}, {2, S, 1, 4}};
  Tensors state;
  for (size_t n = 1; n < shapes.size(); ++n)
    state.push_back(at::zeros(shapes[n], at::kDouble));
  // Row 0 stands at token n, row 1 at token 2 n.
  for (int64_t n = 0; n < 3; ++n) {
    int64_t count = 2, first = n * 2, second = n * 6;
    Tensors arguments;
    // Both rows take `count` tokens; row 1 then takes 4 more with row 0's state thrown away.
    for (size_t k = 0; k < 3; ++k)
      arguments.push_back(
          at::cat({x[k].narrow(0, 0, 1).narrow(1, first, count), x[k].narrow(0, 1, 1).narrow(1, second, count)}, 0));
    arguments.push_back(intTensor({int32_t(first), int32_t(second)}, {2}));
    arguments.insert(arguments.end(), state.begin(), state.end());
    shapes[0] = {2, count, 2, 4};
    Tensors results = evalOp(attentionOp(W, S, "at $3 state($4, $5, $6, $7)"), arguments, shapes);
    EXPECT_LT(headError(results[0].narrow(0, 0, 1), want.narrow(0, 0, 1).narrow(1, first, count)), 1e-12);
    EXPECT_LT(headError(results[0].narrow(0, 1, 1), want.narrow(0, 1, 1).narrow(1, second, count)), 1e-12);
    Tensors next(results.begin() + 1, results.end());
    arguments.resize(3);
    for (size_t k = 0; k < 3; ++k)
      arguments[k] = x[k].narrow(1, second + count, 4).contiguous();
    arguments.push_back(intTensor({int32_t(first + count), int32_t(second + count)}, {2}));
    arguments.insert(arguments.end(), next.begin(), next.end());
    shapes[0] = {2, 4, 2, 4};
    results = evalOp(attentionOp(W, S, "at $3 state($4, $5, $6, $7)"), arguments, shapes);
    for (size_t k = 0; k < 4; ++k)
      state[k] = at::cat({next[k].narrow(0, 0, 1), results[k + 1].narrow(0, 1, 1)}, 0);
  }
}

TEST(AttentionOps, rope) {
  constexpr int64_t B = 2, T = 5, H = 3, d = 8;
  Tensor x = randomTensor({B, T, H, d}, 1), positions = intTensor({0, 1, 2, 3, 4, 2000, 131000, 0, 1048577, 16777217}, {B, T});
  std::vector<double> frequencies = {1.0, 0.25, 0.0625, 0.001953125};
  Tensor want = at::empty({B, T, H, d}, at::kDouble);
  xlstm::reference::rope(data(x), positions.const_data_ptr<int32_t>(), frequencies.data(), 1.5,
                         want.mutable_data_ptr<double>(), B, T, H, d);
  std::string op = "lm.rope $0, $1 {rope = #lm.rope<frequencies = [1.0, 0.25, 0.0625, 0.001953125], attention_factor = "
                   "1.5 : f64>}";
  std::string types = "tensor<2x5x3x8xf32>, tensor<2x5xi32>";
  EXPECT_LT(error(evalOp(op, {x, positions}, {{B, T, H, d}}, at::kDouble, types)[0], want), 1e-15);
  EXPECT_LT(error(evalOp(op, {x, positions}, {{B, T, H, d}}, at::kFloat, types)[0], want), 1e-6);
}
