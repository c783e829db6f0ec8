//===- RowOrderTest.cpp - shares, passes, determinism ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Data/RowOrder.h"

#include <algorithm>

using namespace xlstm;
using namespace xlstm::test;

using Rows = std::vector<int64_t>;

TEST(RowOrder, takesEveryRowOnceAPass) {
  Rows order = rowOrder({10}, {1.0}, 5, 30, 1000);
  std::vector<Rows> passes;
  for (int pass = 0; pass < 3; ++pass) {
    Rows rows(order.begin() + pass * 10, order.begin() + pass * 10 + 10);
    passes.push_back(rows);
    std::sort(rows.begin(), rows.end());
    EXPECT_EQ(rows, (Rows{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  }
  EXPECT_NE(passes[0], passes[1]);
  EXPECT_NE(passes[1], passes[2]);
}

TEST(RowOrder, keepsSharesInEveryPrefix) {
  std::vector<double> weights = {0.5, 0.3, 0.2};
  Rows order = rowOrder({7, 100, 3}, weights, 1, 1000, 1000);
  std::vector<double> taken(3);
  for (size_t n = 0; n < order.size(); ++n) {
    ++taken[order[n] < 7 ? 0 : order[n] < 107 ? 1 : 2];
    for (int d = 0; d < 3; ++d) {
      EXPECT_LT(taken[d], double(n + 1) * weights[d] + 1);
      EXPECT_GT(taken[d], double(n + 1) * weights[d] - 2);
    }
  }
}

TEST(RowOrder, isAPureFunctionOfTheSeed) {
  Rows longer = rowOrder({50, 20}, {0.6, 0.4}, 9, 200, 1000), shorter = rowOrder({50, 20}, {0.6, 0.4}, 9, 80, 1000);
  EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
  EXPECT_NE(rowOrder({50, 20}, {0.6, 0.4}, 10, 80, 1000), shorter);
  // The first shuffle of five rows with seed 0, worked in Python: no library or compiler can change anybody's run.
  EXPECT_EQ(rowOrder({5}, {1.0}, 0, 5, 1000), (Rows{2, 3, 4, 0, 1}));
}

TEST(RowOrder, mixesDomainsByWeight) {
  TokenRows a = packDocuments({{1, 2, 3, 4}}, {.length = 2}), b = packDocuments({{5, 6}}, {.length = 2});
  MixedRows mixed = mixRows({a, b}, {1, 3});
  EXPECT_EQ(mixed.counts, (Rows{2, 1}));
  EXPECT_EQ(mixed.weights, (std::vector<double>{0.25, 0.75}));
  EXPECT_EQ(mixed.rows.size(), 3);
  EXPECT_DOUBLE_EQ(mixRows({a, b}).weights[0], 2.0 / 3);
  EXPECT_ERROR(mixRows({a, b}, {1}), "a weight for each of 2 domains, found 1");
  EXPECT_ERROR(mixRows({a, b}, {1, -1}), "domain 1 has weight -1");
  EXPECT_ERROR(mixRows({a, b}, {0, 0}), "the weights sum to 0");
}

// Whole blocks, or all rows that there are: a longer order begins as a shorter one does, and still has each row once.
TEST(RowOrder, ALongerRunBeginsAsAShorterOne) {
  Rows shorter = rowOrder({8}, {1.0}, 3, 7, 4), longer = rowOrder({20}, {1.0}, 3, 20, 4);
  EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
  std::sort(longer.begin(), longer.end());
  for (int64_t row = 0; row < 20; ++row)
    EXPECT_EQ(longer[size_t(row)], row);
  Rows ragged = rowOrder({6}, {1.0}, 3, 12, 4), again = rowOrder({6}, {1.0}, 3, 9, 4);
  EXPECT_TRUE(std::equal(again.begin(), again.end(), ragged.begin()));
}
