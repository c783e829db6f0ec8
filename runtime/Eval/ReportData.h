//===- ReportData.h - what a run's folder says ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVAL_REPORTDATA_H
#define XLSTM_RUNTIME_EVAL_REPORTDATA_H

#include "xlstm/Runtime/Files/Json.h"

#include <optional>
#include <string>
#include <vector>

namespace xlstm {

using Points = std::vector<std::pair<double, double>>;

/// A training stage's log (metrics.jsonl): step against the batch's loss and against the held-out loss.
struct TrainingLog {
  std::string name; // "align", "expert-math"
  Points loss, heldOut;
  double share = 0; // of what the device multiplies in a second (speed.jsonl); 0: not known
};

/// Losses of one layer's alignment, means over tokens of the squared distance, and what they are relative to.
struct LayerLosses {
  int64_t layer = 0;
  double initial = 0, final = 0, windowOnly = 0, energy = 0;
};

struct OutputSize {
  std::string name, what;
  uint64_t bytes = 0;
};

/// Everything the report shows. What a run did not leave is empty.
struct ReportData {
  std::string runName;
  std::vector<std::string> models; // in the order of results.json
  std::string teacher, student;    // names among `models`; the student may be empty
  Json results;                    // eval/results.json
  Json teacherConfig;              // teacher/config.json
  Json heads;                      // heads.json, the choice of heads that stay attention
  std::vector<LayerLosses> alignment;
  std::vector<TrainingLog> logs;
  std::vector<OutputSize> outputs;
  std::string recipe; // recipe.yaml as it is
  Json tune;          // merged/tune.json, the search for a merge's lambda
  Json speed;         // eval/speed.json: tokens a second at lengths
  Json cost;          // stages.json: machine, commit, times

  /// What stands in the results under `keys`; null where one is missing.
  const Json &at(const std::vector<std::string> &keys) const;

  /// A model's bits per byte or task score; nothing where it is not there.
  std::optional<double> bitsPerByte(const std::string &model, const std::string &domain) const;
  std::optional<double> taskScore(const std::string &model, const std::string &task, const std::string &metric) const;
  /// Share of the way from the untrained baseline to the teacher; nothing without a baseline that is worse than it.
  std::optional<double> gapClosed(const std::string &model, const std::string &domain) const;
  bool has(const std::string &model) const;

  std::vector<std::string> domains() const;
  std::vector<std::string> students() const;
};

/// Throws Error when eval/results.json is missing or damaged, or another file is damaged.
ReportData readReportData(const std::filesystem::path &run);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_REPORTDATA_H
