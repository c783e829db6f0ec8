//===- TypesTest.cpp - ops on bf16 and f16: computed wide, rounded once ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Evaluate/EvaluateTest.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>

#include <cmath>
#include <cstring>

using namespace xlstm::test;
using at::Tensor;

namespace {

Tensor wide(const Tensor &x) { return x.to(at::kDouble); }

/// The bf16 nearest to each float32 number, of two equally near ones the even, by its bits.
Tensor roundBits(const Tensor &x) {
  Tensor from = x.to(at::kFloat).contiguous(), result = at::empty(x.sizes(), at::kBFloat16);
  const float *values = from.const_data_ptr<float>();
  auto *out = static_cast<uint16_t *>(result.mutable_data_ptr());
  for (int64_t n = 0; n < x.numel(); ++n) {
    uint32_t bits;
    std::memcpy(&bits, values + n, sizeof bits);
    out[n] = static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
  }
  return result;
}

Tensor narrow(const Shape &shape, uint64_t seed, double low = -0.5, double high = 1.0) {
  return roundBits(randomTensor(shape, seed, low, high));
}

/// Whether every number is the one rounding of a sum that is as near to `want` as float32 gets.
bool isRoundedOnce(const Tensor &got, const Tensor &want, double tolerance) {
  double slack = want.abs().max().item<double>() * tolerance;
  if (got.scalar_type() != at::kBFloat16 || got.sizes() != want.sizes())
    return false;
  return (wide(got) >= wide(roundBits(want - slack)))
      .logical_and(wide(got) <= wide(roundBits(want + slack)))
      .all()
      .item<bool>();
}

std::string bf16(const Tensor &like) { return typeOf(like.to(at::kBFloat16)); }

/// The first result of `op` in bf16 against `want` in float64, which is also what the override gives, unrounded.
void expectOnce(const std::string &op, const Tensors &x, const Tensor &want, const std::string &types = "",
                double tolerance = 2e-6, std::vector<std::string> moreResults = {}) {
  moreResults.insert(moreResults.begin(), bf16(want));
  xlstm::Program program = typedProgram(op, x, moreResults, types);
  EXPECT_TRUE(isRoundedOnce(program.run("f", x, {})[0], want, tolerance)) << op;
  Tensor unrounded = program.run("f", x, {}, Double)[0];
  EXPECT_EQ(unrounded.scalar_type(), at::kDouble) << op;
  EXPECT_LT(error(unrounded, want), 1e-11) << op;
}

Tensor linear(const Tensor &x, const Tensor &w, const Tensor &bias) {
  Tensor y = at::empty({x.size(0), x.size(1), w.size(0)}, at::kDouble);
  xlstm::reference::linear(data(x), data(w), bias.defined() ? data(bias) : nullptr, y.mutable_data_ptr<double>(),
                           x.size(0) * x.size(1), w.size(1), w.size(0));
  return y;
}

} // namespace

TEST(Types, projections) {
  Tensors x = {narrow({2, 9, 160}, 1), narrow({24, 160}, 2), narrow({24}, 3)};
  Tensor want = linear(wide(x[0]), wide(x[1]), wide(x[2]));
  expectOnce("lm.linear $0, $1 bias($2)", x, want);
  Tensor got = typedProgram("lm.linear $0, $1 bias($2)", x, {bf16(want)}).run("f", x, {})[0];
  EXPECT_TRUE(sameBits(got, roundBits(at::linear(x[0].to(at::kFloat), x[1].to(at::kFloat), x[2].to(at::kFloat)))));
  // Logits: the operands are bf16, the result is not rounded.
  got = typedProgram("lm.linear $0, $1 bias($2)", x, {typeOf(want)}).run("f", x, {})[0];
  EXPECT_TRUE(sameBits(got, at::linear(x[0].to(at::kFloat), x[1].to(at::kFloat), x[2].to(at::kFloat))));
  // A gate: float32 weights.
  Tensors gate = {x[0], randomTensor({24, 160}, 4).to(at::kFloat)};
  got = typedProgram("lm.linear $0, $1", gate, {typeOf(want)}).run("f", gate, {})[0];
  EXPECT_LT(error(got, linear(wide(gate[0]), wide(gate[1]), Tensor())), 1e-6);
  x.push_back(narrow({2, 9, 24}, 5));
  expectOnce("lm.linear_add $0, $1 to $3 bias($2)", x, want + wide(x[3]),
             "(" + bf16(x[0]) + ", " + bf16(x[1]) + ", " + bf16(x[3]) + ", " + bf16(x[2]) + ") -> " + bf16(want));
}

