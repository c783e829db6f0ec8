//===- HybridNodeTest.cpp - the evaluator's node of the mixer, its tensors on CUDA ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Hybrid.h"
#include "test/unit/Cuda/HybridRun.h"
#include "test/unit/OnCuda.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/rand.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

using namespace xlstm::test;
using at::Tensor;

namespace {

/// A case's operands as leaves on the GPU, in order: q, k, v, q map, k map, o, i, f.
struct Node {
  HybridCase c;
  at::ScalarType type;
  c10::Device device;
  std::vector<Tensor> leaves;

  Node(const HybridCase &values, xlstm_dtype stored, c10::Device device)
      : c(values), type(stored == XLSTM_F32 ? at::kFloat : at::kBFloat16), device(device) {
    const auto &s = c.shape;
    std::vector<int64_t> heads = {s.B, s.T, s.H, s.d}, keys = {s.B, s.T, s.Hkv, s.d}, gates = {s.B, s.T, s.H};
    for (auto [array, sizes] : {std::pair(&c.q, heads),
                                {&c.k, keys},
                                {&c.v, keys},
                                {&c.qMap, {s.H, s.d, s.d}},
                                {&c.kMap, {s.H, s.d, s.d}},
                                {&c.o, gates},
                                {&c.i, gates},
                                {&c.f, gates}})
      leaves.push_back(tensor(*array, sizes, leaves.size() < 5 ? type : at::kFloat).requires_grad_(true));
  }

  Tensor tensor(Floats &array, const std::vector<int64_t> &sizes, at::ScalarType to) const {
    return at::from_blob(array.data(), sizes, at::kFloat).to(device, to);
  }

  xlstm::evaluate::HybridOperands operands() {
    const auto &s = c.shape;
    Tensor docs = at::from_blob(c.docs.data(), {s.B, s.T}, at::kInt).to(device);
    return {leaves[0], leaves[1], leaves[2], leaves[3], leaves[4], leaves[5],
            leaves[6], leaves[7], docs,      s.scale,   s.W,       s.S};
  }
};

Floats floats(const Tensor &x) {
  Tensor dense = x.detach().to(at::kCPU, at::kFloat).contiguous();
  return Floats(dense.const_data_ptr<float>(), dense.const_data_ptr<float>() + dense.numel());
}

HybridCase mixedDocuments(int64_t d, int64_t W) {
  HybridCase c({2, 300, 4, 2, d, W, 4, 1 / std::sqrt(double(d))});
  c.setDocuments({100, 1, 150});
  return c;
}

} // namespace

class CudaHybridNode : public OnCuda<testing::TestWithParam<xlstm_dtype>> {};
INSTANTIATE_TEST_SUITE_P(Types, CudaHybridNode, testing::Values(XLSTM_F32, XLSTM_BF16));

TEST_P(CudaHybridNode, OutputAndGradients) {
  for (auto [d, W] : {std::pair(64, 130), std::pair(72, 20)}) {
    HybridCase c = stored(GetParam(), mixedDocuments(d, W));
    HybridTruth truth(c);
    HybridGradientArrays<double> want = truth.backward();
    Node node(c, GetParam(), device);
    ASSERT_TRUE(xlstm::evaluate::hasHybridKernel(node.operands()));
    auto [h, window] = xlstm::evaluate::runHybridKernel(node.operands(), /*wantsWindow=*/true);
    h.backward(node.tensor(c.dh, h.sizes().vec(), node.type));

    const auto &s = c.shape;
    EXPECT_LE(headError(floats(h), truth.forward(), s.H, s.d), toleranceOf(GetParam()));
    Doubles attention(c.q.size());
    xlstm::reference::attention(truth.q.data(), truth.k.data(), truth.v.data(), truth.docs.data(), attention.data(),
                                s.B, s.T, s.H, s.Hkv, s.d, s.d, s.scale, s.W, s.S);
    EXPECT_LE(headError(floats(window), attention, s.H, s.d), toleranceOf(GetParam()));
    const std::pair<const Doubles *, int64_t> rows[] = {{&want.q, s.H},    {&want.k, s.Hkv},  {&want.v, s.Hkv},
                                                        {&want.qMap, s.H}, {&want.kMap, s.H}, {&want.o, s.H},
                                                        {&want.i, s.H},    {&want.f, s.H}};
    for (size_t n = 0; n < std::size(rows); ++n) {
      auto [array, heads] = rows[n];
      const Tensor &leaf = node.leaves[n];
      int64_t width = n < 3 ? s.d : n < 5 ? s.d * s.d : 1;
      EXPECT_EQ(leaf.grad().scalar_type(), leaf.scalar_type()) << n;
      // As the kernels' own test: bf16 gradients of gates are differences of sums of rounded values.
      EXPECT_LE(headError(floats(leaf.grad()), *array, heads, width), GetParam() == XLSTM_F32 ? 1e-4 : 5e-2) << n;
    }
  }
}

/// Inputs that are still being made on another stream than the default one are waited for.
TEST_P(CudaHybridNode, RunsOnTheCurrentStream) {
  HybridCase c = stored(GetParam(), mixedDocuments(64, 130));
  Doubles want = HybridTruth(c).forward();
  Node node(c, GetParam(), device);
  Tensor slow = at::rand({4096, 4096}, at::TensorOptions().device(device));
  c10::impl::VirtualGuardImpl implementation(at::kCUDA);
  implementation.synchronizeDevice(device.index());
  c10::StreamGuard guard(implementation.getStreamFromGlobalPool(device));
  for (int n = 0; n < 20; ++n)
    slow = at::matmul(slow, slow).clamp(-1, 1);
  for (Tensor &leaf : node.leaves)
    leaf = leaf.detach() + slow[0][0].mul(0).to(leaf.scalar_type());
  Tensor h = xlstm::evaluate::runHybridKernel(node.operands(), /*wantsWindow=*/false).h;
  EXPECT_LE(headError(floats(h), want, c.shape.H, c.shape.d), toleranceOf(GetParam()));
}
