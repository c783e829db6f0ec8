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

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_RECOVERY_H
