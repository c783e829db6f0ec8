//===- CountsTest.cpp - numbers of tokens on the command line ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Counts.h"
#include "xlstm/Support/Error.h"

#include <gtest/gtest.h>

using namespace xlstm;
using Counts = std::vector<int64_t>;

// As llama-bench's help explains its ranges.
TEST(CountsTest, ListsAndRanges) {
  EXPECT_EQ(parseCounts("512"), (Counts{512}));
  EXPECT_EQ(parseCounts("0,7,1073741824"), (Counts{0, 7, 1073741824}));
  EXPECT_EQ(parseCounts("2-5"), (Counts{2, 3, 4, 5}));
  EXPECT_EQ(parseCounts("0-1000+300,5"), (Counts{0, 300, 600, 900, 5}));
  EXPECT_EQ(parseCounts("64-1000*2"), (Counts{64, 128, 256, 512}));
}

TEST(CountsTest, WhatIsNoneIsRefused) {
  for (const char *text : {"", ",", "1,", "-1", "x", "1x", "5-2", "1-5+0", "1-5*1", "0-8*2", "1-5/2", "1073741825",
                           "99999999999999999999", "1-", "1-5+", "1 2", "0-5000"})
    EXPECT_THROW(parseCounts(text), Error) << text;
}
