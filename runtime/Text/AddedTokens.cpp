//===- AddedTokens.cpp - tokens found in the text before all else ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/AddedTokens.h"

#include "runtime/Text/Unicode.h"

#include <algorithm>

using namespace xlstm;
using namespace xlstm::text;

AddedTokens::AddedTokens(const Node &list, const Normalizer &normalizer, Vocabulary &vocabulary) {
  // A search looks at this many bytes from each place at most.
  constexpr size_t longestContent = 1024;
  if (list.isNull())
    return;
  RegexScratch scratch;
  for (size_t n = 0; n < list.array().size(); ++n) {
    Node node = list.element(n);
    const std::string &content = node.member("content").string();
    if (content.empty() || content.size() > longestContent)
      node.complain("expected a content of 1 to ", longestContent, " bytes, found ", content.size());
    int32_t id = node.member("id").id();
    bool isNormalized = node.member("normalized").boolean(true);
    std::string searched = isNormalized ? normalizer.apply(content, 0, scratch).text : content;
    vocabulary.add(content, searched, id, node);
    if (!searched.empty())
      (isNormalized ? normalized : raw).add(searched, int32_t(tokens.size()));
    if (node.member("special").boolean(false))
      special.insert(id);
    tokens.push_back({id, node.member("single_word").boolean(false), node.member("lstrip").boolean(false),
                      node.member("rstrip").boolean(false)});
  }
}

void AddedTokens::Trie::add(std::string_view content, int32_t token) {
  uint32_t at = 0;
  for (char byte : content) {
    auto [edge, isNew] = edges.emplace(uint64_t(at) << 8 | uint8_t(byte), uint32_t(tokenAt.size()));
    if (isNew)
      tokenAt.push_back(-1);
    at = edge->second;
  }
  if (tokenAt[at] < 0) // of two tokens with one content the first counts
    tokenAt[at] = token;
}

std::pair<int32_t, size_t> AddedTokens::Trie::longest(std::string_view text) const {
  std::pair<int32_t, size_t> best{-1, 0};
  uint32_t at = 0;
  for (size_t n = 0; n < text.size(); ++n) {
    auto edge = edges.find(uint64_t(at) << 8 | uint8_t(text[n]));
    if (edge == edges.end())
      break;
    at = edge->second;
    if (tokenAt[at] >= 0)
      best = {tokenAt[at], n + 1};
  }
  return best;
}

void AddedTokens::split(std::string_view text, bool isNormalized, std::vector<Segment> &out) const {
  const Trie &trie = isNormalized ? normalized : raw;
  std::array<bool, 256> begins;
  for (size_t byte = 0; byte < begins.size(); ++byte)
    begins[byte] = trie.edges.contains(byte);
  size_t covered = 0;
  for (size_t at = 0; at < text.size();) {
    auto [index, length] = begins[uint8_t(text[at])] ? trie.longest(text.substr(at)) : std::pair(-1, size_t{0});
    if (index < 0) {
      ++at;
      continue;
    }
    const Token &token = tokens[index];
    size_t begin = at, end = at + length;
    at = end;
    if (token.singleWord && ((begin && isWord(lastCharacter(text.substr(0, begin)).code)) ||
                             (end < text.size() && isWord(firstCharacter(text.substr(end)).code))))
      continue;
    if (token.leftStrip)
      begin = std::max(begin - spaceAtEnd(text.substr(0, begin)), covered);
    if (token.rightStrip)
      end += spaceAtStart(text.substr(end));
    if (begin > covered)
      out.push_back({text.substr(covered, begin - covered), -1});
    out.push_back({{}, token.id});
    covered = end;
  }
  if (covered < text.size())
    out.push_back({text.substr(covered), -1});
}
