//===- Recovery.h - how much of the teacher survived ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Paper, section 4: recovery rate, win-and-tie rate C_alpha, alpha*.

#ifndef XLSTM_RUNTIME_EVAL_RECOVERY_H
#define XLSTM_RUNTIME_EVAL_RECOVERY_H

#include <optional>
#include <string>
#include <vector>

namespace xlstm {

/// One benchmark's score of teacher and student.
struct Comparison {
  std::string benchmark;
  double teacher = 0, student = 0;
  bool lowerIsBetter = false; // bits per byte
};

/// student / teacher, or teacher / student where lower is better: above 1 the student is ahead. Nothing where the
/// divisor is 0.
std::optional<double> recoveryRate(const Comparison &comparison);

/// C_alpha: the share of benchmarks on which the student reaches (1 - alpha) of the teacher. A teacher's score of 0 is
/// always reached. 0 without benchmarks.
double winAndTieRate(const std::vector<Comparison> &comparisons, double alpha);

/// alpha* = inf { alpha >= 0 : C_alpha >= 0.5 }; 1 without benchmarks.
double alphaStar(const std::vector<Comparison> &comparisons);

/// What teacher and student did with each item of a task.
struct TaskOutcomes {
  std::string task;
  bool isGeneration = false;
  double chance = 0;
  std::vector<char> teacher, student; // whether the item was right

  Comparison comparison() const;
  /// Whether the teacher's own score tells nothing: not above chance by a standard error; of a task without chance, 0.
  bool isAtChance() const;
};

/// From the 2.5th to the 97.5th percentile of a bootstrap over items.
struct Interval {
  double low = 0, high = 0;
};

/// The headline of some tasks, at least one.
struct Headline {
  double alphaStar = 1, zero = 0; // alpha*, C_0
  Interval alphaStarInterval, zeroInterval;
};

/// Each of `resamples` draws every task's items anew, the same ones for teacher and student. The same for the same
/// outcomes. Throws Error without tasks.
Headline headlineOf(const std::vector<TaskOutcomes> &tasks, int64_t resamples = 2000);

/// Of the recovery rate of one task; nothing where the teacher has nothing right in too many draws.
std::optional<Interval> rateInterval(const TaskOutcomes &task, int64_t resamples = 2000);

/// Of sum(student) / sum(teacher) - 1 over units of text drawn together, such as rows. Nothing below `leastUnits`.
inline constexpr size_t leastUnits = 8;
std::optional<Interval> excessInterval(const std::vector<double> &teacher, const std::vector<double> &student,
                                       int64_t resamples = 2000);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_RECOVERY_H
