//===- Vocabulary.h - tokens and their ids --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_VOCABULARY_H
#define XLSTM_RUNTIME_TEXT_VOCABULARY_H

#include "runtime/Text/JsonFields.h"

#include <optional>
#include <unordered_map>
#include <vector>

namespace xlstm::text {

/// Lets string-keyed maps be searched by string_view.
struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <typename Value>
using StringMap = std::unordered_map<std::string, Value, StringHash, std::equal_to<>>;

/// True for Unigram, false for BPE (the type of a model without one); others are refused.
bool isUnigram(const Node &model);

/// The tokens of a tokenizer. In a byte-level vocabulary their spelling in the file writes each byte as a visible
/// character (GPT-2's alphabet); here they are kept as bytes too.
class Vocabulary {
public:
  /// Reads model.vocab: an object of ids, or Unigram's list of pairs of a token and its score.
  Vocabulary(const Node &model, bool byteLevel);
  /// Gives `id` to an added token; throws Error when the token has another id or the id another token. `shown` is what
  /// it is decoded from.
  void add(const std::string &token, const std::string &shown, int32_t id, const Node &place);

  std::optional<int32_t> idOf(std::string_view token) const {
    auto found = ids.find(token);
    return found == ids.end() ? std::nullopt : std::optional(found->second);
  }
  bool has(int32_t id) const { return id >= 0 && size_t(id) < tokens.size() && tokens[id].used; }
  /// What a token that exists decodes from: in a byte-level vocabulary the bytes that the package's ByteLevel decoder
  /// makes of it, by the alphabet, or the spelling itself when a character is not of the alphabet.
  const std::string &bytesOf(int32_t id) const { return tokens[id].bytes; }
  /// True when the vocabulary is byte-level and the spelling of the token is all of the alphabet.
  bool isByteToken(int32_t id) const { return tokens[id].byteLevel; }
  bool isByteLevel() const { return byteLevel; }
  int32_t size() const { return int32_t(tokens.size()); }

private:
  struct Token {
    std::string bytes;
    bool used = false, byteLevel = false;
  };

  void readPieces(const Node &list);

  bool byteLevel;
  StringMap<int32_t> ids;
  std::vector<Token> tokens;
};

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_VOCABULARY_H
