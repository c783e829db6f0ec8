//===- TeamTest.cpp - threads that run a model together ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Team.h"

#include <gtest/gtest.h>
#include <numeric>

using namespace xlstm;

TEST(TeamTest, EveryMemberRunsEveryJobOnce) {
  for (int threads : {1, 2, 3, 9}) {
    Team team(threads);
    EXPECT_EQ(team.size(), threads);
    std::vector<int> runs(static_cast<size_t>(threads));
    for (int job = 0; job < 100; ++job)
      team.run([&](const xlstm_team *member) { ++runs[member ? static_cast<size_t>(member->part) : 0]; });
    EXPECT_EQ(runs, std::vector<int>(static_cast<size_t>(threads), 100));
  }
}

// Each adds what its neighbour wrote in the round before: who goes on too early reads an older number.
TEST(TeamTest, WhatWasWrittenBeforeAMeetingIsReadAfterIt) {
  const size_t threads = 4;
  Team team(threads);
  std::vector<int64_t> even(threads), odd(threads);
  std::iota(even.begin(), even.end(), 1);
  team.run([&](const xlstm_team *member) {
    auto own = static_cast<size_t>(member->part), next = (own + 1) % threads;
    for (int round = 0; round < 500; ++round) {
      odd[own] = even[own] % 1000 + even[next] % 1000;
      member->meet(member);
      even[own] = odd[own] % 1000 + odd[next] % 1000;
      member->meet(member);
    }
  });
  std::vector<int64_t> expected(threads), other(threads);
  std::iota(expected.begin(), expected.end(), 1);
  for (int round = 0; round < 1000; ++round) {
    for (size_t own = 0; own < threads; ++own)
      other[own] = expected[own] % 1000 + expected[(own + 1) % threads] % 1000;
    expected = other;
  }
  EXPECT_EQ(even, expected);
}

// Workers that have gone to sleep come when there is work, and at the end.
TEST(TeamTest, SleepersWake) {
  Team team(3);
  std::atomic<int> runs = 0;
  for (int job = 0; job < 3; ++job) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    team.run([&](const xlstm_team *) { ++runs; });
  }
  EXPECT_EQ(runs, 9);
}
