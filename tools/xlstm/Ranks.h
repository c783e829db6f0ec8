//===- Ranks.h - a verb that several processes do together -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_RANKS_H
#define XLSTM_TOOLS_XLSTM_RANKS_H

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace xlstm {

/// How many processes a verb is to start: a GPU each, or on the CPU.
struct RankSettings {
  int64_t gpus = 0, processes = 0;

  void addOptions(CLI::App &verb);
  int64_t count() const { return std::max(gpus, processes); }
  /// --gpus means a GPU, whatever --device says.
  std::string deviceOr(const std::string &device) const { return gpus > 0 ? "cuda" : device; }
};

/// Does `lead` where this process is the whole job or its first rank, else `join` with each thing that rank 0 calls
/// (Group.h). Where `settings` ask for several processes and nobody has started these, starts them with this one's
/// command line, waits and ends with their exit code. A rank that fails or is killed ends the others, with one line.
void workTogether(const RankSettings &settings, const std::string &device, const std::function<void()> &lead,
                  const std::function<void(const std::string &call)> &join);

/// Starts `count` processes with this one's command line and the variables of Place.h, and waits for all. Returns the
/// exit code of the first that failed, 128 + signal where it was killed, or 0.
int launchRanks(int64_t count);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_RANKS_H
