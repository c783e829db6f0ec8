//===- Bpe.cpp - words to tokens by byte-pair merges ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Bpe.h"

#include "runtime/Text/Unicode.h"

#include <algorithm>
#include <queue>

using namespace xlstm;
using namespace xlstm::text;

Bpe::Bpe(const Node &model, const Vocabulary &vocabulary)
    : byteLevel(vocabulary.isByteLevel()), byteFallback(model.member("byte_fallback").boolean(false)),
      fuseUnknown(model.member("fuse_unk").boolean(false)) {
  bool ignoreMerges = model.member("ignore_merges").boolean(false);
  byteIds.fill(-1);
  if (!byteLevel)
    byteIds = findByteTokens(vocabulary);
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    if (!vocabulary.has(id) || (byteLevel && !vocabulary.isByteToken(id)))
      continue;
    const std::string &bytes = vocabulary.bytesOf(id);
    if (byteLevel && bytes.size() == 1)
      byteIds[uint8_t(bytes[0])] = id;
    if (!byteLevel && !bytes.empty())
      if (Character first = firstCharacter(bytes); first.length == bytes.size())
        characters[first.code] = id;
    if (ignoreMerges)
      wholeWords[bytes] = id;
  }
  checkOptions(model);
  readUnknown(model, vocabulary);
  Node list = model.member("merges");
  merges.reserve(list.array().size());
  for (size_t n = 0; n < list.json().size(); ++n)
    addMerge(list.element(n), uint32_t(n), vocabulary);
}

/// Refuses options of tokenizers that mark the parts of words, and randomness.
void Bpe::checkOptions(const Node &model) const {
  for (const char *name : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (Node affix = model.member(name); !affix.isNull() && !affix.string().empty())
      affix.refuse("not supported");
  Node dropout = model.member("dropout");
  if (!dropout.isNull() && !(dropout.json().is_number() && dropout.json().get<double>() == 0))
    dropout.complain("expected none, found ", quote(dropout.json().dump()));
}

void Bpe::readUnknown(const Node &model, const Vocabulary &vocabulary) {
  Node token = model.member("unk_token");
  if (byteLevel && (!token.isNull() || byteFallback) && std::count(byteIds.begin(), byteIds.end(), -1))
    model.refuse("byte-level unk_token and byte_fallback are not supported without a token for every byte");
  if (byteLevel || token.isNull())
    return;
  std::optional<int32_t> id = vocabulary.idOf(token.string());
  if (!id)
    token.complain("the token ", quote(token.string()), " is not in the vocabulary");
  unknown = *id;
}

void Bpe::addMerge(const Node &node, uint32_t rank, const Vocabulary &vocabulary) {
  std::string left, right;
  if (node.json().is_string()) {
    const std::string &text = node.string();
    size_t space = text.find(' ');
    if (space == text.npos || text.find(' ', space + 1) != text.npos)
      node.complain("expected two tokens with a space between, found ", quote(text));
    left = text.substr(0, space);
    right = text.substr(space + 1);
  } else {
    if (node.array().size() != 2)
      node.complain("expected two tokens, found ", node.json().size());
    left = node.element(0).string();
    right = node.element(1).string();
  }
  if (left.empty() || right.empty())
    node.complain("expected two tokens, found an empty one");
  auto idOf = [&](const std::string &token) {
    std::optional<int32_t> id = vocabulary.idOf(token);
    if (!id)
      node.complain("the token ", quote(token), " is not in the vocabulary");
    return *id;
  };
  int32_t leftId = idOf(left), rightId = idOf(right);
  merges[pairKey(leftId, rightId)] = {rank, idOf(left + right)};
}

void Bpe::encodeWord(std::string_view word, std::vector<int32_t> &out) const {
  auto whole = wholeWords.find(word);
  if (whole != wholeWords.end())
    out.push_back(whole->second);
  else
    merge(letters(word), out);
}

/// Appends the tokens of a character's bytes where it has all of them.
bool Bpe::addBytes(std::string_view letter, std::vector<int32_t> &out) const {
  if (!std::ranges::all_of(letter, [&](char byte) { return byteIds[uint8_t(byte)] >= 0; }))
    return false;
  for (char byte : letter)
    out.push_back(byteIds[uint8_t(byte)]);
  return true;
}

/// What a word is before its first merge.
std::vector<int32_t> Bpe::letters(std::string_view word) const {
  std::vector<int32_t> out;
  out.reserve(word.size());
  if (byteLevel) {
    for (char byte : word)
      if (int32_t id = byteIds[uint8_t(byte)]; id >= 0)
        out.push_back(id);
    return out;
  }
  bool pending = false; // an unk that the next unknown character may be part of
  auto flush = [&] {
    if (pending)
      out.push_back(unknown);
    pending = false;
  };
  while (!word.empty()) {
    Character next = firstCharacter(word);
    std::string_view letter = word.substr(0, next.length);
    word.remove_prefix(next.length);
    if (auto known = characters.find(next.code); known != characters.end()) {
      flush();
      out.push_back(known->second);
    } else if (byteFallback && addBytes(letter, out)) {
      // As in the package, bytes stand before an unk that is still pending.
    } else if (unknown >= 0) {
      if (!fuseUnknown)
        flush();
      pending = true;
    }
  }
  flush();
  return out;
}

namespace {

/// A token of a word while it is merged; neighbours by index, -1 at the ends.
struct Symbol {
  int32_t id;
  int32_t previous, next;
};

/// A merge that was possible when it was found; it is stale when the tokens at its place have changed.
struct Candidate {
  uint32_t rank;
  int32_t at;
  int32_t left, right, result;

  /// The lowest rank comes first, the leftmost place among equals.
  bool operator<(const Candidate &other) const { return rank != other.rank ? rank > other.rank : at > other.at; }
};

} // namespace

void Bpe::merge(const std::vector<int32_t> &letters, std::vector<int32_t> &out) const {
  std::vector<Symbol> symbols;
  symbols.reserve(letters.size());
  for (int32_t id : letters)
    symbols.push_back({id, int32_t(symbols.size()) - 1, int32_t(symbols.size()) + 1});
  if (symbols.empty())
    return;
  symbols.back().next = -1;
  std::priority_queue<Candidate> candidates;
  auto consider = [&](int32_t at) {
    if (at < 0 || symbols[at].next < 0)
      return;
    int32_t left = symbols[at].id, right = symbols[symbols[at].next].id;
    if (auto found = merges.find(pairKey(left, right)); found != merges.end())
      candidates.push({found->second.rank, at, left, right, found->second.result});
  };
  for (size_t n = 0; n < symbols.size(); ++n)
    consider(int32_t(n));
  while (!candidates.empty()) {
    Candidate best = candidates.top();
    candidates.pop();
    Symbol &left = symbols[best.at];
    // A symbol that was merged into its left neighbour has id -1.
    if (left.id != best.left || left.next < 0 || symbols[left.next].id != best.right)
      continue;
    Symbol &right = symbols[left.next];
    left.id = best.result;
    right.id = -1;
    left.next = right.next;
    if (left.next >= 0)
      symbols[left.next].previous = best.at;
    consider(left.previous);
    consider(best.at);
  }
  for (int32_t at = 0; at >= 0; at = symbols[at].next)
    out.push_back(symbols[at].id);
}
