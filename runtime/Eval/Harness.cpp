//===- Harness.cpp - the layout of lm-evaluation-harness ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/Results.h"
#include "xlstm/Runtime/Files/AtomicFile.h"

#include <chrono>
#include <ctime>
#include <iomanip>
#include <sstream>

namespace fs = std::filesystem;

namespace xlstm {

/// "2026-01-31T12-00-00.000000", in UTC: how the harness dates its files.
static std::string isoDate(std::chrono::system_clock::time_point now) {
  std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count() % 1000000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::ostringstream text;
  text << std::put_time(&parts, "%Y-%m-%dT%H-%M-%S") << '.' << std::setfill('0') << std::setw(6) << micros;
  return text.str();
}

static void addBenchmark(Json &file, const std::string &name, const Json &config, const Json &higherIsBetter,
                         size_t allItems, size_t items) {
  file["group_subtasks"][name] = Json::array();
  file["configs"][name] = config;
  file["versions"][name] = 1;
  file["n-shot"][name] = 0;
  file["higher_is_better"][name] = higherIsBetter;
  file["n-samples"][name] = {{"original", allItems}, {"effective", items}};
}

static void addDomain(Json &file, const std::string &name, const Json &result, const EvaluationSettings &settings) {
  file["results"][name] = {
      {"alias", name}, {"bits_per_byte,none", result.at("bits_per_byte")}, {"bits_per_byte_stderr,none", "N/A"}};
  Json metric = {{"metric", "bits_per_byte"}, {"higher_is_better", false}};
  Json config = {{"task", name},
                 {"output_type", "loglikelihood_rolling"},
                 {"metric_list", Json::array({metric})},
                 {"metadata", {{"piece_tokens", settings.pieceTokens}, {"bytes", result.at("bytes")}}}};
  addBenchmark(file, name, config, {{"bits_per_byte", false}}, result.at("tokens"), result.at("tokens"));
}

static void addTask(Json &file, const Task &task, const Json &result) {
  bool choices = task.kind == TaskKind::MultipleChoice;
  // The filter of a generation task takes the first answer out of the text.
  std::string filter = choices ? ",none" : ",first";
  Json scores = {{"alias", task.name}}, higher = Json::object(), metrics = Json::array();
  for (const auto &[metric, value] : result.at("metrics").items()) {
    scores[metric + filter] = value;
    scores[metric + "_stderr" + filter] = result.at("standard_errors").at(metric);
    higher[metric] = true;
    metrics.push_back({{"metric", metric}, {"aggregation", "mean"}, {"higher_is_better", true}});
  }
  file["results"][task.name] = scores;
  Json config = {{"task", task.name},
                 {"output_type", choices ? "multiple_choice" : "generate_until"},
                 {"metric_list", metrics},
                 {"num_fewshot", 0}};
  if (!choices)
    config["generation_kwargs"] = {{"max_gen_toks", task.newTokens()}, {"do_sample", false}};
  addBenchmark(file, task.name, config, higher, task.allItems, task.items.size());
}

/// The number of items where a task was cut to it, else null.
static Json limitOf(const std::vector<Task> &tasks) {
  for (const Task &task : tasks)
    if (task.items.size() < task.allItems)
      return task.items.size();
  return nullptr;
}

void writeHarnessResults(const fs::path &folder, const ModelResults &model, const std::vector<Task> &tasks,
                         const EvaluationSettings &settings) {
  auto now = std::chrono::system_clock::now();
  std::string date = isoDate(now);
  Json file = Json::object();
  for (const char *key :
       {"results", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better", "n-samples"})
    file[key] = Json::object();
  for (const auto &[domain, result] : model.domains.items())
    addDomain(file, domain, result, settings);
  AtomicDirectory out(folder / model.name);
  for (const Task &task : tasks) {
    const Json &result = model.tasks.at(task.name);
    addTask(file, task, result);
    std::string lines;
    for (const Json &sample : result.at("samples"))
      lines += sample.dump() + "\n";
    writeTextFile(out.path() / ("samples_" + task.name + "_" + date + ".jsonl"), lines);
  }
  file["config"] = {
      {"model", "xlstm"},     {"model_args", model.name}, {"model_num_parameters", model.size.at("parameters")},
      {"batch_size", "auto"}, {"device", "cpu"},          {"limit", limitOf(tasks)},
      {"random_seed", 0}};
  file["git_hash"] = nullptr;
  file["date"] = std::chrono::duration<double>(now.time_since_epoch()).count();
  file["model_source"] = "xlstm";
  file["model_name"] = model.name;
  file["model_name_sanitized"] = model.name;
  writeTextFile(out.path() / ("results_" + date + ".json"), file.dump(1) + "\n");
  out.commit();
}

} // namespace xlstm
