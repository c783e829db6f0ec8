//===- ElementwiseTest.cpp - norm, swiglu, add, scale and mix ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelTest.h"

#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

static const std::vector<int64_t> Sizes = {1, 2, 3, 8, 15, 16, 17, 20, 32, 33, 64, 128, 1000};

template <typename Weights, typename Kernel>
static void checkRmsNorm(Kernel kernel) {
  for (int64_t n : Sizes)
    for (int64_t rows : {1, 2, 7})
      for (double eps : {1e-6, 1e-5, 0.5}) {
        Floats x = randomFloats(rows * n, 1, -3, 3), y(rows * n);
        Weights w(randomFloats(n, 2));
        Doubles want(rows * n);
        reference::rmsNorm(widen(x).data(), w.values.data(), want.data(), rows, n, eps);
        for (int64_t gap : Gaps)
          for (int64_t group : {int64_t(1), rows}) {
            int64_t width = group * n;
            kernel(spread(x, width, gap).data(), w.stored.data(), y.data(), rows / group, group, n, width + gap, eps, nullptr);
            EXPECT_LT(headError(y, want, 1, n), Tolerance) << rows << " x " << n;
          }
      }
}

TEST(RmsNorm, Float32) { checkRmsNorm<F32Weights>(xlstm_cpu_rms_norm_f32); }
TEST(RmsNorm, BFloat16) { checkRmsNorm<Bf16Weights>(xlstm_cpu_rms_norm_bf16); }
TEST(RmsNorm, Float16) { checkRmsNorm<F16Weights>(xlstm_cpu_rms_norm_f16); }

TEST(RmsNorm, ZerosStayZeros) {
  Floats x(20), w(20, 1.0f), y(20, 1.0f);
  xlstm_cpu_rms_norm_f32(x.data(), w.data(), y.data(), 1, 1, 20, 20, 1e-6f);
  EXPECT_EQ(y, x);
}

TEST(Elementwise, Swiglu) {
  for (int64_t n : Sizes) {
    Floats gate = randomFloats(n, 1, -30, 30), up = randomFloats(n, 2), y(n);
    Doubles want(n);
    reference::swiglu(widen(gate).data(), widen(up).data(), want.data(), n);
    for (int64_t rows = 1; rows <= 3 && n % rows == 0; ++rows)
      for (int64_t gap : Gaps) {
        int64_t width = n / rows;
        xlstm_cpu_swiglu(spread(gate, width, gap).data(), up.data(), y.data(), rows, width, width + gap, width);
        EXPECT_LT(headError(y, want, 1, n), Tolerance) << n;
      }
  }
}

TEST(Elementwise, SwigluOfHugeGatesIsFinite) {
  Floats gate = {1e30f, -1e30f, 100, -100}, up(4, 1.0f), y(4);
  xlstm_cpu_swiglu(gate.data(), up.data(), y.data(), 1, 4, 4, 4);
  EXPECT_TRUE(allFinite(y));
  EXPECT_EQ(y[0], 1e30f);
  EXPECT_EQ(y[1], 0.0f);
}

TEST(Elementwise, AddAndScale) {
  for (int64_t n : Sizes) {
    Floats a = randomFloats(n, 1), b = randomFloats(n, 2), y(n), scaled(n);
    xlstm_cpu_add(a.data(), b.data(), y.data(), n);
    xlstm_cpu_scale(a.data(), scaled.data(), n, 0.3f);
    for (int64_t c = 0; c < n; ++c) {
      ASSERT_EQ(y[c], a[c] + b[c]);
      ASSERT_EQ(scaled[c], a[c] * 0.3f);
    }
    xlstm_cpu_add(a.data(), b.data(), b.data(), n); // in the place of an input
    EXPECT_EQ(b, y);
    xlstm_cpu_scale(a.data(), a.data(), n, 0.3f);
    EXPECT_EQ(a, scaled);
  }
}

TEST(Elementwise, Copy) {
  Floats x = randomFloats(35, 1), y(35);
  xlstm_cpu_copy(spread(x, 7, 4).data(), y.data(), 5, 7, 11, 7);
  EXPECT_EQ(y, x);
  Floats apart = spread(Floats(35), 7, 4);
  xlstm_cpu_copy(x.data(), apart.data(), 5, 7, 7, 11);
  EXPECT_EQ(gathered(apart, 7, 4), x);
}

TEST(Mix, MatchesTheReference) {
  for (int64_t d : Sizes)
    for (int64_t n : {1, 3, 20}) {
      Floats gate = randomFloats(n, 1, -20, 20), memory = randomFloats(n * d, 2), window = randomFloats(n * d, 3);
      Floats y(n * d);
      Doubles want(n * d);
      xlstm_cpu_mix(gate.data(), memory.data(), window.data(), y.data(), n, d);
      reference::mix(widen(gate).data(), widen(memory).data(), widen(window).data(), want.data(), n, d);
      EXPECT_LT(headError(y, want, n, d), Tolerance) << n << " x " << d;
    }
}

// A gate of 20 leaves 2.06e-9 of the window, and -20 as much of the memory, to the last digits.
TEST(Mix, WhatANearlyOpenGateLeavesIsNotRoundedAway) {
  Floats gate = {20, -20}, memory = {0, 1}, window = {1, 0}, y(2);
  xlstm_cpu_mix(gate.data(), memory.data(), window.data(), y.data(), 2, 1);
  for (float left : y)
    EXPECT_NEAR(left / (1 / (1 + std::exp(20.0))), 1, 1e-5);
}

TEST(Mix, ExtremeGatesChooseABranch) {
  Floats gate = {1e30f, -1e30f}, memory = {2, 2}, window = {3, 3}, y(2);
  xlstm_cpu_mix(gate.data(), memory.data(), window.data(), y.data(), 2, 1);
  EXPECT_EQ(y, (Floats{2, 3}));
}
