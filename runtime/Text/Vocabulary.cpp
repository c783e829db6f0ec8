//===- Vocabulary.cpp - tokens and their ids ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Vocabulary.h"

#include "runtime/Text/Unicode.h"

#include <array>

using namespace xlstm;
using namespace xlstm::text;

/// The byte of each character of GPT-2's alphabet (openai/gpt-2 src/encoder.py, bytes_to_unicode); -1 for others.
static std::array<int16_t, 324> makeAlphabet() {
  std::array<int16_t, 324> byteOf;
  byteOf.fill(-1);
  int16_t next = 256;
  for (int16_t byte = 0; byte < 256; ++byte) {
    bool visible = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    byteOf[visible ? byte : next++] = byte;
  }
  return byteOf;
}

/// The bytes that a spelling stands for; nothing when a character is not of the alphabet.
static std::optional<std::string> toBytes(std::string_view spelling) {
  static const std::array<int16_t, 324> byteOf = makeAlphabet();
  std::string bytes;
  while (!spelling.empty()) {
    Character next = firstCharacter(spelling);
    spelling.remove_prefix(next.length);
    if (size_t(next.code) >= byteOf.size() || byteOf[next.code] < 0)
      return std::nullopt;
    bytes += char(byteOf[next.code]);
  }
  return bytes;
}

Vocabulary::Vocabulary(const Node &vocab) {
  if (vocab.object().empty())
    vocab.complain("expected tokens, found an empty object");
  ids.reserve(vocab.json().size());
  for (const auto &[token, id] : vocab.json().items())
    add(token, token, vocab.child(token, id).id(), vocab);
}

void Vocabulary::add(const std::string &token, const std::string &shown, int32_t id, const Node &place) {
  auto [found, isNew] = ids.emplace(token, id);
  if (!isNew && found->second != id)
    place.complain("the token ", quote(token), " has id ", found->second, " and id ", id);
  if (!isNew)
    return;
  if (has(id))
    place.complain("the id ", id, " of the token ", quote(token), " is that of another token");
  if (size_t(id) >= tokens.size())
    tokens.resize(size_t(id) + 1);
  std::optional<std::string> bytes = toBytes(shown);
  tokens[id] = {bytes.value_or(shown), true, bytes.has_value()};
}
