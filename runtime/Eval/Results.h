//===- Results.h - what was measured, and the files that tell it ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVAL_RESULTS_H
#define XLSTM_RUNTIME_EVAL_RESULTS_H

#include "xlstm/Runtime/Eval/Evaluation.h"

namespace xlstm {

/// What one model's parts hold.
struct ModelResults {
  std::string name;
  Json domains = Json::object(); // domain -> {bits_per_byte, nats, row_nats, tokens, bytes}
  Json tasks = Json::object();   // task -> {metrics, standard_errors, items, samples}
  Json agreement;                // domain -> Agreement.h's; empty of the teacher
  Json gates;                    // [layer][head], empty where there are none
  Json size;                     // {parameters, state_bytes, state_fixed, state_a_token}
};

/// results.json: per model the scores, recovery against `settings.teacher`, agreement, C_alpha over tasks, alpha* with
/// its interval, answers, gates, sizes, settings.
Json summarize(const std::vector<ModelResults> &models, const std::vector<Task> &tasks,
               const EvaluationSettings &settings);

/// Writes lm-evaluation-harness' own layout of one model's scores into `folder`/MODEL, in place of an earlier one:
/// results_DATE.json and a samples_TASK_DATE.jsonl a task (lm-eval 0.4, evaluation_tracker.py).
void writeHarnessResults(const std::filesystem::path &folder, const ModelResults &model, const std::vector<Task> &tasks,
                         const EvaluationSettings &settings);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_RESULTS_H
