//===- SimdTest.cpp - the vector helpers of the CPU kernels ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cpu/Simd.h"

#include "KernelTest.h"

#include <gtest/gtest.h>

using namespace xlstm;

/// Error in units in the last place of the float32 nearest to the true value.
static double ulps(float got, double want) {
  float nearest = float(want);
  double unit = double(std::nextafter(nearest, INFINITY)) - nearest;
  return std::abs(got - want) / unit;
}

TEST(Simd, ExponentialIsWithinTwoUlp) {
  double worst = 0;
  for (uint32_t sign : {0u, 0x80000000u})
    for (uint32_t bits = 0; bits < std::bit_cast<uint32_t>(88.0f); bits += 499) {
      float x = std::bit_cast<float>(bits | sign);
      if (x >= -87)
        worst = std::max(worst, ulps(cpu::exponential(x), std::exp(double(x))));
    }
  EXPECT_LT(worst, 2);
  RecordProperty("worst_ulp", std::to_string(worst));
}

TEST(Simd, ExponentialAtTheEnds) {
  EXPECT_EQ(cpu::exponential(0.0f), 1.0f);
  EXPECT_EQ(cpu::exponential(-INFINITY), 0.0f);
  EXPECT_EQ(cpu::exponential(-1e30f), 0.0f);
  EXPECT_EQ(cpu::exponential(-104.0f), 0.0f);
  EXPECT_EQ(cpu::exponential(INFINITY), INFINITY);
  EXPECT_EQ(cpu::exponential(1e30f), INFINITY);
  EXPECT_TRUE(std::isfinite(cpu::exponential(88.7f)));
  EXPECT_TRUE(std::isnan(cpu::exponential(NAN)));
}

TEST(Simd, LanesAgreeWithTheScalar) {
  test::Floats x = test::randomFloats(16, 1, -90, 90), y(16);
  x[3] = -INFINITY, x[7] = 1e30f;
  cpu::store(y.data(), cpu::exponential(cpu::load(x.data())));
  for (int lane = 0; lane < 16; ++lane)
    EXPECT_EQ(y[lane], cpu::exponential(x[lane]));
}

TEST(Simd, SigmoidIsFinite) {
  EXPECT_EQ(cpu::sigmoid(1e30f), 1.0f);
  EXPECT_EQ(cpu::sigmoid(-1e30f), 0.0f);
  EXPECT_EQ(cpu::sigmoid(0.0f), 0.5f);
  for (float x = -80; x < 80; x += 0.37f)
    EXPECT_LT(ulps(cpu::sigmoid(x), 1 / (1 + std::exp(-double(x)))), 4) << x;
}

TEST(Simd, HalfPrecisionIsExact) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    uint16_t stored = bits;
    float want = std::bit_cast<_Float16>(stored), got = cpu::load<cpu::F16>(&stored, 1)[0];
    if (std::isnan(want))
      EXPECT_TRUE(std::isnan(got)) << bits;
    else
      EXPECT_EQ(std::bit_cast<uint32_t>(got), std::bit_cast<uint32_t>(want)) << bits;
    got = cpu::load<cpu::Bf16>(&stored, 1)[0];
    EXPECT_EQ(std::bit_cast<uint32_t>(got), bits << 16);
  }
}

TEST(Simd, LoadsAndStoresTouchOnlyTheirCount) {
  for (int64_t count = 1; count <= 16; ++count) {
    test::Floats x = test::randomFloats(count, 2), y(17, -1.0f);
    cpu::Vec value = cpu::load(x.data(), count);
    for (int64_t lane = 0; lane < 16; ++lane)
      EXPECT_EQ(value[lane], lane < count ? x[lane] : 0.0f);
    cpu::store(y.data(), value, count);
    EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin()));
    EXPECT_EQ(y[count], -1.0f);
  }
}

TEST(Simd, Reductions) {
  test::Floats x = test::randomFloats(16, 3, -9, 9);
  cpu::Vec value = cpu::load(x.data());
  double total = 0;
  for (float lane : x)
    total += lane;
  EXPECT_NEAR(cpu::sum(value), total, 1e-5);
  EXPECT_EQ(cpu::maximumLane(value), *std::max_element(x.begin(), x.end()));
}
