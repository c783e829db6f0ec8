//===- RecoveryTest.cpp - recovery, C_alpha and alpha* by hand ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Eval/Recovery.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace xlstm;

TEST(Recovery, RateIsAboveOneWhereTheStudentIsAhead) {
  EXPECT_DOUBLE_EQ(*recoveryRate({"arith", 0.8, 0.6, false}), 0.75);
  EXPECT_DOUBLE_EQ(*recoveryRate({"prose", 1.5, 2.0, true}), 0.75);
  EXPECT_DOUBLE_EQ(*recoveryRate({"prose", 2.0, 1.6, true}), 1.25);
  EXPECT_EQ(recoveryRate({"needle", 0, 0.1, false}), std::nullopt);
}

TEST(Recovery, CurveAndAlphaStarByHand) {
  // Rates: 1.1, 0.98, 0.9, 0.5.
  std::vector<Comparison> four = {
      {"a", 0.5, 0.55, false}, {"b", 0.98, 1.0, true}, {"c", 0.8, 0.72, false}, {"d", 0.4, 0.2, false}};
  EXPECT_DOUBLE_EQ(winAndTieRate(four, 0), 0.25);
  EXPECT_DOUBLE_EQ(winAndTieRate(four, 0.019), 0.25);
  EXPECT_DOUBLE_EQ(winAndTieRate(four, 0.02), 0.5);
  EXPECT_DOUBLE_EQ(winAndTieRate(four, 0.1), 0.75);
  EXPECT_DOUBLE_EQ(winAndTieRate(four, 0.5), 1);
  EXPECT_NEAR(alphaStar(four), 0.02, 1e-12);
  // Three of them: half of three is reached by two.
  std::vector<Comparison> three(four.begin() + 1, four.end());
  EXPECT_NEAR(alphaStar(three), 0.1, 1e-12);
  std::vector<Comparison> lossless = {four[0], four[2]};
  EXPECT_EQ(alphaStar(lossless), 0);
  EXPECT_DOUBLE_EQ(winAndTieRate(lossless, 0), 0.5);
}

TEST(Recovery, ATeacherAtZeroIsAlwaysReached) {
  EXPECT_DOUBLE_EQ(winAndTieRate({{"needle", 0, 0, false}}, 0), 1);
  EXPECT_EQ(alphaStar({{"needle", 0, 0, false}}), 0);
}

TEST(Recovery, AStudentThatLostAllNeedsAlphaOne) {
  EXPECT_EQ(alphaStar({{"needle", 0.7, 0, false}}), 1);
  EXPECT_EQ(alphaStar({}), 1);
  EXPECT_EQ(winAndTieRate({}, 1), 0);
}

/// `right` of `n` items are right; the student's are the first ones, so that both agree wherever they can.
static TaskOutcomes outcomes(const char *name, size_t n, size_t teacher, size_t student, double chance = 0) {
  TaskOutcomes task{name, chance == 0, chance, std::vector<char>(n), std::vector<char>(n)};
  std::fill_n(task.teacher.begin(), teacher, 1);
  std::fill_n(task.student.begin(), student, 1);
  return task;
}

TEST(Recovery, AtChanceMeansNotAboveItByAStandardError) {
  // Standard errors of 100 items: sqrt(p (1 - p) / 99), 0.0450 at 0.28, 0.0461 at 0.3.
  EXPECT_TRUE(outcomes("choice", 100, 20, 50, 0.25).isAtChance());
  EXPECT_TRUE(outcomes("choice", 100, 28, 50, 0.25).isAtChance());
  EXPECT_FALSE(outcomes("choice", 100, 30, 50, 0.25).isAtChance());
  EXPECT_TRUE(outcomes("answer", 100, 0, 5).isAtChance());
  EXPECT_FALSE(outcomes("answer", 100, 1, 0).isAtChance());
}

TEST(Recovery, IntervalsAreThoseOfTheRatio) {
  // Student right on 80 of the teacher's 100 of 200 items. The ratio is a mean over the teacher's items: its standard
  // deviation over draws is sqrt(0.8 * 0.2 / 100) = 0.04 (delta method).
  std::optional<Interval> rate = rateInterval(outcomes("a", 200, 100, 80));
  ASSERT_TRUE(rate);
  EXPECT_NEAR(rate->low, 0.8 - 1.96 * 0.04, 0.012);
  EXPECT_NEAR(rate->high, 0.8 + 1.96 * 0.04, 0.012);
  EXPECT_FALSE(rateInterval(outcomes("a", 20, 1, 1)));
  Headline headline = headlineOf({outcomes("a", 200, 100, 80)});
  EXPECT_NEAR(headline.alphaStar, 0.2, 1e-12);
  EXPECT_NEAR(headline.alphaStarInterval.low, 1 - rate->high, 1e-12);
  EXPECT_NEAR(headline.alphaStarInterval.high, 1 - rate->low, 1e-12);
  EXPECT_EQ(headline.zero, 0);
  // The same items right: no draw tells them apart.
  headline = headlineOf({outcomes("a", 50, 25, 25), outcomes("b", 50, 10, 10)});
  EXPECT_EQ(headline.alphaStarInterval.high, 0);
  EXPECT_EQ(headline.zeroInterval.low, 1);
}

TEST(Recovery, ExcessOfTextHasAnIntervalWhereThereIsEnough) {
  std::vector<double> teacher(400), student(400);
  for (size_t i = 0; i < teacher.size(); ++i) {
    teacher[i] = 100;
    student[i] = i % 2 ? 120 : 100; // mean 110, deviation 10: standard error 0.5
  }
  std::optional<Interval> interval = excessInterval(teacher, student);
  ASSERT_TRUE(interval);
  EXPECT_NEAR(interval->low, 0.1 - 1.96 * 0.005, 0.0012);
  EXPECT_NEAR(interval->high, 0.1 + 1.96 * 0.005, 0.0012);
  EXPECT_FALSE(excessInterval({1, 2}, {1, 2}));
}