TEST(Types, halfIsRoundedToHalf) {
  Tensors x = {randomTensor({1, 5, 40}, 1).to(at::kHalf), randomTensor({7, 40}, 2).to(at::kHalf)};
  Tensor got = typedProgram("lm.linear $0, $1", x, {"tensor<1x5x7xf16>"}).run("f", x, {})[0];
  Tensor exact = linear(wide(x[0]), wide(x[1]), Tensor());
  ASSERT_EQ(got.scalar_type(), at::kHalf);
  EXPECT_LT(((wide(got) - exact).abs() / exact.abs()).max().item<double>(), 0x1p-11 * 1.001);
}

TEST(Types, normAndElementwise) {
  for (const Shape &shape : {Shape{2, 9, 64}, Shape{2, 3, 4, 16}}) {
    Tensors x = {narrow(shape, 1), narrow({shape.back()}, 2)};
    Tensor want = at::empty(shape, at::kDouble);
    xlstm::reference::rmsNorm(data(wide(x[0])), data(wide(x[1])), want.mutable_data_ptr<double>(),
                              want.numel() / shape.back(), shape.back(), 1e-3);
    expectOnce("lm.rms_norm $0, $1 {eps = 1.0e-3 : f64}", x, want, bf16(x[0]) + ", " + bf16(x[1]));
  }
  Tensors x = {narrow({2, 9, 64}, 1, -4, 4), narrow({2, 9, 64}, 2)};
  Tensor swiglu = at::empty({2, 9, 64}, at::kDouble);
  xlstm::reference::swiglu(data(wide(x[0])), data(wide(x[1])), swiglu.mutable_data_ptr<double>(), swiglu.numel());
  expectOnce("lm.swiglu $0, $1", x, swiglu, bf16(x[0]));
  expectOnce("lm.add $0, $1", x, wide(x[0]) + wide(x[1]), bf16(x[0]));
  expectOnce("lm.scale $0 {factor = 0.3 : f64}", {x[0]}, wide(x[0]) * 0.3, bf16(x[0]));
}

TEST(Types, whatMovesKeepsItsBits) {
  Tensor x = narrow({2, 3, 8}, 1), table = narrow({7, 3}, 2), ids = intTensor({0, 3, 3, 6}, {2, 2});
  auto run = [](const std::string &op, const Tensors &in, const Tensor &want, const std::string &types) {
    EXPECT_TRUE(sameBits(typedProgram(op, in, {typeOf(want)}, types).run("f", in, {})[0], want)) << op;
  };
  Tensor split = x.view({2, 3, 2, 4}), last = x.narrow(1, 2, 1);
  run("lm.split_heads $0", {x}, split, typeOf(x) + " to " + typeOf(split));
  run("lm.merge_heads $0", {split}, x, typeOf(split) + " to " + typeOf(x));
  run("lm.last_token $0", {x}, last, typeOf(x) + " to " + typeOf(last));
  run("lm.slice $0 from 5", {x}, x.narrow(2, 5, 2), typeOf(x) + " to " + typeOf(x.narrow(2, 5, 2)));
  Tensor rows = table.index_select(0, ids.flatten()).view({2, 2, 3});
  run("lm.embed $0, $1", {ids, table}, rows, "");
  run("lm.embed $0, $1", {ids, table}, rows.to(at::kFloat), "");
  Tensor exact = randomTensor({7, 3}, 4).to(at::kFloat);
  run("lm.embed $0, $1", {ids, exact}, roundBits(exact.index_select(0, ids.flatten()).view({2, 2, 3})), "");
}

