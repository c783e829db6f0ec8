//===- RopeTest.cpp - positions and rope against the reference ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelTest.h"
#include "xlstm/Kernels/Turns.h"

#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

TEST(Positions, CountOnFromEachRow) {
  std::vector<int32_t> pos = {5, 0}, positions(6);
  xlstm_cpu_positions(pos.data(), positions.data(), 2, 3);
  EXPECT_EQ(positions, (std::vector<int32_t>{5, 6, 7, 0, 1, 2}));
}

TEST(Positions, Advance) {
  std::vector<int32_t> pos = {5, 0};
  xlstm_cpu_advance(pos.data(), 2, 7);
  EXPECT_EQ(pos, (std::vector<int32_t>{12, 7}));
}

TEST(Rope, MatchesTheReference) {
  for (int64_t d : {2, 8, 20, 32, 34, 64, 128, 300})
    for (int64_t T : {1, 7})
      for (int64_t H : {1, 3}) {
        int64_t B = 2;
        Floats x = randomFloats(B * T * H * d, 1), y(x.size());
        Doubles frequencies(d / 2);
        for (int64_t c = 0; c < d / 2; ++c)
          frequencies[c] = std::pow(10000.0, -2.0 * c / d);
        std::vector<int64_t> turns(d / 2);
        std::transform(frequencies.begin(), frequencies.end(), turns.begin(), turnsOf);
        std::vector<int32_t> positions;
        for (int64_t n = 0; n < B * T; ++n)
          positions.push_back(n == 1 ? 1 << 20 : n == 2 ? (1 << 24) + 1 : n == 3 ? INT32_MAX : n * n * 977);
        Doubles want(x.size());
        reference::rope(widen(x).data(), positions.data(), frequencies.data(), 1.25, want.data(), B, T, H, d);
        for (int64_t gap : Gaps) {
          xlstm_cpu_rope(spread(x, H * d, gap).data(), positions.data(), turns.data(), y.data(), B * T, H, d,
                         H * d + gap, 1.25f);
          EXPECT_LT(headError(y, want, H, d), Tolerance) << d;
        }
      }
}
