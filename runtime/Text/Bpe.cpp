//===- Bpe.cpp - words to tokens by byte-pair merges ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Bpe.h"

#include <algorithm>
#include <queue>

using namespace xlstm;
using namespace xlstm::text;

/// Longer words come too seldom to be worth the memory.
static constexpr size_t longestCached = 64;
static constexpr size_t mostCached = size_t{1} << 16;

Bpe::Bpe(const Node &model, const Vocabulary &vocabulary) {
  bool ignoreMerges = model.member("ignore_merges").boolean(false);
  byteIds.fill(-1);
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    if (!vocabulary.has(id) || !vocabulary.isByteToken(id))
      continue;
    const std::string &bytes = vocabulary.bytesOf(id);
    if (bytes.size() == 1)
      byteIds[uint8_t(bytes[0])] = id;
    if (ignoreMerges)
      wholeWords[bytes] = id;
  }
  checkOptions(model);
  Node list = model.member("merges");
  merges.reserve(list.array().size());
  for (size_t n = 0; n < list.json().size(); ++n)
    addMerge(list.element(n), uint32_t(n), vocabulary);
}

/// Refuses options of other tokenizers than byte-level ones, and randomness.
void Bpe::checkOptions(const Node &model) const {
  for (const char *name : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (Node affix = model.member(name); !affix.isNull() && !affix.string().empty())
      affix.complain("not supported");
  Node dropout = model.member("dropout");
  if (!dropout.isNull() && !(dropout.json().is_number() && dropout.json().get<double>() == 0))
    dropout.complain("expected none, found ", quote(dropout.json().dump()));
  bool unknown = !model.member("unk_token").isNull() || model.member("byte_fallback").boolean(false);
  if (unknown && std::count(byteIds.begin(), byteIds.end(), -1))
    model.complain("unk_token and byte_fallback are supported only with a token for every byte");
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

void Bpe::encode(std::string_view word, WordCache &cache, std::vector<int32_t> &out) const {
  if (auto known = cache.words.find(word); known != cache.words.end()) {
    auto begin = cache.ids.begin() + known->second.begin;
    out.insert(out.end(), begin, begin + known->second.count);
    return;
  }
  size_t start = out.size();
  auto whole = wholeWords.find(word);
  if (whole != wholeWords.end())
    out.push_back(whole->second);
  else
    merge(word, out);
  if (word.size() > longestCached)
    return;
  if (cache.words.size() == mostCached) {
    cache.words.clear();
    cache.ids.clear();
  }
  cache.words.emplace(word, WordCache::Range{uint32_t(cache.ids.size()), uint32_t(out.size() - start)});
  cache.ids.insert(cache.ids.end(), out.begin() + start, out.end());
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

void Bpe::merge(std::string_view word, std::vector<int32_t> &out) const {
  std::vector<Symbol> symbols;
  for (char byte : word)
    if (int32_t id = byteIds[uint8_t(byte)]; id >= 0)
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
