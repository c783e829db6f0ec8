//===- StepsTest.cpp - the small steps of a compiled model, and its mixer ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Cuda/HybridRun.h"
#include "xlstm/Kernels/Cuda.h"

using namespace xlstm::test;

class CudaSteps : public testing::TestWithParam<xlstm_dtype> {
protected:
  xlstm_dtype type = GetParam();
};

INSTANTIATE_TEST_SUITE_P(Types, CudaSteps, testing::Values(XLSTM_F32, XLSTM_BF16));

TEST_P(CudaSteps, OutputGate) {
  for (int64_t d : {1, 8, 32, 37, 40, 64, 96, 128, 256, 320})
    for (int64_t tokens : {1, 13, 1500}) {
      const int64_t H = 6, Hkv = 2, gap = tokens == 13 ? 8 : tokens == 1500 ? 3 : 0;
      Floats q = rounded(type, randomFloats(tokens * H * d, 1)), k = rounded(type, randomFloats(tokens * Hkv * d, 2)),
             v = rounded(type, randomFloats(tokens * Hkv * d, 3)), w = randomFloats(H * 3 * d, 4),
             b = randomFloats(H, 5);
      Doubles want(tokens * H);
      xlstm::reference::outputGate(widen(q).data(), widen(k).data(), widen(v).data(), widen(w).data(), widen(b).data(),
                                   want.data(), 1, tokens, H, Hkv, d);
      const int64_t own = H * d, shared = Hkv * d;
      DeviceFloats dq(type, spread(q, own, gap)), dk(type, spread(k, shared, gap)), dv(type, spread(v, shared, gap)),
          dw(XLSTM_F32, w), db(XLSTM_F32, b), y(XLSTM_F32, tokens * H);
      ASSERT_CUDA(xlstm_cuda_output_gate(type, dq.get(), dk.get(), dv.get(), static_cast<float *>(dw.get()),
                                         static_cast<float *>(db.get()), static_cast<float *>(y.get()), tokens, H, Hkv,
                                         d, own + gap, shared + gap, shared + gap, nullptr));
      EXPECT_LE(headError(y.values(), want, H, 1), Tolerance) << d << ' ' << tokens;
    }
}

TEST_P(CudaSteps, AddAndScale) {
  for (int64_t n : {1, 7, 8, 1003, 300000}) {
    Floats a = rounded(type, randomFloats(n, 1)), b = rounded(type, randomFloats(n, 2)), sums, products;
    for (int64_t i = 0; i < n; ++i)
      sums.push_back(nearest(type, a[i] + b[i])), products.push_back(nearest(type, 0.3f * a[i]));
    DeviceFloats da(type, a), db(type, b), y(type, n);
    ASSERT_CUDA(xlstm_cuda_add(type, da.get(), db.get(), y.get(), n, nullptr));
    EXPECT_EQ(y.values(), sums) << n;
    ASSERT_CUDA(xlstm_cuda_scale(type, da.get(), da.get(), n, 0.3f, nullptr));
    EXPECT_EQ(da.values(), products) << n;
  }
}

TEST_P(CudaSteps, RandomFillIsNormalAndTheSameEachTime) {
  const int64_t n = 1 << 20;
  auto fill = [&](uint64_t seed, int64_t count) {
    DeviceFloats y(type, count);
    EXPECT_EQ(xlstm_cuda_random_fill(type, y.get(), count, seed, 3.0f, 0.5f, nullptr), 0);
    return y.values();
  };
  const Floats values = fill(7, n);
  double mean = 0, squares = 0, fourth = 0, neighbours = 0, last = 0;
  for (float value : values) {
    double x = (value - 3.0) / 0.5;
    mean += x / n, squares += x * x / n, fourth += x * x * x * x / n, neighbours += x * last / n, last = x;
  }
  EXPECT_NEAR(mean, 0, 6e-3); // six standard errors
  EXPECT_NEAR(squares, 1, 9e-3);
  EXPECT_NEAR(fourth, 3, 6e-2);
  EXPECT_NEAR(neighbours, 0, 6e-3);
  const Floats again = fill(7, 1000);
  EXPECT_TRUE(std::equal(again.begin(), again.end(), values.begin()));
  EXPECT_NE(fill(8, 1000), again);
}

