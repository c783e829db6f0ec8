//===- Answer.h - one text that a model writes ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_SERVE_ANSWER_H
#define RUNTIME_SERVE_ANSWER_H

#include "runtime/Serve/Job.h"
#include "runtime/Serve/JsonText.h"
#include "xlstm/Runtime/Text/Tokenizer.h"

#include <unordered_map>

namespace xlstm::serve {

/// The chances of `id` and of the `count` likeliest tokens.
TokenChances chancesOf(std::span<const float> logits, int32_t id, int count);

/// Finds the first stop in a text that comes in pieces, and keeps back what may become one.
class StopFinder {
public:
  explicit StopFinder(std::vector<std::string> stops) : stops(std::move(stops)) {}
  /// Adds to the text; returns what may be shown. Once isStopped(), nothing from the stop on was or will be.
  std::string next(std::string_view piece);
  std::string finish() { return isStopped() ? std::string() : std::exchange(kept, {}); }
  bool isStopped() const { return stopped; }

private:
  std::vector<std::string> stops;
  std::string kept;
  bool stopped = false;
};

class Answer {
public:
  /// `tokenizer` may be null: the text is then empty.
  Answer(const WritingOptions &options, int choice, const Tokenizer *tokenizer, std::span<const int32_t> ends);

  struct Step {
    int32_t id = -1;
    std::string text;
    std::optional<TokenChances> chances;
    std::optional<Finish> finish;
    bool isToken = true; // not so where the model ended the text
  };
  /// Draws the next token. At the finish `text` is all that is left.
  Step next(std::span<const float> logits);
  int64_t tokens() const { return count; }

private:
  std::span<const float> adjust(std::span<const float> logits);
  int32_t draw(std::span<const float> logits);
  /// Whether the token goes on with the JSON object.
  bool fits(int32_t id) const;

  const WritingOptions &options;
  std::span<const int32_t> ends;
  Sampler sampler;
  std::optional<StreamDecoder> decoder;
  StopFinder finder;
  std::unordered_map<int32_t, int64_t> seen; // where penalties want it
  std::vector<float> adjusted;
  JsonText json;
  int64_t count = 0;
};

} // namespace xlstm::serve

#endif // RUNTIME_SERVE_ANSWER_H
