//===- FusedTest.cpp - small ops of training against float64 autograd -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Fused.h"
#include "test/unit/Cuda/CudaTest.h"
#include "test/unit/OnCuda.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/silu.h>
#include <functional>

using namespace xlstm::evaluate;
using at::Tensor;

namespace {

using Op = std::function<Tensor(const std::vector<Tensor> &)>;

/// Largest difference as a part of the largest value.
double error(const Tensor &got, const Tensor &want) {
  Tensor wide = got.detach().to(at::kCPU, at::kDouble);
  return (wide - want).abs().max().item<double>() / std::max(want.abs().max().item<double>(), 1e-30);
}

} // namespace

class CudaFused : public xlstm::test::OnCuda<testing::TestWithParam<at::ScalarType>> {
protected:
  Tensor random(at::IntArrayRef sizes, at::ScalarType type) const { return at::randn(sizes).to(type); }

  /// The op and its gradients by a random direction beside the same of float64, for the same rounded operands. `least`:
  /// of the bound, where several roundings add up.
  void check(const std::vector<Tensor> &operands, const Op &fused, const Op &composed, double least = 0) const {
    std::vector<Tensor> leaves, wide;
    for (const Tensor &x : operands) {
      leaves.push_back(x.to(device).requires_grad_(true));
      wide.push_back(x.to(at::kDouble).requires_grad_(true));
    }
    Tensor got = fused(leaves), want = composed(wide);
    ASSERT_TRUE(got.defined());
    Tensor direction = at::randn(want.sizes()).to(got.scalar_type());
    got.backward(direction.to(device));
    want.backward(direction.to(at::kDouble));
    EXPECT_LE(error(got, want.detach()), std::max(bound(got), least));
    for (size_t n = 0; n < leaves.size(); ++n)
      EXPECT_LE(error(leaves[n].grad(), wide[n].grad()),
                std::max(bound(leaves[n]), leaves[n].scalar_type() == at::kBFloat16 ? 2.5 * least : 0))
          << "gradient of operand " << n;
  }
  static double bound(const Tensor &x) { return x.scalar_type() == at::kBFloat16 ? 4e-3 : 3e-6; }

  at::ScalarType type = GetParam();
};
INSTANTIATE_TEST_SUITE_P(Types, CudaFused, testing::Values(at::kFloat, at::kBFloat16));

TEST_P(CudaFused, RmsNorm) {
  for (int64_t n : {8, 64, 264, 512, 576, 1032, 2048, 4096, 8192, 16384})
    for (int64_t rows : {1, 7, 1063}) {
      SCOPED_TRACE(std::to_string(rows) + " rows of " + std::to_string(n));
      check(
          {random({rows, n}, type), random({n}, type)}, [](auto &x) { return fusedRmsNorm(x[0], x[1], 1e-5); },
          [](auto &x) { return x[0] * (x[0].square().mean(-1, true) + 1e-5).rsqrt() * x[1]; });
    }
  EXPECT_FALSE(fusedRmsNorm(random({3, 12}, type).to(device), random({12}, type).to(device), 1e-5).defined());
}

TEST_P(CudaFused, Rotate) {
  for (int64_t d : {2, 6, 32, 64, 80, 128}) {
    SCOPED_TRACE(d);
    Tensor angle = at::rand({2, 37, 1, d / 2}) * 100, cos = angle.cos(), sin = angle.sin();
    check(
        {random({2, 37, 3, d}, type)}, [&](auto &x) { return fusedRotate(x[0], cos.to(device), sin.to(device)); },
        [&](auto &x) {
          Tensor low = x[0].narrow(-1, 0, d / 2), high = x[0].narrow(-1, d / 2, d / 2);
          return at::cat({low * cos - high * sin, high * cos + low * sin}, -1);
        });
  }
}

TEST_P(CudaFused, Swiglu) {
  for (int64_t n : {8, 1408, 8200}) {
    Tensor gate = random({5, n}, type) * 4;
    gate[0][0] = -80, gate[0][1] = 80;
    check(
        {gate, random({5, n}, type)}, [](auto &x) { return fusedSwiglu(x[0], x[1]); },
        [](auto &x) { return at::silu(x[0]) * x[1]; });
  }
}

TEST_P(CudaFused, OutputGate) {
  struct {
    int64_t H, Hkv, d, T;
  } shapes[] = {{1, 1, 8, 1}, {8, 4, 64, 300}, {9, 3, 64, 65}, {4, 1, 128, 1000}, {2, 2, 264, 70}};
  for (auto [H, Hkv, d, T] : shapes) {
    SCOPED_TRACE(std::to_string(H) + " heads of " + std::to_string(d));
    auto composed = [H = H](const std::vector<Tensor> &x) {
      auto heads = [&](const Tensor &part) { return part.repeat_interleave(H / part.size(2), 2); };
      return (at::cat({heads(x[0]), heads(x[1]), heads(x[2])}, -1) * x[3]).sum(-1) + x[4];
    };
    check(
        {random({2, T, H, d}, type), random({2, T, Hkv, d}, type), random({2, T, Hkv, d}, type),
         random({H, 3 * d}, at::kFloat), random({H}, at::kFloat)},
        [](auto &x) { return fusedOutputGate(x[0], x[1], x[2], x[3], x[4]); }, composed);
  }
}

TEST_P(CudaFused, Squares) {
  for (int64_t n : {8, 4000, 3000000}) {
    SCOPED_TRACE(n);
    Tensor y = random({n}, type), energy;
    check(
        {random({n}, type)},
        [&](auto &x) {
          auto [distance, square] = fusedSquares(x[0], y.to(device));
          energy = square;
          return distance;
        },
        [&](auto &x) { return (x[0] - y.to(at::kDouble)).square().sum(); });
    EXPECT_LE(error(energy, y.to(at::kDouble).square().sum()), bound(energy));
  }
}

TEST_P(CudaFused, Linears) {
  Tensor x = random({3, 8}, type).to(device), wide = random({8, 8}, at::kFloat).to(device);
  EXPECT_EQ(takesLinear(x, wide, true), type == at::kBFloat16);
  EXPECT_EQ(takesLinear(x, wide.to(type), false), type == at::kBFloat16);
  EXPECT_FALSE(takesLinear(x, wide.to(at::kBFloat16), true));
  if (type == at::kFloat)
    return;
  for (auto [m, n] : {std::pair<int64_t, int64_t>(8, 8), {8, 512}, {32, 4096}, {9, 576}, {1, 64}}) {
    SCOPED_TRACE(std::to_string(m) + " of " + std::to_string(n));
    Tensor rows = random({3, 111, n}, type), weight = random({m, n}, at::kFloat), bias = random({m}, at::kFloat);
    check(
        {rows, weight, bias}, [](auto &x) { return fusedLinears(x[0], {x[1]}, {x[2]})[0]; },
        [](auto &x) { return at::linear(x[0], x[1], x[2]); });
    // Two narrow and two wide ones: their results beside each other.
    check(
        {rows, random({24, n}, type), weight, random({16, n}, type), random({5, n}, at::kFloat), bias},
        [](auto &x) {
          std::vector<Tensor> y = fusedLinears(x[0], {x[1], x[2], x[3], x[4]}, {{}, x[5], {}, {}});
          return at::cat({y[0].to(at::kFloat), y[1], y[2].to(at::kFloat), y[3]}, -1);
        },
        [](auto &x) {
          return at::cat(
              {at::linear(x[0], x[1]), at::linear(x[0], x[2], x[5]), at::linear(x[0], x[3]), at::linear(x[0], x[4])},
              -1);
        },
        4e-3);
  }
}
