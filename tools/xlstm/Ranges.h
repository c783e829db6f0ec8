//===- Ranges.h - what the numbers of recipes and options may be ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_RANGES_H
#define XLSTM_TOOLS_XLSTM_RANGES_H

#include "xlstm/Target/Link.h"

#include <string_view>

namespace xlstm {

struct Range {
  double least, most;
};

struct NamedRange {
  std::string_view key;
  Range range;
};

/// Every number of a recipe by its key, the same in all sections; docs/Recipe.md shows the table. Those of the mixer
/// are checked by its attribute (dialects/XLSTM).
inline constexpr NamedRange numberRanges[] = {
    {"seed", {0, 9007199254740992}},
    {"length", {2, 1 << 20}},
    {"steps", {1, 1e9}},
    {"batch", {1, 1 << 20}},
    {"micro_batch", {0, 1 << 20}},
    {"warmup", {0, 1e9}},
    {"learning_rate", {0, 100}},
    {"final_learning_rate", {0, 100}},
    {"weight_decay", {0, 100}},
    {"new_learning_rate", {0, 100}},
    {"new_weight_decay", {0, 100}},
    {"rank", {1, 1 << 16}},
    {"alpha", {1e-6, 1e6}},
    {"clip", {0, 1e9}},
    {"validate_every", {1, 1e9}},
    {"checkpoint_every", {1, 1e9}},
    {"patience", {0, 1e9}},
    {"spike", {0, 1e6}},
    {"tasks_every", {0, 1e9}},
    {"checkpoints", {2, 1000}},
    {"rows", {0, 1 << 28}},
    {"held_out_rows", {1, 1 << 20}},
    {"domains", {0, 1e9}}, // the share of one
    {"ce_weight", {0, 1e6}},
    {"kl_weight", {0, 1e6}},
    {"top_k", {1, 1 << 24}},
    {"prompt", {1, 1 << 20}},
    {"write", {1, 1 << 20}},
    {"temperature", {0, 100}},
    {"every", {1, 1e6}},
    {"layers", {0, 1 << 20}},
    {"gate_bias", {-50, 50}},
    {"weights", {0, 1}},
    {"tokens", {0, 1e12}},
    {"items", {0, 1e9}},
    {"piece", {2, 1 << 20}},
    {"speed", {0, 1 << 20}},
    {"trials", {1, 1e4}},
    {"density", {0, 1}},
    {"lambda", {0, 2}},
    {"t", {0, 1}},
    {"prefill_tokens", {1, mostCpuPrefillTokens}},
};

/// Products of them: the rows of all steps of a stage, and the tokens of a batch or of all held-out rows.
inline constexpr int64_t mostRows = int64_t{1} << 28, mostTokensTogether = int64_t{1} << 28;

constexpr Range rangeOf(std::string_view key) {
  for (const NamedRange &named : numberRanges)
    if (named.key == key)
      return named.range;
  return {0, -1}; // takes nothing
}

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_RANGES_H
