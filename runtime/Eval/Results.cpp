//===- Results.cpp - results.json -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/Results.h"

#include "xlstm/Runtime/Eval/Recovery.h"

namespace xlstm {

static Json modelScores(const ModelResults &model) {
  Json scores = {{"bits_per_byte", Json::object()}, {"tasks", Json::object()}};
  for (const auto &[domain, result] : model.domains.items())
    scores["bits_per_byte"][domain] = result.at("bits_per_byte");
  for (const auto &[task, result] : model.tasks.items())
    scores["tasks"][task] = result.at("metrics");
  return scores;
}

/// A student beside the teacher on every benchmark: each domain, each task by its main metric.
static std::vector<Comparison> compare(const ModelResults &teacher, const ModelResults &student,
                                       const std::vector<Task> &tasks) {
  std::vector<Comparison> comparisons;
  for (const auto &[domain, result] : teacher.domains.items())
    comparisons.push_back({domain, result.at("bits_per_byte"), student.domains.at(domain).at("bits_per_byte"), true});
  for (const Task &task : tasks) {
    auto score = [&](const ModelResults &model) { return model.tasks.at(task.name).at("metrics").at(task.metric()); };
    comparisons.push_back({task.name, score(teacher), score(student), false});
  }
  return comparisons;
}

static Json recoveryRates(const std::vector<Comparison> &comparisons) {
  Json rates = Json::object();
  for (const Comparison &comparison : comparisons) {
    std::optional<double> rate = recoveryRate(comparison);
    rates[comparison.benchmark] = rate ? Json(*rate) : Json(nullptr);
  }
  return rates;
}

static Json winAndTieCurve(const std::vector<Comparison> &comparisons) {
  Json alphas = Json::array(), shares = Json::array();
  for (int percent = 0; percent <= 100; ++percent) {
    alphas.push_back(percent / 100.0);
    shares.push_back(winAndTieRate(comparisons, percent / 100.0));
  }
  double none = winAndTieRate(comparisons, 0);
  return {{"alpha", alphas},
          {"c_alpha", shares},
          {"alpha_star", alphaStar(comparisons)},
          {"c_0", none},
          {"lossless", none >= 0.5}};
}

static Json settingsOf(const EvaluationSettings &settings, const ModelResults &first, const std::vector<Task> &tasks) {
  Json result = {{"teacher", settings.teacher},
                 {"student", settings.student},
                 {"piece_tokens", settings.pieceTokens},
                 {"token_limit", settings.tokenLimit},
                 {"gate_tokens", settings.gateTokens},
                 {"domains", Json::object()},
                 {"tasks", Json::object()}};
  for (const auto &[domain, measured] : first.domains.items()) {
    result["domains"][domain] = {{"tokens", measured.at("tokens")}, {"bytes", measured.at("bytes")}};
    if (auto split = settings.splits.find(domain); split != settings.splits.end())
      result["domains"][domain]["split"] = split->second;
  }
  for (const Task &task : tasks)
    result["tasks"][task.name] = {{"items", task.items.size()}, {"metric", task.metric()}};
  return result;
}

Json summarize(const std::vector<ModelResults> &models, const std::vector<Task> &tasks,
               const EvaluationSettings &settings) {
  Json summary = {{"models", Json::object()}, {"recovery", Json::object()},        {"c_alpha", Json::object()},
                  {"alpha_star", nullptr},    {"standard_errors", Json::object()}, {"gates", Json::object()},
                  {"sizes", Json::object()},  {"settings", Json::object()}};
  const ModelResults *teacher = nullptr;
  for (const ModelResults &model : models) {
    summary["models"][model.name] = modelScores(model);
    for (const auto &[task, result] : model.tasks.items())
      summary["standard_errors"][model.name][task] = result.at("standard_errors");
    if (!model.gates.empty())
      summary["gates"][model.name] = model.gates;
    summary["sizes"][model.name] = model.size;
    if (model.name == settings.teacher)
      teacher = &model;
  }
  if (!models.empty())
    summary["settings"] = settingsOf(settings, models.front(), tasks);
  if (!teacher)
    return summary;
  for (const ModelResults &model : models) {
    if (&model == teacher)
      continue;
    std::vector<Comparison> comparisons = compare(*teacher, model, tasks);
    summary["recovery"][model.name] = recoveryRates(comparisons);
    summary["c_alpha"][model.name] = winAndTieCurve(comparisons);
    if (model.name == settings.student || !summary["c_alpha"].contains(settings.student))
      summary["alpha_star"] = summary["c_alpha"][model.name]["alpha_star"];
  }
  return summary;
}

} // namespace xlstm
