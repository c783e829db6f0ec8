//===- RecoveryTest.cpp - recovery, C_alpha and alpha* by hand ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Eval/Recovery.h"

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