TEST(Types, ropeAndAttention) {
  constexpr int64_t B = 2, T = 37, H = 4, heads = 2, d = 16;
  Tensors x = {narrow({B, T, H, d}, 1, -2, 2), narrow({B, T, heads, d}, 2, -2, 2), narrow({B, T, heads, d}, 3),
               documents(B, T, {{30, 7}, {T}})};
  std::vector<double> frequencies;
  for (int64_t i = 0; i < d / 2; ++i)
    frequencies.push_back(std::pow(1e4, -2.0 * double(i) / d));
  Tensor want = at::empty(x[0].sizes(), at::kDouble);
  xlstm::reference::rope(data(wide(x[0])), x[3].const_data_ptr<int32_t>(), frequencies.data(), 1,
                         want.mutable_data_ptr<double>(), B, T, H, d);
  expectOnce("lm.rope $0, $1 {rope = #lm.rope<theta = 1.0e+04 : f64>}", {x[0], x[3]}, want,
             typeOf(x[0]) + ", " + typeOf(x[3]));
  for (int64_t window : {0, 9}) {
    xlstm::reference::attention(data(wide(x[0])), data(wide(x[1])), data(wide(x[2])), x[3].const_data_ptr<int32_t>(),
                                want.mutable_data_ptr<double>(), B, T, H, heads, d, d, 0.25, window ? window : -1,
                                window ? 2 : 0);
    expectOnce(std::string("lm.attention $0, $1, $2 docs($3) {scale = 0.25 : f64") +
                   (window ? ", sinks = 2 : i64, window = 9 : i64}" : "}"),
               x, want);
  }
}

TEST(Types, mixer) {
  constexpr int64_t B = 2, T = 37, H = 4, heads = 2, d = 16;
  Tensors x = {narrow({B, T, H, d}, 1, -1, 1), narrow({B, T, heads, d}, 2, -1, 1), narrow({B, T, heads, d}, 3),
               narrow({H, d, d}, 4)};
  auto gate = [](uint64_t seed) { return randomTensor({B, T, H}, seed, -2, 2).to(at::kFloat); };
  Tensor want = at::empty({B, T, H, d}, at::kDouble), i = gate(6), f = gate(7), o = gate(8);
  xlstm::reference::featureMapSoftmax(data(wide(x[1])), data(wide(x[3])), want.mutable_data_ptr<double>(), B, T, heads,
                                      H, d, d);
  expectOnce("xlstm.feature_map softmax $0, $1", {x[1], x[3]}, want);
  Tensors memory = {narrow({B, T, H, d}, 9, 0, 1),  narrow({B, T, H, d}, 10, 0, 1), x[2], i, f,
                    documents(B, T, {{30, 7}, {T}})};
  xlstm::reference::mlstm(data(wide(memory[0])), data(wide(memory[1])), data(wide(x[2])), data(wide(i)), data(wide(f)),
                          memory[5].const_data_ptr<int32_t>(), want.mutable_data_ptr<double>(), B, T, H, heads, d, d);
  for (const char *form : {"parallel", "chunkwise", "recurrent"})
    expectOnce(std::string("xlstm.mlstm ") + form + " $0, $1, $2 gates($3, $4) docs($5) {chunk = 16 : i64}", memory,
               want);
  Tensors mixed = {o, x[0], memory[0]};
  xlstm::reference::mix(data(wide(o)), data(wide(x[0])), data(wide(memory[0])), want.mutable_data_ptr<double>(),
                        B * T * H, d);
  expectOnce("xlstm.mix $0, $1, $2", mixed, want, typeOf(o) + ", " + typeOf(x[0]));
  Tensors output = {x[0], x[1], x[2], randomTensor({H, 3 * d}, 11).to(at::kFloat),
                    randomTensor({H}, 12).to(at::kFloat)};
  Tensor open = at::empty({B, T, H}, at::kDouble);
  xlstm::reference::outputGate(data(wide(x[0])), data(wide(x[1])), data(wide(x[2])), data(wide(output[3])),
                               data(wide(output[4])), open.mutable_data_ptr<double>(), B, T, H, heads, d);
  Tensor got = typedProgram("xlstm.output_gate $0, $1, $2, $3, $4", output, {typeOf(open)}).run("f", output, {})[0];
  EXPECT_EQ(got.scalar_type(), at::kFloat);
  EXPECT_LT(error(got, open), 2e-6);
}

