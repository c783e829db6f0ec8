//===- TrainOptions.cpp - settings of stages I and II ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Train/TrainOptions.h"

#include "xlstm/Support/Error.h"
#include "xlstm/Support/Number.h"

#include <cmath>
#include <numbers>

namespace xlstm {

double Schedule::at(int64_t step, int64_t steps) const {
  if (step < warmup)
    return peak * double(step + 1) / double(warmup);
  if (!cosine)
    return peak;
  int64_t last = steps - 1;
  double part = last > warmup ? std::min(1.0, double(step - warmup) / double(last - warmup)) : 1.0;
  return final + (peak - final) * (1 + std::cos(std::numbers::pi * part)) / 2;
}

std::string LoraOptions::passOptions() const {
  std::string text = "rank=" + std::to_string(rank) + " alpha=" + shortest(alpha);
  for (const std::string &target : targets)
    text += (&target == targets.data() ? " targets=" : ",") + target;
  return text;
}

void TrainOptions::check(const std::string &stage, int64_t ranks, int64_t every) const {
  if (steps < 0 || batch < 1 || microBatch < 0 || validateEvery < 1 || checkpointEvery < 1)
    fail(stage, ": steps, batch, microBatch, validateEvery or checkpointEvery is out of range");
  if (batch < ranks)
    fail(stage, ": expected a batch of at least a row for each of the ", ranks, " ranks, found ", batch);
  if (checkpointEvery % every != 0)
    fail(stage, ": expected checkpoints every so many steps as the student writes for, ", every,
         ", or a multiple of that, found ", checkpointEvery);
}

Schedule TrainOptions::newRate() const {
  Schedule schedule = rate;
  schedule.peak = newPeak.value_or(rate.peak);
  return schedule;
}

std::string TrainOptions::precisionPass(const std::string &functions) const {
  return precision == "f32" ? "" : "xlstm-set-precision{type=" + precision + " functions=" + functions + "}";
}

std::string TrainOptions::passes(const std::string &function) const {
  std::string passes = precisionPass(function);
  if (recompute)
    passes += (passes.empty() ? "" : ",") + ("xlstm-recompute-layers{functions=" + function + "}");
  return passes;
}

TrainOptions TrainOptions::alignment(int64_t steps) {
  TrainOptions options;
  options.steps = steps;
  options.rate.warmup = steps / 20;
  return options;
}

TrainOptions TrainOptions::distillation(int64_t steps) {
  TrainOptions options;
  options.steps = steps;
  options.rate = {.peak = 1e-5, .final = 1e-5, .warmup = steps / 20, .cosine = false};
  return options;
}

} // namespace xlstm
