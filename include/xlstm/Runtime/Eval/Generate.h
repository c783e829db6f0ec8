//===- Generate.h - text and log-likelihoods with explicit state ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows run together only where they are equally long: no padding ever enters a state.

#ifndef XLSTM_RUNTIME_EVAL_GENERATE_H
#define XLSTM_RUNTIME_EVAL_GENERATE_H

#include "xlstm/Runtime/Evaluate/Program.h"

#include <functional>
#include <memory>
#include <span>

namespace xlstm {

using TokenIds = std::vector<int32_t>;

struct GenerateOptions {
  int64_t newTokens = 12;
  /// Tokens that end a row; they are no part of its result, unless it keeps them.
  TokenIds ends = {};
  bool keepsEnd = false;
  /// Whether the row needs no more tokens. May be called from several threads.
  std::function<bool(size_t row, const TokenIds &tokens)> finished = {};
  /// 0: the likeliest token, the first of equals. Above: tokens are drawn as a Sampler (Text/Sampler.h) of this
  /// temperature draws them, a row's with the seed that stands for it in `seeds`.
  double temperature = 0;
  std::vector<uint64_t> seeds = {};
  /// Tokens that are written before the host looks at them, once for all: what ends a row is then seen later, which
  /// changes no result.
  int64_t chunk = 1;
  size_t rows = 64;                 // at most that decode together, as far as memory for their states allows
  at::ScalarType type = at::kFloat; // EvalOptions::type
};

/// A continuation of every prompt (none empty). `program` has `prefill`, which returns the last token's logits, and
/// `decode`.
std::vector<TokenIds> generateTokens(const Program &program, const ParamMap &params,
                                     const std::vector<TokenIds> &prompts, const GenerateOptions &options);

/// One text that is read and goes on token by token. `program` as above; a model with full attention keeps as many keys
/// as its `context` option said. `params` outlive it.
class Generation {
public:
  Generation(Program program, const ParamMap &params);
  ~Generation();

  /// The first `text` (not empty); logits after its last token, valid until the next call.
  std::span<float> read(std::span<const int32_t> text);
  std::span<float> readOne(int32_t id);

private:
  std::span<float> keep(struct Advanced out);

  Program program;
  const ParamMap &params;
  std::unique_ptr<struct ReadRows> rows;
  at::Tensor logits_V;
};

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
