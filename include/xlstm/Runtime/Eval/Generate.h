//===- Generate.h - text and log-likelihoods with explicit state ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows run together only where they are equally long: no padding ever enters a state.

#ifndef XLSTM_RUNTIME_EVAL_GENERATE_H
#define XLSTM_RUNTIME_EVAL_GENERATE_H

#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Runtime/Text/Sampler.h"

namespace xlstm {

using TokenIds = std::vector<int32_t>;

struct GenerateOptions {
  int64_t newTokens = 12;
  /// Tokens that end a row; they are not part of its result.
  TokenIds ends;
  /// Whether the row needs no more tokens. May be called from several threads.
  std::function<bool(size_t row, const TokenIds &tokens)> finished;
};

/// The most likely continuation of every prompt (none empty). `program` has `prefill`, which returns the last token's
/// logits, and `decode`. The first of equally likely tokens is taken.
std::vector<TokenIds> generateGreedy(const Program &program, const ParamMap &params,
                                     const std::vector<TokenIds> &prompts, const GenerateOptions &options);

/// Reads `prompt` (not empty), then draws tokens and gives each to `take` until that says no. `program` as above; a
/// model with full attention keeps as many keys as its `context` option said.
void generateSampled(const Program &program, const ParamMap &params, const TokenIds &prompt, Sampler &sampler,
                     const std::function<bool(int32_t id)> &take);

/// A prompt with one of its continuations: the tokens from `scored` on are the continuation (1 <= scored).
struct ScoredSequence {
  TokenIds ids;
  size_t scored = 1;
};

/// Sums of the natural log-probabilities of each item's continuations. What an item's sequences share runs once:
/// through `prefill` of `last` (the last token's logits), the rest through `prefill` of `all` (every token's logits).
std::vector<std::vector<double>> logLikelihoods(const Program &last, const Program &all, const ParamMap &params,
                                                const std::vector<std::vector<ScoredSequence>> &items);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_GENERATE_H
