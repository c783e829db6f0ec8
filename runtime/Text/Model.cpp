//===- Model.cpp - words to tokens ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Model.h"

#include "runtime/Text/Bpe.h"
#include "runtime/Text/Unigram.h"

#include <charconv>
#include <cstdio>

using namespace xlstm;
using namespace xlstm::text;

/// Longer words come too seldom to be worth the memory.
static constexpr size_t longestCached = 64;
static constexpr size_t mostCached = size_t{1} << 16;

void Model::encode(std::string_view word, WordCache &cache, std::vector<int32_t> &out) const {
  if (auto known = cache.words.find(word); known != cache.words.end()) {
    auto begin = cache.ids.begin() + known->second.begin;
    out.insert(out.end(), begin, begin + known->second.count);
    return;
  }
  size_t start = out.size();
  encodeWord(word, out);
  if (word.size() > longestCached)
    return;
  if (cache.words.size() == mostCached) {
    cache.words.clear();
    cache.ids.clear();
  }
  cache.words.emplace(word, WordCache::Range{uint32_t(cache.ids.size()), uint32_t(out.size() - start)});
  cache.ids.insert(cache.ids.end(), out.begin() + start, out.end());
}

std::unique_ptr<Model> text::readModel(const Node &model, const Vocabulary &vocabulary) {
  if (isUnigram(model))
    return std::make_unique<Unigram>(model, vocabulary);
  return std::make_unique<Bpe>(model, vocabulary);
}

std::array<int32_t, 256> text::findByteTokens(const Vocabulary &vocabulary) {
  std::array<int32_t, 256> ids;
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    snprintf(name, sizeof name, "<0x%02X>", unsigned(byte));
    ids[byte] = vocabulary.idOf(name).value_or(-1);
  }
  return ids;
}

int text::byteOfToken(std::string_view token) {
  uint8_t byte = 0;
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>')
    return -1;
  // As the package's parser of numbers has it, a sign is a part of a number.
  size_t begin = token[3] == '+' ? 4 : 3;
  auto [end, error] = std::from_chars(token.data() + begin, token.data() + 5, byte, 16);
  return error == std::errc() && end == token.data() + 5 ? byte : -1;
}
