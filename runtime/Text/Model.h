//===- Model.h - words to tokens ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_MODEL_H
#define XLSTM_RUNTIME_TEXT_MODEL_H

#include "runtime/Text/Vocabulary.h"

#include <array>
#include <memory>

namespace xlstm::text {

/// Tokens of words seen before; one for each thread.
struct WordCache {
  struct Range {
    uint32_t begin, count;
  };
  StringMap<Range> words;
  std::vector<int32_t> ids;
};

/// The model of a tokenizer.json.
class Model {
public:
  virtual ~Model() = default;

  /// Appends the tokens of a word.
  void encode(std::string_view word, WordCache &cache, std::vector<int32_t> &out) const;

private:
  virtual void encodeWord(std::string_view word, std::vector<int32_t> &out) const = 0;
};

/// BPE or Unigram, whose tokens are `vocabulary` (without added tokens). A name that is not known is refused.
std::unique_ptr<Model> readModel(const Node &model, const Vocabulary &vocabulary);

/// The ids of "<0x00>" to "<0xFF>", -1 for those that are not there.
std::array<int32_t, 256> findByteTokens(const Vocabulary &vocabulary);
/// The byte that a token such as "<0x0A>" stands for; -1 for other tokens.
int byteOfToken(std::string_view token);

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_MODEL_H
