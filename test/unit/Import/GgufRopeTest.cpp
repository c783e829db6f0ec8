//===- GgufRopeTest.cpp - Llama 3's rule out of its factors ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Gguf/RopeFactors.h"
#include "gtest/gtest.h"

#include <cmath>
#include <numbers>
#include <vector>

using namespace xlstm::gguf;

/// As llama.cpp's converter writes them (conversion/llama.py, generate_extra_tensors): frequencies in float32.
static std::vector<float> factorsOf(const Llama3Rule &rule, double theta, int headDim) {
  std::vector<float> factors;
  for (int i = 0; i < headDim; i += 2) {
    float frequency = 1 / std::pow(static_cast<float>(theta), static_cast<float>(i) / static_cast<float>(headDim));
    double wavelength = 2 * std::numbers::pi / frequency;
    double smooth = (rule.originalContext / wavelength - rule.low) / (rule.high - rule.low);
    if (wavelength < rule.originalContext / rule.high)
      factors.push_back(1);
    else if (wavelength > rule.originalContext / rule.low)
      factors.push_back(static_cast<float>(rule.factor));
    else
      factors.push_back(static_cast<float>(1 / ((1 - smooth) / rule.factor + smooth)));
  }
  return factors;
}

static void expectRecovered(const Llama3Rule &rule, double theta, int headDim) {
  std::optional<Llama3Rule> found = fitLlama3(factorsOf(rule, theta, headDim), theta);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->factor, rule.factor);
  EXPECT_EQ(found->low, 1);
  EXPECT_EQ(found->high, rule.high / rule.low);
  EXPECT_EQ(found->originalContext, rule.originalContext / rule.low);
}

TEST(GgufRope, theRulesOfLlama3AreRecovered) {
  expectRecovered({8, 1, 4, 8192}, 500000, 128);  // Llama 3.1
  expectRecovered({32, 1, 4, 8192}, 500000, 64);  // Llama 3.2 1B
  expectRecovered({32, 1, 4, 8192}, 500000, 128); // Llama 3.2 3B
  expectRecovered({8, 1, 4, 128}, 500000, 16);    // the test's own teacher
  expectRecovered({16, 2, 8, 4096}, 10000, 96);
  expectRecovered({4, 1, 2.5, 1000}, 10000, 64);
}

TEST(GgufRope, oneBlendedChannelIsEnoughForTheUsualBounds) { expectRecovered({8, 1, 4, 8192}, 500000, 8); }

TEST(GgufRope, withoutABlendedChannelTheFactorsAreMet) {
  std::vector<float> factors{1, 8};
  std::optional<Llama3Rule> rule = fitLlama3(factors, 1e8); // wavelengths 6.3 and 63,000
  ASSERT_TRUE(rule);
  EXPECT_EQ(factorsOf(*rule, 1e8, 4), factors);
}

TEST(GgufRope, otherFactorsAreNoRule) {
  EXPECT_FALSE(fitLlama3(std::vector<float>{1, 1, 1}, 10000));
  EXPECT_FALSE(fitLlama3(std::vector<float>{8, 4, 1}, 10000));
  EXPECT_FALSE(fitLlama3(std::vector<float>{0.5, 1, 8}, 10000));
  EXPECT_FALSE(fitLlama3(std::vector<float>{}, 10000));
  std::vector<float> factors = factorsOf({8, 1, 4, 8192}, 500000, 128);
  factors[30] *= 1.001f;
  EXPECT_FALSE(fitLlama3(factors, 500000));
}
