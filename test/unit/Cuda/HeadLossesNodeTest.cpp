//===- HeadLossesNodeTest.cpp - the evaluator's node of the head and its losses, its tensors on CUDA ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/HeadLosses.h"
#include "test/unit/Cuda/CudaTest.h"
#include "test/unit/OnCuda.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>

using namespace xlstm::test;
using at::Tensor;
using xlstm::evaluate::HeadLossOperands;
using xlstm::evaluate::HeadLossResult;

namespace {

/// Operands in float64 on the CPU; every third token has no label, and an id of the second token is stored twice.
HeadLossOperands operandsOf(int64_t N, int64_t D, int64_t V, int64_t K, bool withTail) {
  HeadLossOperands x;
  x.hidden_ND = at::rand({N, D}, at::kDouble).mul_(2).sub_(1), x.weight_VD = at::rand({V, D}, at::kDouble).sub_(0.5);
  x.targets.labels_N = at::randint(V, {N}, at::kLong);
  for (int64_t n = 1; n < N; n += 3)
    x.targets.labels_N[n].fill_(-1);
  x.targets.ids_NK = at::rand({N, V}, at::kDouble).argsort(int64_t(1)).narrow(1, 0, K).contiguous();
  x.targets.ids_NK[2][0].copy_(x.targets.ids_NK[2][K - 1]);
  x.targets.logprobs_NK = at::rand({N, K}, at::kDouble).mul_(-4).sub_(1);
  x.targets.tail_N = at::full({N}, -1.5, at::kDouble);
  x.targets.withTail = withTail, x.targets.ceWeight = 0.9, x.targets.klWeight = 0.3, x.logitScale = 0.5;
  return x;
}

/// The same with hidden and weight in `type`, all on the device.
HeadLossOperands onDevice(HeadLossOperands x, c10::Device device, at::ScalarType type) {
  for (Tensor *tensor : {&x.hidden_ND, &x.weight_VD})
    *tensor = tensor->detach().to(device, type).set_requires_grad(true);
  for (Tensor *tensor : {&x.targets.logprobs_NK, &x.targets.tail_N})
    *tensor = tensor->to(device, at::kFloat);
  for (Tensor *tensor : {&x.targets.labels_N, &x.targets.ids_NK})
    *tensor = tensor->to(device);
  return x;
}

double errorOf(const Tensor &got, const Tensor &want) {
  Tensor wide = got.detach().to(at::kCPU, at::kDouble);
  return ((wide - want).abs().max() / want.abs().max()).item<double>();
}

void check(HeadLossOperands x, c10::Device device, at::ScalarType type, bool isByKernel) {
  for (Tensor *tensor : {&x.hidden_ND, &x.weight_VD}) // the truth sees what the device sees
    *tensor = tensor->to(type).to(at::kDouble).set_requires_grad(true);
  HeadLossResult want = headLosses(x);
  want.loss.mul(0.25).backward();
  HeadLossOperands y = onDevice(x, device, type);
  EXPECT_EQ(hasHeadLossKernel(y), isByKernel);
  HeadLossResult got = headLosses(y);
  got.loss.mul(0.25).backward();
  double tolerance = type == at::kFloat ? Tolerance : 1e-2; // in bf16 logits and their gradient are rounded
  EXPECT_LE(errorOf(got.loss, want.loss.detach()), tolerance);
  EXPECT_LE(errorOf(got.ce, want.ce), tolerance);
  EXPECT_LE(errorOf(got.kl, want.kl), tolerance);
  EXPECT_EQ(y.weight_VD.grad().scalar_type(), type);
  EXPECT_LE(errorOf(y.hidden_ND.grad(), x.hidden_ND.grad()), tolerance);
  EXPECT_LE(errorOf(y.weight_VD.grad(), x.weight_VD.grad()), tolerance);
}

} // namespace

class CudaHeadLosses : public xlstm::test::OnCuda<testing::Test> {};

TEST_F(CudaHeadLosses, ByTheKernel) {
  for (at::ScalarType type : {at::kFloat, at::kBFloat16})
    for (bool withTail : {false, true})
      check(operandsOf(67, 64, 1000, 16, withTail), device, type, true);
}

TEST_F(CudaHeadLosses, WidthsThatNoKernelTakes) {
  for (bool withTail : {false, true}) {
    check(operandsOf(67, 64, 50, 6, withTail), device, at::kFloat, false);
    check(operandsOf(5, 12, 64, 6, withTail), device, at::kFloat, false);
  }
}
