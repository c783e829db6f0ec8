//===- Unigram.h - words to tokens by their probabilities -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_UNIGRAM_H
#define XLSTM_RUNTIME_TEXT_UNIGRAM_H

#include "runtime/Text/Model.h"
#include "runtime/Text/PrefixTree.h"

namespace xlstm::text {

/// The model of a tokenizer.json of type Unigram: of all ways to cut a word into tokens the likeliest (Kudo 2018,
/// arXiv:1804.10959), found as SentencePiece's EncodeOptimized does, in time linear in the word.
class Unigram : public Model {
public:
  /// Reads scores and options of `model`, whose tokens are `vocabulary` (without added tokens).
  Unigram(const Node &model, const Vocabulary &vocabulary);

private:
  void encodeWord(std::string_view word, std::vector<int32_t> &out) const override;
  /// Appends the token that a part of a word is, or its bytes, or unk.
  void add(std::string_view part, std::vector<int32_t> &out) const;

  std::vector<double> scores;
  double unknownScore = 0;
  int32_t unknown = -1;
  bool byteFallback;
  std::array<int32_t, 256> byteTokens;
  PrefixTree tree;
  std::string place;
};

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_UNIGRAM_H
