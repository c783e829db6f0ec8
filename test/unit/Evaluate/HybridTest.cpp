//===- HybridTest.cpp - xlstm.hybrid: composed in float64, by the kernel in float32 ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Evaluate/EvaluateTest.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

using namespace xlstm::test;
using at::Tensor;

namespace {

constexpr int64_t B = 2, T = 70, H = 4, Hkv = 2, d = 16, W = 20, S = 3;
constexpr const char *Op = "xlstm.hybrid chunkwise $0, $1, $2 maps($3, $4) gates($5, $6, $7) docs($8) "
                           "{scale = 0.25 : f64, window = 20 : i64, sinks = 3 : i64}";

/// q, k, v, maps, gates o, i, f, docs; float64 numbers that float32 holds.
Tensors operands() {
  Tensors x = {randomTensor({B, T, H, d}, 1, -1, 1),  randomTensor({B, T, Hkv, d}, 2, -1, 1),
               randomTensor({B, T, Hkv, d}, 3),       randomTensor({H, d, d}, 4, -0.5, 0.5),
               randomTensor({H, d, d}, 5, -0.5, 0.5), randomTensor({B, T, H}, 6, -2, 2),
               randomTensor({B, T, H}, 7, -2, 2),     randomTensor({B, T, H}, 8, 1, 5)};
  for (Tensor &tensor : x)
    tensor = tensor.to(at::kFloat).to(at::kDouble);
  x.push_back(documents(B, T, {{30, 1, 39}, {70}}));
  return x;
}

/// The mixer's output and every gradient for the gradient dh of h.
Tensors truth(const Tensors &x, const Tensor &dh) {
  xlstm::reference::HybridShape shape = {B, T, H, Hkv, d, W, S, 0.25};
  xlstm::reference::HybridInputs in = {data(x[0]), data(x[1]), data(x[2]),
                                       data(x[6]), data(x[7]), data(x[5]),
                                       data(x[3]), data(x[4]), x[8].const_data_ptr<int32_t>()};
  Tensors results = {at::empty(x[0].sizes(), at::kDouble)};
  for (size_t n = 0; n < 8; ++n)
    results.push_back(at::empty(x[n].sizes(), at::kDouble));
  auto out = [&](size_t n) { return results[n + 1].mutable_data_ptr<double>(); };
  xlstm::reference::HybridGradients gradients{};
  gradients.q = out(0), gradients.k = out(1), gradients.v = out(2), gradients.qMap = out(3), gradients.kMap = out(4);
  gradients.o = out(5), gradients.i = out(6), gradients.f = out(7);
  xlstm::reference::hybridForward(shape, in, nullptr, results[0].mutable_data_ptr<double>());
  xlstm::reference::hybridBackward(shape, in, nullptr, data(dh), nullptr, gradients);
  return results;
}

/// The same by the evaluator.
Tensors evaluated(const Tensors &x, const Tensor &dh, const xlstm::EvalOptions &options) {
  Tensors leaves;
  for (const Tensor &tensor : x)
    leaves.push_back(tensor.is_floating_point() ? tensor.to(options.type).detach().requires_grad_(true) : tensor);
  xlstm::Program program = opProgram(Op, x, {{B, T, H, d}, {B, T, H, d}});
  Tensors results = {program.run("f", leaves, {}, options)[0]};
  results[0].backward(dh.to(options.type));
  for (size_t n = 0; n < 8; ++n)
    results.push_back(leaves[n].grad());
  return results;
}

} // namespace

TEST(Hybrid, outputAndGradientsAreTheReferences) {
  Tensors x = operands(), want;
  Tensor dh = randomTensor({B, T, H, d}, 9);
  want = truth(x, dh);
  xlstm::EvalOptions parallel; // asked for a form: composed, in float32
  parallel.form = xlstm::MlstmForm::Parallel;
  for (auto [options, tolerance] :
       {std::pair(Double, 1e-11), std::pair(xlstm::EvalOptions(), 1e-5), std::pair(parallel, 1e-5)}) {
    Tensors got = evaluated(x, dh, options);
    for (size_t n = 0; n < want.size(); ++n)
      EXPECT_LT(error(got[n].to(at::kDouble), want[n]), tolerance) << n;
  }
}

TEST(Hybrid, windowIsThatOfTheAttention) {
  Tensors x = operands();
  Tensor want = at::empty({B, T, H, d}, at::kDouble);
  xlstm::reference::attention(data(x[0]), data(x[1]), data(x[2]), x[8].const_data_ptr<int32_t>(),
                              want.mutable_data_ptr<double>(), B, T, H, Hkv, d, d, 0.25, W, S);
  EXPECT_LT(error(evalOp(Op, x, {{B, T, H, d}, {B, T, H, d}})[1], want), 1e-14);
  EXPECT_LT(error(evalOp(Op, x, {{B, T, H, d}, {B, T, H, d}}, at::kFloat)[1].to(at::kDouble), want), 1e-5);
}

// Two rows, the first at a document's start: prefill, one token with its rope inside, and tokens that lap the ring.
TEST(Hybrid, stateByTheKernelIsThatOfTheComposition) {
  for (auto [tokens, form, rope] : {std::tuple(int64_t(70), "chunkwise", ""), std::tuple(int64_t(5), "chunkwise", ""),
                                    std::tuple(int64_t(1), "recurrent", "rope = #lm.rope<theta = 1.0e+04 : f64>, ")}) {
    Tensors x = operands();
    x.pop_back();
    for (size_t n : {0, 1, 2, 5, 6, 7})
      x[n] = x[n].narrow(1, 0, tokens).contiguous();
    x.push_back(intTensor({0, 25}, {B}));
    Tensor m = randomTensor({B, H}, 10);
    Tensors state = {
        randomTensor({B, H, d, d}, 11),   randomTensor({B, H, d}, 12, 1, 2), m,
        randomTensor({B, W, Hkv, d}, 13), randomTensor({B, W, Hkv, d}, 14),  randomTensor({B, S, Hkv, d}, 15),
        randomTensor({B, S, Hkv, d}, 16)};
    for (size_t n : {0, 1})
      state[n][0].zero_();
    m[0].fill_(-INFINITY);
    x.insert(x.end(), state.begin(), state.end());
    std::vector<Shape> results = {{B, tokens, H, d}, {B, tokens, H, d}};
    for (const Tensor &tensor : state)
      results.push_back(tensor.sizes().vec());
    std::string op = std::string("xlstm.hybrid ") + form +
                     " $0, $1, $2 maps($3, $4) gates($5, $6, $7) at $8 state($9, $10, $11, $12, $13, $14, $15) {" +
                     rope + "scale = 0.25 : f64, window = 20 : i64, sinks = 3 : i64}";
    Tensors floats;
    for (const Tensor &tensor : x)
      floats.push_back(tensor.is_floating_point() ? tensor.to(at::kFloat) : tensor);
    for (size_t n = 0; n < x.size(); ++n)
      x[n] = x[n].is_floating_point() ? floats[n].to(at::kDouble) : x[n];
    Tensors want = evalOp(op, x, results), before;
    for (const Tensor &tensor : floats)
      before.push_back(tensor.clone());
    Tensors got = opProgram(op, floats, results).run("f", floats, {}, xlstm::EvalOptions());
    for (size_t n = 0; n < want.size(); ++n)
      EXPECT_LT(error(got[n].to(at::kDouble), want[n]), 1e-5) << tokens << " tokens, result " << n;
    for (size_t n = 0; n < floats.size(); ++n)
      EXPECT_TRUE(sameBits(floats[n], before[n])) << n; // states are copied
  }
}
