//===- RunRanks.h - processes of a test that form a group ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TEST_UNIT_DISTRIBUTED_RUNRANKS_H
#define XLSTM_TEST_UNIT_DISTRIBUTED_RUNRANKS_H

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

namespace xlstm::test {

/// Forks `count` processes, each of which joins the group, calls `body` and leaves, and waits for them, a minute at
/// most. Returns their wait statuses: 0 where no expectation of the test failed there. The test's own process must have
/// run nothing of LibTorch in parallel. `errors`: where their standard error goes; else to the test's.
std::vector<int> runRanks(int64_t count, const std::function<void()> &body, const std::filesystem::path &errors = {});

/// Expects that all ended well.
void expectRanks(int64_t count, const std::function<void()> &body);

} // namespace xlstm::test

#endif // XLSTM_TEST_UNIT_DISTRIBUTED_RUNRANKS_H
