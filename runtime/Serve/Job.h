//===- Job.h - what the thread of the model is asked to write -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_SERVE_JOB_H
#define RUNTIME_SERVE_JOB_H

#include "runtime/Serve/PrefixCache.h"
#include "xlstm/Runtime/Text/Sampler.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace xlstm::serve {

using Clock = std::chrono::steady_clock;

struct WritingOptions {
  /// That of choice 0; choice c has seed + c.
  SamplerOptions sampler;
  int64_t most = 16; // tokens
  std::vector<std::string> stops;
  std::vector<std::pair<int32_t, float>> bias; // added to a token's logit
  double presence = 0, frequency = 0;          // taken from the logits of tokens that the answer has
  bool ignoresEnd = false;
  /// The bytes of each token, where the answer has to be a JSON object; none of tokens that may not stand in one.
  std::shared_ptr<const std::vector<std::string>> json;
  /// How many of the likeliest tokens are told with each; -1: not even the token's own probability.
  int chances = -1;
};

/// A token and ln p, as the model foretold it.
struct Chance {
  int32_t id;
  double logProbability;
};

struct TokenChances {
  Chance own;
  std::vector<Chance> top; // the likeliest first
};

enum class Finish { Stop, Length };

/// What those hear who come too late, with 503.
constexpr const char *shuttingDown = "the server is shutting down";

/// Who waits for the answer. Called by the thread of the model, which must not be kept waiting.
class Listener {
public:
  virtual ~Listener() = default;
  /// The prompt has been read, `cached` tokens of it before; once, before any token. `scored`, where it was asked for:
  /// the chances of the prompt's tokens but the first.
  virtual void onPrompt(int64_t cached, std::vector<TokenChances> scored) = 0;
  /// Choice `choice` goes on by token `id` and `text`, which may be empty, as what follows may change it. `chances`
  /// where asked for.
  virtual void onToken(int choice, int32_t id, std::string text, std::optional<TokenChances> chances) = 0;
  /// `rest` is the end of the text.
  virtual void onEnd(int choice, std::string rest, Finish finish, int64_t tokens) = 0;
  /// Nothing more will come. `status`: that of HTTP.
  virtual void onError(int status, const std::string &message) = 0;
};

/// One prompt and its `choices` answers.
struct Job {
  std::shared_ptr<const Tokens> prompt;
  int choices = 1;
  WritingOptions options;
  /// Wants the chances of the prompt's tokens, which are then read one by one.
  bool scoresPrompt = false;
  std::shared_ptr<Listener> listener; // null: the prompt is read for its state alone, when there is nothing else to do
  /// Its answer will likely be read again, as the beginning of a longer prompt: in idle time that is done before.
  bool readsAnswer = false;
  Clock::time_point deadline = Clock::time_point::max();

  /// Set by any thread: nobody waits any more.
  std::atomic<bool> isGone = false;

  // Of the model's thread: what the other choices go on from, and whether they are under way.
  std::shared_ptr<const Snapshot> start;
  bool isForked = false;
};

} // namespace xlstm::serve

#endif // RUNTIME_SERVE_JOB_H
