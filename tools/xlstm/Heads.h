//===- Heads.h - heads that stay attention, chosen by a tool --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_HEADS_H
#define XLSTM_TOOLS_XLSTM_HEADS_H

#include "Models.h"

#include "xlstm/Runtime/Eval/Heads.h"
#include "xlstm/Runtime/Files/Documents.h"

namespace xlstm {

/// How many key heads may be kept: "4", "3%" of all, or "2048B" a token, key and value in bf16.
struct HeadBudget {
  double amount = 0;
  std::string unit;

  /// Throws Error.
  static HeadBudget parse(const std::string &text);
  /// At least 1 of `all` key heads of `headSize` channels; throws Error where that is more than the budget.
  int64_t keyHeads(int64_t all, int64_t headSize) const;
};

/// The words for them.
const std::map<std::string, RankBy> &rankByNames();
const std::map<std::string, RankMethod> &rankMethodNames();

/// What to rank on.
struct HeadInputs {
  std::vector<std::pair<std::string, CorpusFiles>> domains;
  std::string budget = "3%";
  RankingSettings settings;
  int64_t window = 512, sinks = 4, length = 2048, tokens = 8192, probes = 16;
  std::vector<int64_t> recallLengths; // at which recall is reported, besides `length`
  std::string layerOptions; // of xlstm-share-heads, " layers=0,2"
  std::string device = "cpu";
};

/// Ranks the heads of the teacher in a bundle; returns heads.json. Throws Error.
Json rankTeacherHeads(const std::filesystem::path &bundle, const HeadInputs &inputs);

/// Writes heads.json and, beside it, its page.
void writeHeads(const Json &ranking, const std::filesystem::path &file);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_HEADS_H
