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

/// The tokens of a byte-level vocabulary. Their spelling in the file writes each byte as a visible character (GPT-2's
/// alphabet); here they are kept as bytes too.
class Vocabulary {
public:
  /// Reads model.vocab.
  explicit Vocabulary(const Node &vocab);
  /// Gives `id` to an added token; throws Error when the token has another id or the id another token. `shown` is what
  /// it is decoded from.
  void add(const std::string &token, const std::string &shown, int32_t id, const Node &place);

  std::optional<int32_t> idOf(std::string_view token) const {
    auto found = ids.find(token);
    return found == ids.end() ? std::nullopt : std::optional(found->second);
  }
  bool has(int32_t id) const { return id >= 0 && size_t(id) < tokens.size() && tokens[id].used; }
  /// The bytes of a token that exists, as the ByteLevel decoder of the package makes them: by the alphabet, or the
  /// spelling itself when a character is not of the alphabet.
  const std::string &bytesOf(int32_t id) const { return tokens[id].bytes; }
  /// True when the spelling of the token is all of the alphabet.
  bool isByteToken(int32_t id) const { return tokens[id].byteLevel; }
  int32_t size() const { return int32_t(tokens.size()); }

private:
  struct Token {
    std::string bytes;
    bool used = false, byteLevel = false;
  };

  StringMap<int32_t> ids;
  std::vector<Token> tokens;
};

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_VOCABULARY_H
