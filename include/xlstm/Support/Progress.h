//===- Progress.h - what long work says while it runs ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_SUPPORT_PROGRESS_H
#define XLSTM_SUPPORT_PROGRESS_H

#include <chrono>
#include <cstdint>
#include <string>

namespace xlstm {

/// Progress of one piece of work on standard error: "[align] 120/400  loss 0.031  42 s left", from "0/400" on. On a
/// terminal the line is rewritten in place and never wider; elsewhere a line comes every ten seconds.
class Progress {
public:
  /// `label` names the work, `total` its number of steps; `done` of them were done before (a resumed run).
  Progress(std::string label, int64_t total, int64_t done = 0);
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  /// `steps` more are done; `note` is what to say of them, such as the loss. Of its parts, two spaces apart, the last
  /// ones go first where the terminal is narrow.
  void advance(int64_t steps = 1, const std::string &note = "");

private:
  using Clock = std::chrono::steady_clock;
  void print(bool last);

  std::string label, note;
  int64_t total, before, done;
  bool terminal;
  Clock::time_point start, lastPrint;
};

/// One line on standard error: "[label] text".
void say(const std::string &label, const std::string &text);
/// The same for what begins now; on a terminal the next line replaces it.
void announce(const std::string &label, const std::string &text);
/// Ends a line that would have been replaced: for who writes to the terminal by other means, such as an error.
void endProgressLine();

} // namespace xlstm

#endif // XLSTM_SUPPORT_PROGRESS_H
