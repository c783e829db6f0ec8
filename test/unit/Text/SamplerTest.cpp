//===- SamplerTest.cpp - draws against worked probabilities ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Text/Sampler.h"
#include "test/unit/Files/TestFolder.h"

#include <cmath>

using namespace xlstm;
using Floats = std::vector<float>;

/// Draws 20,000 times and compares the counts with `probabilities`: Pearson's statistic must stay below the 0.999
/// quantile of its distribution, and what has probability 0 must not come.
static void checkDraws(const SamplerOptions &options, const Floats &logits, const std::vector<double> &probabilities) {
  constexpr int draws = 20'000;
  constexpr double quantile[] = {0, 10.83, 13.82, 16.27, 18.47}; // by degrees of freedom
  Sampler sampler(options);
  std::vector<int> counts(logits.size());
  for (int n = 0; n < draws; ++n)
    ++counts.at(sampler.sample(logits));
  double statistic = 0;
  int freedom = -1;
  for (size_t id = 0; id < counts.size(); ++id) {
    double expected = draws * probabilities[id];
    if (expected == 0) {
      EXPECT_EQ(counts[id], 0) << id;
      continue;
    }
    statistic += (counts[id] - expected) * (counts[id] - expected) / expected;
    ++freedom;
  }
  EXPECT_LE(statistic, quantile[freedom]);
}

static Floats logarithms(const std::vector<double> &weights) {
  Floats out;
  for (double weight : weights)
    out.push_back(float(std::log(weight)));
  return out;
}

TEST(SamplerTest, TemperatureZeroIsTheFirstLargest) {
  Sampler sampler({});
  EXPECT_EQ(sampler.sample(Floats{1, 3, 2, 3}), 1);
  EXPECT_EQ(sampler.sample(Floats{-5}), 0);
  EXPECT_EQ(sampler.sample(Floats{NAN, -INFINITY, -3}), 2);
  EXPECT_EQ(sampler.sample(Floats{0, INFINITY, INFINITY}), 1);
}

TEST(SamplerTest, FollowsTheProbabilities) {
  checkDraws({.temperature = 1, .seed = 1}, logarithms({1, 2, 3, 4}), {0.1, 0.2, 0.3, 0.4});
  checkDraws({.temperature = 1, .seed = 2}, {NAN, 0, -INFINITY, 0}, {0, 0.5, 0, 0.5});
}

TEST(SamplerTest, TemperatureIsAPowerOfTheProbabilities) {
  checkDraws({.temperature = 0.5, .seed = 3}, logarithms({1, 2, 3}), {1. / 14, 4. / 14, 9. / 14});
  checkDraws({.temperature = 2, .seed = 4}, logarithms({1, 4, 9}), {1. / 6, 2. / 6, 3. / 6});
}

TEST(SamplerTest, TopKKeepsTheLargest) {
  checkDraws({.temperature = 1, .topK = 2, .seed = 5}, logarithms({1, 3, 2, 1}), {0, 0.6, 0.4, 0});
  checkDraws({.temperature = 1, .topK = 1, .seed = 6}, logarithms({2, 3, 3}), {0, 1, 0}); // the lower id of equals
  checkDraws({.temperature = 1, .topK = 9, .seed = 7}, logarithms({1, 1}), {0.5, 0.5});
}

TEST(SamplerTest, TopPKeepsTheFewestThatReachIt) {
  checkDraws({.temperature = 1, .topP = 0.65, .seed = 8}, logarithms({1, 4, 3, 2}), {0, 4. / 7, 3. / 7, 0});
  checkDraws({.temperature = 1, .topP = 0.75, .seed = 9}, logarithms({1, 4, 3, 2}), {0, 4. / 9, 3. / 9, 2. / 9});
  checkDraws({.temperature = 1, .topP = 1e-9, .seed = 10}, logarithms({1, 4, 3, 2}), {0, 1, 0, 0});
}

/// The temperature comes first, then top-k, then top-p of what is left: 1, 16, 9, 4 -> 16, 9, 4 -> 16, 9 reach 0.8
/// of 29.
TEST(SamplerTest, OrderOfTheFilters) {
  checkDraws({.temperature = 0.5, .topK = 3, .topP = 0.8, .seed = 11}, logarithms({1, 4, 3, 2}),
             {0, 16. / 25, 9. / 25, 0});
}

TEST(SamplerTest, TheSeedFixesTheDraws) {
  Floats flat(1000, 0.f);
  std::vector<int32_t> first, other;
  Sampler sampler({.temperature = 1, .seed = 42}), second({.temperature = 1, .seed = 43});
  for (int n = 0; n < 8; ++n) {
    first.push_back(sampler.sample(flat));
    other.push_back(second.sample(flat));
  }
  // floor(1000 u) of xoshiro256** seeded by splitmix64(42), worked by a separate program.
  EXPECT_EQ(first, (std::vector<int32_t>{83, 378, 680, 924, 991, 769, 719, 850}));
  EXPECT_NE(first, other);
}

TEST(SamplerTest, RefusesWhatMakesNoSense) {
  EXPECT_ERROR(Sampler({.temperature = -1}), "temperature: expected a number from 0, found -1");
  EXPECT_ERROR(Sampler({.temperature = NAN}), "temperature: expected");
  EXPECT_ERROR(Sampler({.topK = -1}), "top-k: expected a number from 0, found -1");
  EXPECT_ERROR(Sampler({.topP = 0}), "top-p: expected a number above 0 and up to 1, found 0");
  EXPECT_ERROR(Sampler({.topP = 1.5}), "top-p: expected");
  EXPECT_ERROR(Sampler({}).sample(Floats{NAN, -INFINITY}), "none of 2 logits is a number above minus infinity");
  EXPECT_ERROR(Sampler({}).sample(Floats{}), "none of 0 logits");
}

// Exact sums: what reaches top-p exactly is enough, and the next token stays out, also among equals.
TEST(SamplerTest, TopPAtEquality) {
  checkDraws({.temperature = 1, .topP = 0.5, .seed = 21}, {0, 0, 0, 0}, {0.5, 0.5, 0, 0});
  checkDraws({.temperature = 1, .topP = 0.25, .seed = 22}, {0, 0, 0, 0}, {1, 0, 0, 0});
  checkDraws({.temperature = 1, .topP = 0.75, .seed = 23}, {0, 0, 0, 0}, {1. / 3, 1. / 3, 1. / 3, 0});
  checkDraws({.temperature = 1, .topP = 1, .seed = 24}, {0, 0, 0, 0}, {0.25, 0.25, 0.25, 0.25});
  checkDraws({.temperature = 1, .topP = 0.5, .seed = 25}, {-INFINITY, 7, -INFINITY, 7}, {0, 1, 0, 0});
}

// As many as there are, one fewer, and one.
TEST(SamplerTest, TopKAtTheNumberOfTokens) {
  checkDraws({.temperature = 1, .topK = 3, .seed = 26}, {0, 0, 0}, {1. / 3, 1. / 3, 1. / 3});
  checkDraws({.temperature = 1, .topK = 2, .seed = 27}, {0, 0, 0}, {0.5, 0.5, 0});
  checkDraws({.temperature = 1, .topK = 0, .seed = 28}, {0, 0, 0}, {1. / 3, 1. / 3, 1. / 3});
}
