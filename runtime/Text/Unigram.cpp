//===- Unigram.cpp - words to tokens by their probabilities ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Unigram.h"

#include "runtime/Text/Unicode.h"

#include <algorithm>
#include <cmath>

using namespace xlstm;
using namespace xlstm::text;

/// What an unknown character costs more than the least likely token (SentencePiece's kUnkPenalty).
static constexpr double unknownPenalty = 10;

static PrefixTree makeTree(const Vocabulary &vocabulary) {
  std::vector<std::pair<std::string_view, int32_t>> items;
  for (int32_t id = 0; id < vocabulary.size(); ++id)
    if (vocabulary.has(id))
      items.emplace_back(vocabulary.bytesOf(id), id);
  return PrefixTree(std::move(items));
}

Unigram::Unigram(const Node &model, const Vocabulary &vocabulary)
    : byteFallback(model.member("byte_fallback").boolean(false)), byteTokens(findByteTokens(vocabulary)),
      tree(makeTree(vocabulary)), place(model.where()) {
  if (vocabulary.isByteLevel())
    model.refuse("Unigram behind ByteLevel is not supported");
  Node list = model.member("vocab");
  for (size_t n = 0; n < list.json().size(); ++n) {
    Node score = list.element(n).element(1);
    if (!score.json().is_number() || !std::isfinite(score.json().get<double>()))
      score.complain("expected a number, found ", quote(score.json().dump()));
    scores.push_back(score.json().get<double>());
  }
  unknownScore = *std::ranges::min_element(scores) - unknownPenalty;
  if (Node id = model.member("unk_id"); !id.isNull()) {
    unknown = id.id();
    if (size_t(unknown) >= scores.size())
      id.complain("expected an id below ", scores.size(), ", found ", unknown);
  }
}

void Unigram::add(std::string_view part, std::vector<int32_t> &out) const {
  int32_t id = tree.find(part);
  if (id >= 0)
    return out.push_back(id);
  if (byteFallback && std::ranges::all_of(part, [&](char c) { return byteTokens[uint8_t(c)] >= 0; })) {
    for (char c : part)
      out.push_back(byteTokens[uint8_t(c)]);
    return;
  }
  out.push_back(unknown);
}

void Unigram::encodeWord(std::string_view word, std::vector<int32_t> &out) const {
  /// The best way to the place where it stands: the last token's start and id.
  struct Best {
    double score = 0;
    size_t begin = SIZE_MAX;
    int32_t id = 0;
  };
  std::vector<Best> best(word.size() + 1);
  auto offer = [&](size_t begin, size_t end, int32_t id, double score) {
    score += best[begin].score;
    if (best[end].begin == SIZE_MAX || score > best[end].score)
      best[end] = {score, begin, id};
  };
  for (size_t at = 0; at < word.size();) {
    size_t length = firstCharacter(word.substr(at)).length;
    bool isKnown = false;
    tree.visit(word.substr(at), [&](size_t tokenLength, int32_t id) {
      offer(at, at + tokenLength, id, scores[id]);
      isKnown |= tokenLength == length;
    });
    if (!isKnown) {
      if (unknown < 0)
        fail(place, ": the text has a character without a token, and there is no unk_id");
      offer(at, at + length, unknown, unknownScore);
    }
    at += length;
  }
  // Unknown parts that follow each other are one.
  std::vector<std::string_view> parts;
  bool fuses = false;
  for (size_t end = word.size(); end > 0; end = best[end].begin) {
    size_t begin = best[end].begin;
    bool isUnknown = best[end].id == unknown;
    if (isUnknown && fuses)
      parts.back() = word.substr(begin, end - begin + parts.back().size());
    else
      parts.push_back(word.substr(begin, end - begin));
    fuses = isUnknown;
  }
  for (auto part = parts.rbegin(); part != parts.rend(); ++part)
    add(*part, out);
}
