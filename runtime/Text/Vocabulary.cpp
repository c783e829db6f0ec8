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

bool text::isUnigram(const Node &model) {
  if (model.isNull())
    model.complain("expected a model, found none");
  Node type = model.member("type");
  std::string name = type.isNull() ? "BPE" : type.string();
  if (name != "BPE" && name != "Unigram")
    type.refuse("the model ", quote(name), " is not supported (only BPE and Unigram)");
  return name == "Unigram";
}

Vocabulary::Vocabulary(const Node &model, bool byteLevel) : byteLevel(byteLevel) {
  Node vocab = model.member("vocab");
  if (isUnigram(model)) {
    readPieces(vocab);
    return;
  }
  if (vocab.object().empty())
    vocab.complain("expected tokens, found an empty object");
  ids.reserve(vocab.json().size());
  for (const auto &[token, id] : vocab.json().items())
    add(token, token, vocab.child(token, id).id(), vocab);
}

/// The place in the list is the id. Of two equal tokens the package looks up the last.
void Vocabulary::readPieces(const Node &list) {
  if (list.array().empty() || list.json().size() > Node::maxId)
    list.complain("expected 1 to ", Node::maxId, " tokens, found ", list.json().size());
  ids.reserve(list.json().size());
  tokens.reserve(list.json().size());
  for (size_t n = 0; n < list.json().size(); ++n) {
    Node pair = list.element(n);
    if (pair.array().size() != 2)
      pair.complain("expected a token and its score, found ", pair.json().size(), " parts");
    const std::string &token = pair.element(0).string();
    ids[token] = int32_t(n);
    tokens.push_back({token, true, false});
  }
}

void Vocabulary::add(const std::string &token, const std::string &shown, int32_t id, const Node &place) {
  auto [found, isNew] = ids.emplace(token, id);
  if (!isNew && found->second != id)
    place.complain("the token ", quote(token), " has id ", found->second, " and id ", id);
  if (isNew && has(id))
    place.complain("the id ", id, " of the token ", quote(token), " is that of another token");
  if (size_t(id) >= tokens.size())
    tokens.resize(size_t(id) + 1);
  std::optional<std::string> bytes = byteLevel ? toBytes(shown) : std::nullopt;
  tokens[id] = {bytes.value_or(shown), true, bytes.has_value()};
}