TEST(CudaSteps, PositionsAdvanceAndFill) {
  DeviceArray<int32_t> pos(std::vector<int32_t>{5, 0}), positions(6), words(3);
  ASSERT_CUDA(xlstm_cuda_positions(pos.get(), positions.get(), 2, 3, nullptr));
  EXPECT_EQ(positions.values(), (std::vector<int32_t>{5, 6, 7, 0, 1, 2}));
  ASSERT_CUDA(xlstm_cuda_advance(pos.get(), 2, 3, nullptr));
  EXPECT_EQ(pos.values(), (std::vector<int32_t>{8, 3}));
  ASSERT_CUDA(xlstm_cuda_fill(words.get(), 0xff800000u, 3, nullptr));
  EXPECT_EQ(words.values(), std::vector<int32_t>(3, int32_t(0xff800000u)));
}

/// Pieces of a text, single tokens among them, against the whole text in float64. Poisoned state; pos 0 means empty.
/// With a gap, q, k and v are parts of one packed product with NaN behind each token.
static void continueText(xlstm_dtype type, int64_t Hkv, int64_t d, int64_t gap) {
  const int64_t B = 2, T = 150, H = 4, W = 40, sinks = 4, own = H * d, shared = Hkv * d,
                stride = own + 2 * shared + gap;
  const HybridCase whole = stored(type, HybridCase({B, T, H, Hkv, d, W, sinks, 0.125}, 31));
  const Doubles want = HybridTruth(whole).forward();
  DeviceState state(type, HybridStates<float>(whole.shape));
  const xlstm_hybrid_state s = state.view();
  DeviceBytes zeroed(xlstm_cuda_hybrid_step_zeroed(type, B, 1, H, Hkv, d, W, sinks));
  cudaMemset(zeroed.get(), 0, xlstm_cuda_hybrid_step_zeroed(type, B, 1, H, Hkv, d, W, sinks));
  DeviceFloats qMap(type, whole.qMap), kMap(type, whole.kMap);
  Floats h(whole.q.size());
  for (int64_t from = 0; int64_t count : split(T, {70, 1, 1, 30, 1})) {
    const HybridCase part = tokensOf(whole, from, count);
    Floats packed = spread(part.q, own, stride - own);
    for (int64_t token = 0; token < B * count; ++token) {
      std::copy_n(part.k.begin() + token * shared, shared, packed.begin() + token * stride + own);
      std::copy_n(part.v.begin() + token * shared, shared, packed.begin() + token * stride + own + shared);
    }
    DeviceFloats qkv(type, packed), i(XLSTM_F32, part.i), f(XLSTM_F32, part.f), o(XLSTM_F32, part.o),
        out(type, int64_t(part.q.size()));
    const char *q = static_cast<char *>(qkv.get()), *k = q + own * sizeOf(type), *v = k + shared * sizeOf(type);
    DeviceBytes workspace(xlstm_cuda_hybrid_step_workspace(type, B, count, H, Hkv, d, W, sinks));
    auto at = [](const DeviceFloats &array) { return static_cast<float *>(array.get()); };
    ASSERT_CUDA(xlstm_cuda_hybrid_step(type, q, k, v, at(i), at(f), at(o), qMap.get(), kMap.get(), nullptr, s.S, s.z,
                                       s.m, s.ring_k, s.ring_v, s.sink_k, s.sink_v, s.pos, out.get(), B, count, H, Hkv,
                                       d, W, sinks, stride, stride, stride, 0.125f, 1, workspace.get(), zeroed.get(),
                                       nullptr));
    putTokens(h, out.values(), B, T, H * d, from, count);
    from += count;
  }
  EXPECT_LE(headError(h, want, H, d), toleranceOf(type)) << Hkv << ' ' << d << ' ' << gap;
  EXPECT_EQ(state.pos.values(), std::vector<int32_t>(B, T));
}

TEST_P(CudaSteps, HybridStepContinuesAText) {
  continueText(type, 2, 64, 0);
  continueText(type, 2, 64, 24);
  continueText(type, 1, 128, 8);
  continueText(type, 4, 72, 8); // the plain kernels
}
