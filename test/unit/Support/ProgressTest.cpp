//===- ProgressTest.cpp - progress fits the terminal ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Support/Progress.h"
#include "lib/Support/ProgressLine.h"

#include <gtest/gtest.h>

using namespace xlstm;

TEST(Progress, LinesFitTheirColumns) {
  std::vector<std::string> parts = {"[align] 120/400", "loss 0.0312", "42 s left"};
  EXPECT_EQ(fitLine(parts, 0), "[align] 120/400  loss 0.0312  42 s left");
  EXPECT_EQ(fitLine(parts, 39), "[align] 120/400  loss 0.0312  42 s left");
  EXPECT_EQ(fitLine(parts, 38), "[align] 120/400 loss 0.0312 42 s left");
  EXPECT_EQ(fitLine(parts, 36), "[align] 120/400 42 s left");
  EXPECT_EQ(fitLine(parts, 20), "[align] 120/400 42 s");
  EXPECT_EQ(fitLine(parts, 5), "[alig");
  std::vector<std::string> more = {"[align] 120/400", "loss 0.0312", "900 tokens/s", "41 % of matmul", "42 s left"};
  EXPECT_EQ(fitLine(more, 68), "[align] 120/400 loss 0.0312 900 tokens/s 41 % of matmul 42 s left");
  EXPECT_EQ(fitLine(more, 60), "[align] 120/400 loss 0.0312 900 tokens/s 42 s left");
  EXPECT_EQ(fitLine(more, 40), "[align] 120/400 loss 0.0312 42 s left");
  EXPECT_EQ(fitLine({"[größe] 1/2", "", "9 s"}, 11), "[größe] 1/2"); // a letter of two bytes is one column
  EXPECT_EQ(fitLine({"[größe] 1/2"}, 4), "[grö");
}

TEST(Progress, Durations) {
  EXPECT_EQ(durationText(0), "0 s");
  EXPECT_EQ(durationText(119), "119 s");
  EXPECT_EQ(durationText(600), "10 min");
  EXPECT_EQ(durationText(11100), "3 h 5 min");
}

// Standard error of a test is no terminal: whole lines, the first before any step.
TEST(Progress, SaysWhereItStandsBeforeTheFirstStep) {
  testing::internal::CaptureStderr();
  Progress progress("align", 300, 20);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "[align] 20/300\n");
  testing::internal::CaptureStderr();
  announce("align", "loading");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "[align] loading\n");
}
