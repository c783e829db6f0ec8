//===- FeatureMapTest.cpp - feature maps and output gate ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelTest.h"

#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

struct HeadCounts {
  int64_t H, other; // query heads; heads of x, or key heads
};

template <typename Weights, typename Kernel, typename Reference>
static void checkFeatureMap(Kernel kernel, Reference truth) {
  for (int64_t d : {1, 2, 3, 8, 20, 33, 64, 128})
    for (int64_t m : {1, 3, 16, 33, 64})
      for (int64_t T : {1, 2, 7})
        for (auto [H, Hx] : {HeadCounts{1, 1}, HeadCounts{4, 4}, HeadCounts{6, 2}}) {
          int64_t B = 2;
          Floats x = randomFloats(B * T * Hx * d, 1, -1, 1), y(B * T * H * m);
          Weights w(randomFloats(H * m * d, 2, -1, 1));
          Doubles want(y.size());
          truth(widen(x).data(), w.values.data(), want.data(), B, T, Hx, H, d, m);
          for (int64_t gap : Gaps) {
            kernel(spread(x, Hx * d, gap).data(), w.stored.data(), y.data(), B * T, Hx, H, d, m, Hx * d + gap, nullptr);
            EXPECT_LT(headError(y, want, H, m), Tolerance) << "d " << d << " m " << m << " T " << T << " H " << H;
          }
        }
}

TEST(FeatureMap, Softmax) {
  checkFeatureMap<F32Weights>(xlstm_cpu_feature_map_softmax_f32, reference::featureMapSoftmax);
  checkFeatureMap<Bf16Weights>(xlstm_cpu_feature_map_softmax_bf16, reference::featureMapSoftmax);
  checkFeatureMap<F16Weights>(xlstm_cpu_feature_map_softmax_f16, reference::featureMapSoftmax);
}

TEST(FeatureMap, Elu) {
  checkFeatureMap<F32Weights>(xlstm_cpu_feature_map_elu_f32, reference::featureMapElu);
  checkFeatureMap<Bf16Weights>(xlstm_cpu_feature_map_elu_bf16, reference::featureMapElu);
  checkFeatureMap<F16Weights>(xlstm_cpu_feature_map_elu_f16, reference::featureMapElu);
}

TEST(FeatureMap, HugeLogitsStayFinite) {
  Floats x = {1e4f, -1e4f}, w = {1, 0, 0, 1}, y(2);
  xlstm_cpu_feature_map_softmax_f32(x.data(), w.data(), y.data(), 1, 1, 1, 2, 2, 2);
  EXPECT_EQ(y, (Floats{1, 0}));
}

template <typename Weights, typename Kernel>
static void checkOutputGate(Kernel kernel) {
  for (int64_t d : {1, 2, 3, 8, 20, 32, 33, 64, 128})
    for (int64_t T : {1, 7})
      for (auto [H, Hkv] : {HeadCounts{1, 1}, HeadCounts{4, 2}, HeadCounts{6, 1}}) {
        int64_t B = 2;
        Floats q = randomFloats(B * T * H * d, 1), k = randomFloats(B * T * Hkv * d, 2);
        Floats v = randomFloats(B * T * Hkv * d, 3), y(B * T * H);
        Weights w(randomFloats(H * 3 * d, 4)), b(randomFloats(H, 5));
        Doubles want(y.size());
        reference::outputGate(widen(q).data(), widen(k).data(), widen(v).data(), w.values.data(), b.values.data(),
                              want.data(), B, T, H, Hkv, d);
        for (int64_t gap : Gaps) {
          int64_t wide = H * d, narrow = Hkv * d;
          kernel(spread(q, wide, gap).data(), spread(k, narrow, gap).data(), v.data(), w.stored.data(),
                 b.stored.data(), y.data(), B * T, H, Hkv, d, wide + gap, narrow + gap, narrow, nullptr);
          EXPECT_LT(headError(y, want, H, 1), Tolerance) << d;
        }
      }
}

TEST(OutputGate, Float32) { checkOutputGate<F32Weights>(xlstm_cpu_output_gate_f32); }
TEST(OutputGate, BFloat16) { checkOutputGate<Bf16Weights>(xlstm_cpu_output_gate_bf16); }
TEST(OutputGate, Float16) { checkOutputGate<F16Weights>(xlstm_cpu_output_gate_f16); }
