//===- TensorOpsTest.cpp - projections, norms, elementwise, heads ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Evaluate/EvaluateTest.h"
#include "xlstm/Support/Error.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

using namespace xlstm::test;
using at::Tensor;

namespace {

/// `op` in both types against `want`, and its gradients.
void expectOp(const std::string &op, const Tensors &x, const Tensor &want, const std::string &types = "") {
  xlstm::Program program = opProgram(op, x, {want.sizes().vec()}, types);
  EXPECT_LT(error(program.run("f", x, {}, Double)[0], want), 1e-14) << op;
  EXPECT_LT(error(program.run("f", x, {})[0], want), 1e-5) << op;
  EXPECT_LT(gradientError([&](const Tensors &in) { return program.run("f", in, {}, Double); }, x), 1e-6) << op;
}

Tensor like(const Tensor &x) { return at::empty_like(x); }

} // namespace

TEST(TensorOps, linear) {
  Tensors x = {randomTensor({2, 3, 5}, 1), randomTensor({4, 5}, 2), randomTensor({4}, 3)};
  Tensor want = at::empty({2, 3, 4}, at::kDouble);
  xlstm::reference::linear(data(x[0]), data(x[1]), data(x[2]), want.mutable_data_ptr<double>(), 6, 5, 4);
  expectOp("lm.linear $0, $1 bias($2)", x, want);
  x.pop_back();
  xlstm::reference::linear(data(x[0]), data(x[1]), nullptr, want.mutable_data_ptr<double>(), 6, 5, 4);
  expectOp("lm.linear $0, $1", x, want);
  x.push_back(randomTensor({2, 3, 4}, 4));
  expectOp("lm.linear_add $0, $1 to $2", x, want + x[2]);
}

TEST(TensorOps, rmsNorm) {
  for (const Shape &shape : {Shape{2, 3, 6}, Shape{2, 3, 2, 5}}) {
    Tensors x = {randomTensor(shape, 1), randomTensor({shape.back()}, 2)};
    Tensor want = like(x[0]);
    xlstm::reference::rmsNorm(data(x[0]), data(x[1]), want.mutable_data_ptr<double>(), want.numel() / shape.back(),
                              shape.back(), 1e-3);
    std::string types = shape.size() == 3 ? "tensor<2x3x6xf32>, tensor<6xf32>" : "tensor<2x3x2x5xf32>, tensor<5xf32>";
    expectOp("lm.rms_norm $0, $1 {eps = 1.0e-3 : f64}", x, want, types);
  }
}

TEST(TensorOps, elementwise) {
  Tensors x = {randomTensor({2, 3, 4}, 1, -20, 20), randomTensor({2, 3, 4}, 2)};
  Tensor swiglu = like(x[0]), sum = like(x[0]), scaled = like(x[0]);
  xlstm::reference::swiglu(data(x[0]), data(x[1]), swiglu.mutable_data_ptr<double>(), 24);
  for (int64_t n = 0; n < 24; ++n) {
    sum.mutable_data_ptr<double>()[n] = data(x[0])[n] + data(x[1])[n];
    scaled.mutable_data_ptr<double>()[n] = data(x[0])[n] * -1.5;
  }
  expectOp("lm.swiglu $0, $1", x, swiglu, "tensor<2x3x4xf32>");
  expectOp("lm.add $0, $1", x, sum, "tensor<2x3x4xf32>");
  expectOp("lm.scale $0 {factor = -1.5 : f64}", {x[0]}, scaled, "tensor<2x3x4xf32>");
}

TEST(TensorOps, embed) {
  Tensor ids = intTensor({0, 3, 3, 6}, {2, 2}), table = randomTensor({7, 3}, 1),
         want = at::empty({2, 2, 3}, at::kDouble);
  for (int64_t n = 0; n < 12; ++n)
    want.mutable_data_ptr<double>()[n] = data(table)[ids.const_data_ptr<int32_t>()[n / 3] * 3 + n % 3];
  expectOp("lm.embed $0, $1", {ids, table}, want);
  for (int32_t bad : {-1, 7})
    EXPECT_THROW(evalOp("lm.embed $0, $1", {intTensor({0, bad}, {1, 2}), table}, {{1, 2, 3}}), xlstm::Error);
}

TEST(TensorOps, headsAndLastToken) {
  Tensor x = randomTensor({2, 3, 8}, 1);
  expectOp("lm.split_heads $0", {x}, x.view({2, 3, 2, 4}), "tensor<2x3x8xf32> to tensor<2x3x2x4xf32>");
  expectOp("lm.merge_heads $0", {x.view({2, 3, 2, 4})}, x, "tensor<2x3x2x4xf32> to tensor<2x3x8xf32>");
  expectOp("lm.last_token $0", {x}, x.narrow(1, 2, 1), "tensor<2x3x8xf32> to tensor<2x1x8xf32>");
  expectOp("lm.slice $0 from 5", {x}, x.narrow(2, 5, 2), "tensor<2x3x8xf32> to tensor<2x3x2xf32>");
}

TEST(TensorOps, positions) {
  Tensor ids = intTensor({5, 5, 5, 5, 5, 5}, {2, 3}), docs = intTensor({0, 0, 2, 0, 1, 1}, {2, 3});
  auto positions = [&](const std::string &op, const Tensor &place, const std::string &placeType) {
    xlstm::Program program = xlstm::Program::parse(
        "lm.model @f(%a0: tensor<2x3xi32>, %a1: " + placeType + ") -> tensor<2x3xi32> {\n%r = lm.positions %a0 " + op +
            " : (tensor<2x3xi32>, " + placeType + ") -> tensor<2x3xi32>\nlm.return %r : tensor<2x3xi32>\n}",
        "test.mlir");
    return program.run("f", {ids, place}, {})[0];
  };
  EXPECT_TRUE(sameBits(positions("docs(%a1)", docs, "tensor<2x3xi32>"), intTensor({0, 1, 0, 0, 0, 1}, {2, 3})));
  EXPECT_TRUE(
      sameBits(positions("at %a1", intTensor({7, 0}, {2}), "tensor<2xi32>"), intTensor({7, 8, 9, 0, 1, 2}, {2, 3})));
}
