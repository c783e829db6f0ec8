//===- Evaluation.h - teacher and students on all domains and tasks -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVAL_EVALUATION_H
#define XLSTM_RUNTIME_EVAL_EVALUATION_H

#include "xlstm/Runtime/Data/Vocabulary.h"
#include "xlstm/Runtime/Eval/Tasks.h"
#include "xlstm/Runtime/Evaluate/Program.h"

#include <map>

namespace xlstm {

/// What evaluation needs of a model. It is loaded when its turn comes and dropped before the next.
struct LoadedModel {
  /// Has function `model`.
  Program forward;
  /// A program with `prefill` and `decode`, batch and tokens dynamic, whose full-attention layers keep `context` keys.
  /// `prefill` returns the logits of every token with `allLogits`, else those of the last.
  std::function<Program(int64_t context, bool allLogits)> stateful;
  ParamMap params; // float32
};

/// Runs a task's items through a model, greedy generation or log-likelihoods. Prompts too long for the model's context
/// are cut at the left.
TaskScore runTask(const LoadedModel &model, const Vocabulary &vocabulary, const Task &task);

struct EvalModel {
  /// "teacher", "window-sinks", "aligned", "expert-NAME", "merged": letters, digits, '.', '_', '-'.
  std::string name;
  std::function<LoadedModel()> load;
  /// Any text that differs where the programs differ, such as the module's; part of what a cached result is valid for.
  std::string source;
};

struct Domain {
  std::string name;
  std::vector<std::string> documents; // held out
};

struct EvaluationSettings {
  int64_t pieceTokens = 512;      // T of bits per byte
  int64_t tokenLimit = 0;         // tokens predicted a domain; 0: all
  int64_t gateTokens = 2048;      // tokens a domain that the gates' medians are taken over
  int64_t agreementTokens = 2048; // tokens a domain at most on which teacher and student are compared
  bool countText = false;         // C_alpha counts bits per byte beside the tasks
  std::string teacher = "teacher";
  /// Of a domain whose split is known: "test", or "valid" where checkpoints were chosen by the same text.
  std::map<std::string, std::string> splits = {};
  /// The student whose alpha* is the run's; the last model where it is not among them.
  std::string student = "merged";
};

/// Throws Error for names of domains and tasks that cannot stand beside each other in the results.
void checkBenchmarks(const std::vector<std::string> &domains, const std::vector<Task> &tasks);

/// Scores every model on every domain and task and writes into `folder` (RUN/eval): results.json;
/// lm-evaluation-harness' layout in MODEL/results_DATE.json and MODEL/samples_TASK_DATE.jsonl. Each result is kept in
/// parts/MODEL/ as soon as it is there, and taken from there when the weights, programs, texts and settings are the
/// same. Returns results.json. Throws Error.
Json evaluateModels(const std::vector<EvalModel> &models, const Vocabulary &vocabulary,
                    const std::vector<Domain> &domains, const std::vector<Task> &tasks,
                    const EvaluationSettings &settings, const std::filesystem::path &folder);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_EVALUATION_H
