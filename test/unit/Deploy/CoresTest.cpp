//===- CoresTest.cpp - how many threads are worth starting ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Cores.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <thread>

using namespace xlstm;

// Lines of cpu.max as the kernel's documentation has them (cgroup-v2.rst), and what is none.
TEST(CoresTest, AGroupsQuotaIsALimit) {
  EXPECT_EQ(coresWithin("max 100000", 8), 8);
  EXPECT_EQ(coresWithin("400000 100000", 8), 4);
  EXPECT_EQ(coresWithin("250000 100000", 8), 3); // two and a half
  EXPECT_EQ(coresWithin("20000 100000", 8), 1);
  EXPECT_EQ(coresWithin("1600000 100000", 8), 8);
  for (const char *line : {"", " ", "-1 100000", "400000", "400000 0", "400000 x"})
    EXPECT_EQ(coresWithin(line, 8), 8) << line;
}

TEST(CoresTest, AffinityIsALimit) {
  int cores = usableCores();
  EXPECT_GE(cores, 1);
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu)
    if (CPU_ISSET(cpu, &before))
      CPU_SET(cpu, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(usableCores(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
}
