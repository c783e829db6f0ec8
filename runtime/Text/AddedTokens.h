//===- AddedTokens.h - tokens found in the text before all else -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_ADDEDTOKENS_H
#define XLSTM_RUNTIME_TEXT_ADDEDTOKENS_H

#include "runtime/Text/Normalizer.h"
#include "runtime/Text/Vocabulary.h"

#include <unordered_set>

namespace xlstm::text {

/// A part of a text: an added token (id) or text between (id -1).
struct Segment {
  std::string_view text;
  int32_t id;
};

/// The added_tokens of a tokenizer.json. Those that are not "normalized" are searched in the text as given, the others
/// in what the normalizer makes of the rest.
class AddedTokens {
public:
  /// Puts the tokens into `vocabulary`.
  AddedTokens(const Node &list, const Normalizer &normalizer, Vocabulary &vocabulary);

  /// Cuts a text at added tokens: at each place the longest, from left to right. Appends to `out`.
  void split(std::string_view text, bool normalized, std::vector<Segment> &out) const;
  bool isSpecial(int32_t id) const { return special.contains(id); }

private:
  struct Token {
    int32_t id;
    bool singleWord, leftStrip, rightStrip;
  };
  /// The tokens as a tree of bytes: the children of node n are edges[n * 256 + byte].
  struct Trie {
    std::unordered_map<uint64_t, uint32_t> edges;
    std::vector<int32_t> tokenAt{-1};

    void add(std::string_view content, int32_t token);
    /// The longest token at the start of the text and its length; -1 when there is none.
    std::pair<int32_t, size_t> longest(std::string_view text) const;
  };

  std::vector<Token> tokens;
  Trie raw, normalized;
  std::unordered_set<int32_t> special;
};

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_ADDEDTOKENS_H
