//===- ReportData.cpp - what a run's folder says --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/ReportData.h"

#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Support/Error.h"

#include <algorithm>

namespace fs = std::filesystem;

namespace xlstm {

static const std::string baseline = "window-sinks";

const Json &ReportData::at(const std::vector<std::string> &keys) const {
  static const Json null;
  const Json *found = &results;
  for (const std::string &key : keys) {
    if (!found->is_object() || !found->contains(key))
      return null;
    found = &found->at(key);
  }
  return *found;
}

bool ReportData::has(const std::string &model) const {
  return std::find(models.begin(), models.end(), model) != models.end();
}

/// The number at the end of `keys`; nothing where one of them is missing.
static std::optional<double> numberAt(const Json &from, const std::vector<std::string> &keys) {
  const Json *at = &from;
  for (const std::string &key : keys) {
    auto found = at->find(key);
    if (found == at->end())
      return std::nullopt;
    at = &*found;
  }
  return at->is_number() ? std::optional(at->get<double>()) : std::nullopt;
}

std::optional<double> ReportData::bitsPerByte(const std::string &model, const std::string &domain) const {
  return numberAt(results, {"models", model, "bits_per_byte", domain});
}

std::optional<double> ReportData::taskScore(const std::string &model, const std::string &task,
                                            const std::string &metric) const {
  return numberAt(results, {"models", model, "tasks", task, metric});
}

std::optional<double> ReportData::gapClosed(const std::string &model, const std::string &domain) const {
  std::optional<double> from = bitsPerByte(baseline, domain), to = bitsPerByte(teacher, domain),
                        at = bitsPerByte(model, domain);
  if (!from || !to || !at || *from <= *to)
    return std::nullopt;
  return (*from - *at) / (*from - *to);
}

std::vector<std::string> ReportData::domains() const {
  std::vector<std::string> names;
  if (!models.empty())
    for (const auto &[domain, value] : results.at("models").at(models.front()).at("bits_per_byte").items())
      names.push_back(domain);
  return names;
}

std::vector<std::string> ReportData::students() const {
  std::vector<std::string> names;
  std::copy_if(models.begin(), models.end(), std::back_inserter(names), [&](auto &name) { return name != teacher; });
  return names;
}

/// Calls `use` with every line of a log.
template <typename Use>
static void readLines(const fs::path &file, Use use) {
  std::string text = readTextFile(file);
  size_t number = 0;
  for (size_t begin = 0, end; begin < text.size(); begin = end + 1) {
    end = text.find('\n', begin);
    if (end == text.npos) // a line that is still being written
      break;
    use(parseJson(std::string_view(text).substr(begin, end - begin), file.string() + ":" + std::to_string(++number)));
  }
}

static TrainingLog readLog(const std::string &name, const fs::path &stage) {
  TrainingLog log;
  log.name = name;
  readLines(stage / "metrics.jsonl", [&](const Json &line) {
    if (std::optional<double> step = numberAt(line, {"step"})) {
      if (std::optional<double> loss = numberAt(line, {"loss"}))
        log.loss.emplace_back(*step, *loss);
      if (std::optional<double> heldOut = numberAt(line, {"held_out"}))
        log.heldOut.emplace_back(*step, *heldOut);
    }
  });
  double reached = 0, seconds = 0;
  if (fs::exists(stage / "speed.jsonl"))
    readLines(stage / "speed.jsonl", [&](const Json &line) {
      double spent = numberAt(line, {"seconds"}).value_or(0);
      if (std::optional<double> share = numberAt(line, {"share"}))
        reached += *share * spent, seconds += spent;
    });
  log.share = seconds > 0 ? reached / seconds : 0;
  return log;
}

static std::vector<LayerLosses> readAlignment(const fs::path &file) {
  std::vector<LayerLosses> layers;
  Json report = readJsonFile(file);
  for (const Json &layer : report.at("layers"))
    layers.push_back(
        {layer.at("layer"), layer.at("initial"), layer.at("final"), layer.at("window_only"), layer.at("energy")});
  return layers;
}

/// Size of a file, or of all files below a folder; 0 where there is nothing.
static uint64_t sizeOnDisk(const fs::path &path) {
  if (fs::is_regular_file(path))
    return fs::file_size(path);
  uint64_t sum = 0;
  if (fs::is_directory(path))
    for (const fs::directory_entry &entry : fs::recursive_directory_iterator(path))
      sum += entry.is_regular_file() ? entry.file_size() : 0;
  return sum;
}

static std::vector<fs::path> sortedFolders(const fs::path &parent) {
  std::vector<fs::path> folders;
  if (fs::is_directory(parent))
    for (const fs::directory_entry &entry : fs::directory_iterator(parent))
      if (entry.is_directory())
        folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  return folders;
}

static void readStages(ReportData &data, const fs::path &run) {
  if (fs::exists(run / "align" / "report.json"))
    data.alignment = readAlignment(run / "align" / "report.json");
  if (fs::exists(run / "align" / "metrics.jsonl"))
    data.logs.push_back(readLog("align", run / "align"));
  for (const fs::path &expert : sortedFolders(run / "experts"))
    if (fs::exists(expert / "metrics.jsonl"))
      data.logs.push_back(readLog("expert-" + expert.filename().string(), expert));
  if (fs::exists(run / "on-policy" / "metrics.jsonl"))
    data.logs.push_back(readLog("on-policy", run / "on-policy"));
}

static void readOutputs(ReportData &data, const fs::path &run) {
  auto add = [&](const std::string &name, const std::string &what) {
    if (uint64_t bytes = sizeOnDisk(run / name))
      data.outputs.push_back({name, what, bytes});
  };
  add("teacher", "the teacher's bundle: IR, weights, tokenizer");
  add("targets", "the teacher's stored top-k log-probabilities");
  bool isTrainedOn = data.student == "student";
  add("merged", isTrainedOn ? "the bundle of the experts merged" : "the student's bundle");
  if (isTrainedOn)
    add("student", "the student's bundle");
  add("chat", "the executable: code, weights and tokenizer in one file");
}

ReportData readReportData(const fs::path &run) {
  ReportData data;
  data.runName = normalPath(run).filename().string();
  fs::path file = run / "eval" / "results.json";
  if (!fs::exists(file))
    fail(file.string(), ": there are no results to report yet");
  data.results = readJsonFile(file);
  try {
    for (const auto &[model, scores] : data.results.at("models").items())
      data.models.push_back(model);
    data.teacher = data.results.at("settings").at("teacher");
    std::string student = data.results.at("settings").at("student");
    data.student = data.has(student)                                           ? student
                   : data.models.empty() || data.models.back() == data.teacher ? ""
                                                                               : data.models.back();
    if (fs::exists(run / "teacher" / "config.json"))
      data.teacherConfig = readJsonFile(run / "teacher" / "config.json");
    if (fs::exists(run / "heads.json"))
      data.heads = readJsonFile(run / "heads.json");
    if (fs::exists(run / "merged" / "tune.json"))
      data.tune = readJsonFile(run / "merged" / "tune.json");
    if (fs::exists(run / "eval" / "speed.json"))
      data.speed = readJsonFile(run / "eval" / "speed.json");
    if (fs::exists(run / "stages.json"))
      data.cost = readJsonFile(run / "stages.json");
    readStages(data, run);
    data.domains();
  } catch (const Json::exception &error) {
    fail(run.string(), ": the run's files do not have the expected fields: ", error.what());
  } catch (const fs::filesystem_error &error) {
    fail(run.string(), ": ", error.code().message());
  }
  readOutputs(data, run);
  if (fs::exists(run / "recipe.yaml"))
    data.recipe = readTextFile(run / "recipe.yaml");
  return data;
}

} // namespace xlstm
