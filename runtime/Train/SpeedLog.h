//===- SpeedLog.h - how fast a stage's steps were -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_SPEEDLOG_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_SPEEDLOG_H

#include "LogFile.h"
#include "StepNote.h"

namespace xlstm {

/// A file of its own, since metrics.jsonl has no times: runs that are the same write the same there. A line at each
/// validation tells of the steps since the one before: {"step", "steps", "seconds", "tokens_per_second", "bytes",
/// "share"}, the last two where they are known, checkpoints on the way included.
class SpeedLog {
public:
  /// Goes on behind the lines of `file` up to step `done`; later ones are cut off.
  SpeedLog(const std::filesystem::path &file, int64_t done, const StepSpeed &speed, c10::Device device);

  /// From here on, behind step `done`, steps are timed.
  void begin(int64_t done);
  /// Tokens of a step, of all ranks.
  void count(int64_t tokensOfStep) { tokens += tokensOfStep; }
  /// They end here, before a validation.
  void end(int64_t done);

private:
  using Clock = std::chrono::steady_clock;
  StepSpeed speed;
  c10::Device device;
  LogFile log;
  int64_t first = 0, tokens = 0;
  Clock::time_point start = Clock::now();
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_SPEEDLOG_H