TEST(Types, fusedMixer) {
  constexpr int64_t B = 2, T = 37, H = 4, heads = 2, d = 16, W = 9, S = 2;
  Tensors x = {narrow({B, T, H, d}, 1, -1, 1), narrow({B, T, heads, d}, 2, -1, 1), narrow({B, T, heads, d}, 3),
               narrow({H, d, d}, 4), narrow({H, d, d}, 5)};
  Tensors exact;
  for (const Tensor &tensor : x)
    exact.push_back(wide(tensor));
  for (uint64_t seed : {6, 7, 8}) { // o, i, f
    exact.push_back(randomTensor({B, T, H}, seed, -2, 2));
    x.push_back(exact.back().to(at::kFloat));
  }
  x.push_back(documents(B, T, {{30, 7}, {T}}));
  Tensor want = at::empty({B, T, H, d}, at::kDouble);
  xlstm::reference::hybridForward({B, T, H, heads, d, W, S, 0.25},
                                  {data(exact[0]), data(exact[1]), data(exact[2]), data(exact[6]), data(exact[7]),
                                   data(exact[5]), data(exact[3]), data(exact[4]), x[8].const_data_ptr<int32_t>()},
                                  nullptr, want.mutable_data_ptr<double>());
  for (const char *form : {"chunkwise", "recurrent"}) // by the kernel, and composed
    expectOnce(std::string("xlstm.hybrid ") + form +
                   " $0, $1, $2 maps($3, $4) gates($5, $6, $7) docs($8) "
                   "{scale = 0.25 : f64, window = 9 : i64, sinks = 2 : i64}",
               x, want, "", 1e-5, {bf16(want)});
}

// One token with its rope inside: rings and sinks are bf16 and get the rotated key, rounded; S, z and m are float32.
TEST(Types, fusedMixerWithState) {
  constexpr int64_t B = 1, H = 4, heads = 2, d = 16, W = 9, S = 2;
  int32_t pos = 25;
  Tensors x = {narrow({B, 1, H, d}, 1, -1, 1), narrow({B, 1, heads, d}, 2, -1, 1), narrow({B, 1, heads, d}, 3),
               narrow({H, d, d}, 4), narrow({H, d, d}, 5)};
  for (uint64_t seed : {6, 7, 8})
    x.push_back(randomTensor({B, 1, H}, seed, -2, 2).to(at::kFloat));
  x.push_back(intTensor({pos}, {B}));
  for (const Tensor &state :
       {randomTensor({B, H, d, d}, 9), randomTensor({B, H, d}, 10, 1, 2), randomTensor({B, H}, 11)})
    x.push_back(state.to(at::kFloat));
  for (uint64_t seed : {12, 13})
    x.push_back(narrow({B, W, heads, d}, seed));
  for (uint64_t seed : {14, 15})
    x.push_back(narrow({B, S, heads, d}, seed));
  Tensors exact;
  std::vector<std::string> types = {bf16(x[0])};
  for (const Tensor &tensor : x)
    exact.push_back(tensor.is_floating_point() ? wide(tensor) : tensor);
  for (size_t n = 9; n < x.size(); ++n)
    types.push_back(typeOf(x[n]));
  std::string op =
      "xlstm.hybrid recurrent $0, $1, $2 maps($3, $4) gates($5, $6, $7) at $8 state($9, $10, $11, $12, $13, "
      "$14, $15) {rope = #lm.rope<theta = 1.0e+04 : f64>, scale = 0.25 : f64, window = 9 : i64, sinks = 2 : i64}";
  std::vector<double> frequencies;
  for (int64_t i = 0; i < d / 2; ++i)
    frequencies.push_back(std::pow(1e4, -2.0 * double(i) / d));
  Tensor want = at::empty({B, 1, H, d}, at::kDouble), key = at::empty({B, 1, heads, d}, at::kDouble);
  xlstm::reference::rope(data(exact[1]), &pos, frequencies.data(), 1, key.mutable_data_ptr<double>(), B, 1, heads, d);
  auto state = [&](size_t n) { return exact[9 + n].mutable_data_ptr<double>(); };
  xlstm::reference::HybridState memory = {state(0), state(1), state(2), state(3), state(4), state(5), state(6), &pos};
  xlstm::reference::hybridDecode({B, 1, H, heads, d, W, S, 0.25},
                                 {data(exact[0]), data(exact[1]), data(exact[2]), data(exact[6]), data(exact[7]),
                                  data(exact[5]), data(exact[3]), data(exact[4]), nullptr},
                                 frequencies.data(), 1, memory, want.mutable_data_ptr<double>());
  types.insert(types.begin(), bf16(want));
  Tensors got = typedProgram(op, x, types).run("f", x, {});
  EXPECT_TRUE(isRoundedOnce(got[0], want, 1e-5));
  for (size_t n : {0, 1, 2}) {
    EXPECT_EQ(got[2 + n].scalar_type(), at::kFloat);
    EXPECT_LT(error(got[2 + n], exact[9 + n]), 1e-6) << n;
  }
  for (size_t n : {3, 4, 5, 6})
    EXPECT_TRUE(isRoundedOnce(got[2 + n], exact[9 + n], 1e-6)) << n;
  EXPECT_TRUE(isRoundedOnce(got[5].select(1, 25 % W), key.select(1, 0), 1e-6));
  EXPECT_TRUE(sameBits(got[5].select(1, 26 % W), x[12].select(1, 26 % W)));
}

