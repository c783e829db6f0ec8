//===- Replay.cpp - the batch of a step that went wrong -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Replay.h"

#include "xlstm/Runtime/Files/AtomicFile.h"

#include <ATen/ops/cat.h>

#include <cmath>

namespace xlstm {

void saveFailure(const std::filesystem::path &folder, const std::string &task, const BadStep &bad,
                 const std::vector<int64_t> &rows, const std::vector<BatchPart> &batch) {
  AtomicDirectory out(folder);
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (size_t n = 0; n < batch.front().arguments.size(); ++n) {
    std::vector<at::Tensor> parts;
    for (const BatchPart &part : batch)
      parts.push_back(part.arguments[n]);
    std::string name = task == "align" || n < 3 ? std::vector<std::string>{"ids", "doc_start", "labels"}.at(n)
                                                : std::vector<std::string>{"top_ids", "top_logprobs", "tail"}.at(n - 3);
    tensors.emplace_back(name, at::cat(parts).contiguous());
  }
  saveTensors(out.path() / "batch.safetensors", tensors);
  Json json = {{"task", task}, {"step", bad.step}, {"what", bad.what}, {"rows", rows}};
  writeTextFile(out.path() / "failed.json", json.dump(1) + "\n");
  out.commit();
}

/// JSON has no infinities.
static Json numberOf(double value) { return std::isfinite(value) ? Json(value) : Json(std::to_string(value)); }

static Json lossesOf(const TrainTask &task, const std::vector<at::Tensor> &arguments, const ParamMap &all,
                     const ParamMap &trained) {
  StepLosses losses = task.losses(arguments, all, {});
  losses.loss.backward();
  Json found = {{"loss", numberOf(losses.loss.item<double>())},
                {"grad_norm", numberOf(gradientNorm(trained).item<double>())},
                {"not_finite", Json::array()}};
  for (const auto &[name, value] : losses.others)
    found[name] = numberOf(value.item<double>());
  constexpr size_t most = 8;
  for (const auto &[name, param] : trained)
    if (param.grad().defined() && !param.grad().isfinite().all().item<bool>() && found["not_finite"].size() < most)
      found["not_finite"].push_back(name);
  return found;
}

Json lossesOfRows(const TrainTask &task, const TokenRows &rows, const std::vector<int64_t> &numbers,
                  const ParamMap &all, Trainee &trainee) {
  Json found = Json::array();
  for (int64_t n = 0; n < rows.size(); ++n) {
    trainee.clearGradients();
    TokenRows one = rows.slice(n, n + 1);
    Json losses = lossesOf(task, task.arguments(one), all, trainee.leaves());
    losses["row"] = numbers[size_t(n)];
    losses["tokens"] = task.tokens(one);
    found.push_back(losses);
  }
  return found;
}

} // namespace xlstm
