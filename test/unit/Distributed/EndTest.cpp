//===- EndTest.cpp - a rank that ends takes the others with it -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RunRanks.h"
#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Distributed/Group.h"

#include <ATen/ops/full.h>

#include <chrono>
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

using namespace xlstm;
using namespace xlstm::test;

namespace {

using Clock = std::chrono::steady_clock;

class EndTest : public TestFolder {
protected:
  /// Runs three ranks, of which one ends by `act` while the others wait for it; returns what all of them said.
  std::string said(int64_t rank, const std::function<void()> &act) {
    Clock::time_point start = Clock::now();
    statuses = runRanks(
        3,
        [&] {
          Group &group = Group::world();
          group.barrier();
          if (group.rank() == rank)
            act();
          at::Tensor sum = at::full({2}, 1.0);
          for (;;)
            group.allReduce(sum);
        },
        folder / "errors");
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(30));
    return get(folder / "errors");
  }
  void expectExit(int64_t rank) { EXPECT_EQ(statuses[size_t(rank)], 1 << 8) << "rank " << rank; }

  std::vector<int> statuses;
};

} // namespace

TEST_F(EndTest, KilledRank) {
  EXPECT_EQ(said(1, [] { ::raise(SIGKILL); }),
            "xlstm: error: rank 1 gives no sign of life: it was killed, or its host is not reached; the other ranks "
            "have ended with it\n");
  expectExit(0);
  expectExit(2);
}

// The store goes with it.
TEST_F(EndTest, KilledFirst) {
  EXPECT_EQ(said(0, [] { ::raise(SIGKILL); }),
            "xlstm: error: rank 0 has ended: it was killed, or its host is not reached; the other ranks have ended "
            "with it\n");
  expectExit(1);
  expectExit(2);
}

// Rank 0 says what another rank's error is.
TEST_F(EndTest, Error) {
  EXPECT_EQ(said(2,
                 [] {
                   Group::world().report("no such file");
                   ::_exit(1);
                 }),
            "xlstm: error: rank 2: no such file; the other ranks have ended with it\n");
  expectExit(0);
  expectExit(1);
}

// What rank 0 has said itself is said once.
TEST_F(EndTest, ErrorOfFirst) {
  EXPECT_EQ(said(0,
                 [] {
                   Group::world().report("");
                   ::_exit(1);
                 }),
            "");
  expectExit(1);
  expectExit(2);
}