TEST(Types, lossesAreSummedInFloat32) {
  Tensor logits = narrow({2, 50, 64}, 1, -4, 4), labels = (randomTensor({2, 50}, 2, 0, 1) * 63).to(at::kLong);
  double want = -wide(logits).log_softmax(-1).gather(2, labels.unsqueeze(-1)).mean().item<double>();
  Tensors x = {logits, labels};
  Tensor got = typedProgram("lm.cross_entropy $0, $1", x, {"tensor<f32>"}).run("f", x, {})[0];
  EXPECT_NEAR(got.item<double>() / want, 1, 1e-6);
  Tensors heads = {narrow({2, 50, 4, 8}, 3), narrow({2, 50, 4, 8}, 4)};
  want = (wide(heads[0]) - wide(heads[1])).square().sum().item<double>() / 100;
  got = typedProgram("xlstm.align_loss $0, $1", heads, {"tensor<f32>", "tensor<f32>"}).run("f", heads, {})[0];
  EXPECT_NEAR(got.item<double>() / want, 1, 1e-6);
}

// Rounding passes the gradient on as it is: what comes back is that of the composition with `.to()`, and a float32
// weight that the function rounds gets a float32 gradient.
TEST(Types, gradientsPassTheRounding) {
  const std::string text = R"(lm.model @f(%x: tensor<1x4x8xbf16>) -> tensor<1x4x3xbf16> {
    %w = lm.param "w" : tensor<3x8xbf16>
    %y = lm.linear %x, %w : (tensor<1x4x8xbf16>, tensor<3x8xbf16>) -> tensor<1x4x3xbf16>
    lm.return %y : tensor<1x4x3xbf16>
  })";
  Tensor x = narrow({1, 4, 8}, 1).requires_grad_(true), g = narrow({1, 4, 3}, 2);
  Tensor w = randomTensor({3, 8}, 3).to(at::kFloat).requires_grad_(true);
  Tensor y = xlstm::Program::parse(text, "test.mlir").run("f", {x}, {{"w", w}})[0];
  EXPECT_TRUE(
      sameBits(y.detach(), roundBits(at::linear(x.detach().to(at::kFloat), roundBits(w.detach()).to(at::kFloat)))));
  y.backward(g);
  Tensor rows = g[0].to(at::kFloat);
  EXPECT_TRUE(sameBits(x.grad()[0], roundBits(rows.matmul(roundBits(w.detach()).to(at::kFloat)))));
  EXPECT_EQ(w.grad().scalar_type(), at::kFloat);
  EXPECT_TRUE(sameBits(w.grad(), roundBits(rows.t().matmul(x.detach()[0].to(at::kFloat))).to(at::kFloat)));
}
