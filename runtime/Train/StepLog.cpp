//===- StepLog.cpp - what steps measured, fetched several at a time -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StepLog.h"

#include "xlstm/Support/Number.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>

namespace xlstm {

void StepMetrics::put(const std::string &name, const at::Tensor &value) {
  at::Tensor exact = value.detach().to(at::kDouble);
  auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    names.push_back(name);
    values.push_back(exact);
    return;
  }
  at::Tensor &sum = values[size_t(found - names.begin())];
  sum = sum.add(exact);
}

void StepMetrics::add(const StepLosses &losses, double share) {
  put("loss", losses.loss.detach().to(at::kDouble).mul(share));
  for (const auto &[name, value] : losses.others)
    put(name, value.detach().to(at::kDouble).mul(share));
}

void StepMetrics::count(const std::string &name, double number, c10::Device device) {
  put(name, at::full({}, number, at::TensorOptions(device).dtype(at::kDouble)));
}

void StepMetrics::finish(double learningRate, const at::Tensor &norm, const GateRanges &gates) {
  rate = learningRate;
  put("grad_norm", norm);
  if (!gates.input.least.defined())
    return;
  for (auto [name, range] : {std::pair("i_gate", &gates.input), {"f_gate", &gates.forget}})
    put(name, at::stack({range->least, range->greatest}));
}

bool StepLog::isDue() const {
  return waiting.size() >= most || std::chrono::steady_clock::now() - fetched >= std::chrono::seconds(1);
}

Json StepLog::lineOf(int64_t step, const StepMetrics &metrics, const double *&numbers) {
  Json line = {{"step", step}};
  for (size_t i = 0; i < metrics.names.size(); ++i) {
    const std::string &name = metrics.names[i];
    if (name == "grad_norm")
      line["lr"] = metrics.rate;
    int64_t count = metrics.values[i].numel();
    line[name] = metrics.values[i].dim() == 0 ? Json(*numbers) : Json(std::vector<double>(numbers, numbers + count));
    numbers += count;
  }
  return line;
}

std::optional<BadStep> StepLog::fetch(const std::function<std::string(const Json &line)> &write) {
  std::vector<at::Tensor> all;
  for (const auto &[step, metrics] : waiting)
    for (const at::Tensor &value : metrics.values)
      all.push_back(value.flatten());
  at::Tensor fetchedValues = all.empty() ? at::Tensor() : at::cat(all).cpu();
  const double *numbers = all.empty() ? nullptr : fetchedValues.const_data_ptr<double>();
  for (const auto &[step, metrics] : waiting) {
    Json line = lineOf(step, metrics, numbers);
    double loss = line.at("loss"), norm = line.at("grad_norm");
    std::string wrong;
    if (!std::isfinite(loss) || !std::isfinite(norm))
      wrong = "loss " + shortest(loss) + ", gradient norm " + shortest(norm);
    else
      wrong = write(line);
    if (!wrong.empty())
      return BadStep{step, wrong};
    lastLoss = loss;
  }
  waiting.clear();
  fetched = std::chrono::steady_clock::now();
  return std::nullopt;
}

} // namespace xlstm
