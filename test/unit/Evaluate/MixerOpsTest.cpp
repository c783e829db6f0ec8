//===- MixerOpsTest.cpp - feature maps, output gate, mix ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Evaluate/EvaluateTest.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

using namespace xlstm::test;
using at::Tensor;

TEST(MixerOps, featureMaps) {
  for (auto [heads, H] : {std::pair<int64_t, int64_t>{3, 3}, {2, 4}, {1, 3}})
    for (bool softmax : {true, false}) {
      constexpr int64_t B = 2, T = 5, d = 6, m = 7;
      Tensors x = {randomTensor({B, T, heads, d}, 1, -2, 2), randomTensor({H, m, d}, 2, -2, 2)};
      Tensor want = at::empty({B, T, H, m}, at::kDouble);
      (softmax ? xlstm::reference::featureMapSoftmax : xlstm::reference::featureMapElu)(
          data(x[0]), data(x[1]), want.mutable_data_ptr<double>(), B, T, heads, H, d, m);
      std::string op = std::string("xlstm.feature_map ") + (softmax ? "softmax" : "elu") + " $0, $1";
      xlstm::Program program = opProgram(op, x, {{B, T, H, m}});
      EXPECT_LT(error(program.run("f", x, {}, Double)[0], want), 1e-14);
      EXPECT_LT(error(program.run("f", x, {})[0], want), 1e-5);
      EXPECT_LT(gradientError([&](const Tensors &in) { return program.run("f", in, {}, Double); }, x), 1e-7);
    }
}

TEST(MixerOps, outputGate) {
  for (auto [H, heads] : {std::pair<int64_t, int64_t>{2, 2}, {4, 2}, {3, 1}}) {
    constexpr int64_t B = 2, T = 3, d = 4;
    Tensors x = {randomTensor({B, T, H, d}, 1), randomTensor({B, T, heads, d}, 2), randomTensor({B, T, heads, d}, 3),
                 randomTensor({H, 3 * d}, 4), randomTensor({H}, 5)};
    Tensor want = at::empty({B, T, H}, at::kDouble);
    xlstm::reference::outputGate(data(x[0]), data(x[1]), data(x[2]), data(x[3]), data(x[4]),
                                 want.mutable_data_ptr<double>(), B, T, H, heads, d);
    xlstm::Program program = opProgram("xlstm.output_gate $0, $1, $2, $3, $4", x, {{B, T, H}});
    EXPECT_LT(error(program.run("f", x, {}, Double)[0], want), 1e-14);
    EXPECT_LT(error(program.run("f", x, {})[0], want), 1e-5);
    EXPECT_LT(gradientError([&](const Tensors &in) { return program.run("f", in, {}, Double); }, x), 1e-7);
  }
}

TEST(MixerOps, mix) {
  constexpr int64_t B = 2, T = 3, H = 2, d = 4;
  Tensors x = {randomTensor({B, T, H}, 1, -60, 60), randomTensor({B, T, H, d}, 2), randomTensor({B, T, H, d}, 3)};
  Tensor want = at::empty({B, T, H, d}, at::kDouble);
  xlstm::reference::mix(data(x[0]), data(x[1]), data(x[2]), want.mutable_data_ptr<double>(), B * T * H, d);
  xlstm::Program program =
      opProgram("xlstm.mix $0, $1, $2", x, {{B, T, H, d}}, "tensor<2x3x2xf32>, tensor<2x3x2x4xf32>");
  EXPECT_LT(error(program.run("f", x, {}, Double)[0], want), 1e-14);
  EXPECT_LT(error(program.run("f", x, {})[0], want), 1e-6);
  x[0] = randomTensor({B, T, H}, 1, -2, 2);
  EXPECT_LT(gradientError([&](const Tensors &in) { return program.run("f", in, {}, Double); }, x), 1e-7);
}
