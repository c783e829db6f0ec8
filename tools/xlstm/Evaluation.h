//===- Evaluation.h - bundles as the models of an evaluation --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_EVALUATION_H
#define XLSTM_TOOLS_XLSTM_EVALUATION_H

#include "xlstm/Runtime/Data/Encoder.h"
#include "xlstm/Runtime/Eval/Evaluation.h"

namespace xlstm {

/// A model of an evaluation: its name in the results and its bundle.
struct NamedBundle {
  std::string name;
  std::filesystem::path folder;
};

/// What a domain is scored on. `split`: "test", "valid" where checkpoints were chosen by it, or empty.
struct EvalDomain {
  std::string name;
  CorpusFiles files;
  std::string split = {};
};

/// "NAME=PATH" of the command line; without a name the path's last part. Throws Error where there are no corpora.
EvalDomain domainOf(const std::string &text);

/// What to score on, as a recipe or the command line says it.
struct EvalInputs {
  std::vector<EvalDomain> domains;
  std::vector<std::filesystem::path> tasks; // .jsonl files
  int64_t tokens = 0, items = 0;            // limits; 0: all
  int64_t pieceTokens = 512;
  bool countText = false;     // C_alpha counts the domains, too
  std::string device = "cpu"; // where the models run
  std::string student = "merged"; // EvaluationSettings::student
};

/// The functions that tasks need: a program with @prefill and @decode.
struct RunnableModel;
LoadedModel asLoaded(std::shared_ptr<const RunnableModel> model);
std::vector<Domain> readDomains(const EvalInputs &inputs, const Encoder &encoder);
std::vector<Task> readTasks(const EvalInputs &inputs);

/// Evaluates the bundles (which share the first one's tokenizer) into `folder`.
void evaluateBundles(const std::vector<NamedBundle> &models, const EvalInputs &inputs,
                     const std::filesystem::path &folder);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_EVALUATION_H
