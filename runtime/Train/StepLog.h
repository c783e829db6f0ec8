//===- StepLog.h - what steps measured, fetched several at a time ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_STEPLOG_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_STEPLOG_H

#include "GateRanges.h"

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Train/Trainer.h"

#include <chrono>

namespace xlstm {

/// What one step measured, numbers and pairs of them where it ran: one that is read waits for the device.
class StepMetrics {
public:
  /// Adds the losses of a part of the batch, `share` of its tokens.
  void add(const StepLosses &losses, double share);
  /// Adds a number of this rank's.
  void count(const std::string &name, double number, c10::Device device);
  /// Adds "lr", "grad_norm" and, where there are gates, "i_gate" and "f_gate", [least, greatest].
  void finish(double rate, const at::Tensor &norm, const GateRanges &gates);
  /// What add() has added up, scalars.
  std::vector<at::Tensor> &numbers() { return values; }

private:
  friend class StepLog;
  /// float64; added up.
  void put(const std::string &name, const at::Tensor &value);
  std::vector<std::string> names; // in the order of the log's line
  std::vector<at::Tensor> values;
  double rate = 0;
};

/// A step after which training does not go on, and why.
struct BadStep {
  int64_t step;
  std::string what;
};

/// Lines of steps that are not in the log yet.
class StepLog {
public:
  void add(int64_t step, StepMetrics metrics) { waiting.emplace_back(step, std::move(metrics)); }
  /// Whether the lines should be fetched: there are many of them, or the last time is a second ago.
  bool isDue() const;
  /// Fetches all of them at once and passes each to `write` in order, which says what is wrong with it, up to the first
  /// that has something wrong or whose loss or gradient norm is not finite: that one.
  std::optional<BadStep> fetch(const std::function<std::string(const Json &line)> &write);
  /// The loss of the last step that was fetched.
  double loss() const { return lastLoss; }

private:
  static constexpr size_t most = 16;
  /// Loss and the others, the rate, then the norm and the gates. `numbers`: the step's, moved on behind them.
  static Json lineOf(int64_t step, const StepMetrics &metrics, const double *&numbers);
  std::vector<std::pair<int64_t, StepMetrics>> waiting;
  std::chrono::steady_clock::time_point fetched;
  double lastLoss = 0;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_STEPLOG_H
