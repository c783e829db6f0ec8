//===- Bootstrap.cpp - intervals by drawing items anew --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Percentile bootstrap (Efron, Tibshirani 1993, chapter 13), paired: teacher and student answer the same items.

#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Eval/Recovery.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace xlstm {

static double share(const std::vector<char> &right) {
  return right.empty() ? 0 : double(std::accumulate(right.begin(), right.end(), int64_t{0})) / double(right.size());
}

Comparison TaskOutcomes::comparison() const { return {task, share(teacher), share(student), false}; }

bool TaskOutcomes::isAtChance() const {
  double score = share(teacher), n = double(teacher.size());
  double error = n > 1 ? std::sqrt(score * (1 - score) / (n - 1)) : 0;
  return chance > 0 ? score - error <= chance : score <= 0;
}

static Interval percentiles(std::vector<double> values) {
  std::ranges::sort(values);
  auto at = [&](double part) { return values[size_t(std::llround(part * double(values.size() - 1)))]; };
  return {at(0.025), at(0.975)};
}

/// The task's scores over as many items as it has, drawn with replacement.
static Comparison redraw(const TaskOutcomes &task, uint64_t &state) {
  size_t n = task.teacher.size();
  int64_t teacher = 0, student = 0;
  for (size_t i = 0; i < n; ++i) {
    size_t item = splitmix64(state) % n;
    teacher += task.teacher[item];
    student += task.student[item];
  }
  return {task.task, double(teacher) / double(n), double(student) / double(n), false};
}

Headline headlineOf(const std::vector<TaskOutcomes> &tasks, int64_t resamples) {
  if (tasks.empty())
    fail("alpha*: expected at least one task");
  std::vector<Comparison> now, drawn;
  for (const TaskOutcomes &task : tasks)
    now.push_back(task.comparison());
  std::vector<double> stars, zeros;
  uint64_t state = 1;
  for (int64_t i = 0; i < resamples; ++i) {
    drawn.clear();
    for (const TaskOutcomes &task : tasks)
      drawn.push_back(redraw(task, state));
    stars.push_back(alphaStar(drawn));
    zeros.push_back(winAndTieRate(drawn, 0));
  }
  return {alphaStar(now), winAndTieRate(now, 0), percentiles(std::move(stars)), percentiles(std::move(zeros))};
}

std::optional<Interval> rateInterval(const TaskOutcomes &task, int64_t resamples) {
  std::vector<double> rates;
  uint64_t state = 1;
  for (int64_t i = 0; i < resamples; ++i)
    if (std::optional<double> rate = recoveryRate(redraw(task, state)))
      rates.push_back(*rate);
  if (double(rates.size()) < 0.99 * double(resamples))
    return std::nullopt;
  return percentiles(std::move(rates));
}

std::optional<Interval> excessInterval(const std::vector<double> &teacher, const std::vector<double> &student,
                                       int64_t resamples) {
  size_t n = teacher.size();
  if (n < leastUnits || student.size() != n)
    return std::nullopt;
  std::vector<double> values;
  uint64_t state = 1;
  for (int64_t i = 0; i < resamples; ++i) {
    double over = 0, under = 0;
    for (size_t draw = 0; draw < n; ++draw) {
      size_t unit = splitmix64(state) % n;
      over += student[unit];
      under += teacher[unit];
    }
    values.push_back(over / under - 1);
  }
  return percentiles(std::move(values));
}

} // namespace xlstm
