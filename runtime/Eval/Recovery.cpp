//===- Recovery.cpp - how much of the teacher survived --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Eval/Recovery.h"

#include <algorithm>

namespace xlstm {

std::optional<double> recoveryRate(const Comparison &comparison) {
  double over = comparison.lowerIsBetter ? comparison.teacher : comparison.student;
  double under = comparison.lowerIsBetter ? comparison.student : comparison.teacher;
  if (under == 0)
    return std::nullopt;
  return over / under;
}

/// The alpha from which on the benchmark counts: 0 where the student is as good as the teacher.
static double neededAlpha(const Comparison &comparison) {
  double rate = recoveryRate(comparison).value_or(1);
  return std::max(0.0, 1 - rate);
}

double winAndTieRate(const std::vector<Comparison> &comparisons, double alpha) {
  if (comparisons.empty())
    return 0;
  // 1 - 0.9 is not quite 0.1: a rate that meets the bound exactly must count.
  auto reached = [&](const Comparison &c) { return neededAlpha(c) <= alpha + 1e-12; };
  return double(std::count_if(comparisons.begin(), comparisons.end(), reached)) / double(comparisons.size());
}

double alphaStar(const std::vector<Comparison> &comparisons) {
  if (comparisons.empty())
    return 1;
  std::vector<double> needed;
  for (const Comparison &comparison : comparisons)
    needed.push_back(neededAlpha(comparison));
  std::sort(needed.begin(), needed.end());
  return needed[(needed.size() + 1) / 2 - 1]; // with this one, at least half of them count
}

} // namespace xlstm
