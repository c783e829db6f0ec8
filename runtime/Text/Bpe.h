//===- Bpe.h - words to tokens by byte-pair merges ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_BPE_H
#define XLSTM_RUNTIME_TEXT_BPE_H

#include "runtime/Text/Vocabulary.h"

#include <array>

namespace xlstm::text {

/// Tokens of words seen before; one for each thread.
struct WordCache {
  struct Range {
    uint32_t begin, count;
  };
  StringMap<Range> words;
  std::vector<int32_t> ids;
};

/// The model of a tokenizer.json of type BPE.
class Bpe {
public:
  /// Reads the merges and options of `model`, whose tokens are `vocabulary` (without added tokens).
  Bpe(const Node &model, const Vocabulary &vocabulary);

  /// Appends the tokens of a word. A byte without a token is left out, as in the package.
  void encode(std::string_view word, WordCache &cache, std::vector<int32_t> &out) const;

private:
  struct Merge {
    uint32_t rank;
    int32_t result;
  };
  static uint64_t pairKey(int32_t left, int32_t right) { return uint64_t(uint32_t(left)) << 32 | uint32_t(right); }

  void addMerge(const Node &node, uint32_t rank, const Vocabulary &vocabulary);
  void checkOptions(const Node &model) const;
  void merge(std::string_view word, std::vector<int32_t> &out) const;

  std::array<int32_t, 256> byteIds;
  std::unordered_map<uint64_t, Merge> merges;
  /// With ignore_merges: the tokens that stand for a whole word, whatever the merges say.
  StringMap<int32_t> wholeWords;
};

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_BPE_H
