//===- Bpe.h - words to tokens by byte-pair merges ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_BPE_H
#define XLSTM_RUNTIME_TEXT_BPE_H

#include "runtime/Text/Model.h"

namespace xlstm::text {

/// The model of a tokenizer.json of type BPE. A word begins as its bytes in a byte-level vocabulary, else as its
/// characters; a character without a token is left out, as in the package, or becomes its bytes or unk.
class Bpe : public Model {
public:
  /// Reads the merges and options of `model`, whose tokens are `vocabulary` (without added tokens).
  Bpe(const Node &model, const Vocabulary &vocabulary);

private:
  struct Merge {
    uint32_t rank;
    int32_t result;
  };
  static uint64_t pairKey(int32_t left, int32_t right) { return uint64_t(uint32_t(left)) << 32 | uint32_t(right); }

  void addMerge(const Node &node, uint32_t rank, const Vocabulary &vocabulary);
  void checkOptions(const Node &model) const;
  void readUnknown(const Node &model, const Vocabulary &vocabulary);
  void encodeWord(std::string_view word, std::vector<int32_t> &out) const override;
  std::vector<int32_t> letters(std::string_view word) const;
  bool addBytes(std::string_view letter, std::vector<int32_t> &out) const;
  void merge(const std::vector<int32_t> &letters, std::vector<int32_t> &out) const;

  bool byteLevel, byteFallback, fuseUnknown;
  int32_t unknown = -1;
  /// The token of a byte: of a byte-level vocabulary, or "<0x41>".
  std::array<int32_t, 256> byteIds;
  /// Tokens of one character, by its code; where the vocabulary is not byte-level.
  std::unordered_map<int32_t, int32_t> characters;
  std::unordered_map<uint64_t, Merge> merges;
  /// With ignore_merges: the tokens that stand for a whole word, whatever the merges say.
  StringMap<int32_t> wholeWords;
};

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_BPE_H
