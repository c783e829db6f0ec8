//===- Charsmap.cpp - SentencePiece's table of replacements ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// precompiled_charsmap (SentencePiece's normalizer.cc): the size of a trie, the trie (a double array of darts-clone),
// and the replacements, each ended by a zero byte. How it is used is what PyPI tokenizers does: by grapheme clusters,
// and of the keys that a cluster begins with the shortest.

#include "runtime/Text/Normalizer.h"
#include "runtime/Text/Unicode.h"
#include "xlstm/Runtime/Files/Utf8.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

using namespace xlstm;
using namespace xlstm::text;

namespace {

class Charsmap : public NormalizerStep {
public:
  Charsmap(std::vector<uint32_t> units, std::string texts) : units(std::move(units)), texts(std::move(texts)) {}
  Normalized apply(const Normalized &piece, RegexScratch &) const override;

private:
  std::optional<std::string_view> find(std::string_view key) const;
  /// A new character: inserted (1), in place of the next old one (0), or of that and as many more (below 0).
  struct Change {
    std::string_view character;
    int count;
  };
  static void replace(std::vector<Change> &changes, std::string_view from, std::string_view to);

  std::vector<uint32_t> units;
  std::string texts;
};

} // namespace

static int countCharacters(std::string_view text) {
  return int(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

/// What the shortest key that begins `key` is replaced by.
std::optional<std::string_view> Charsmap::find(std::string_view key) const {
  auto offset = [](uint32_t unit) { return size_t(unit >> 10) << ((unit & 0x200) >> 6); };
  size_t at = offset(units[0]);
  for (char byte : key) {
    if (byte == 0)
      break;
    at ^= uint8_t(byte);
    if (at >= units.size() || (units[at] & 0x800000FF) != uint8_t(byte))
      break;
    bool hasLeaf = units[at] >> 8 & 1;
    at ^= offset(units[at]);
    if (!hasLeaf)
      continue;
    size_t begin = at < units.size() ? units[at] & 0x7FFFFFFF : texts.size();
    if (begin >= texts.size())
      break;
    std::string_view text(texts.c_str() + begin);
    return validUtf8Prefix(text) == text.size() ? std::optional(text) : std::nullopt;
  }
  return std::nullopt;
}

/// As many new characters as there are old ones stand for these, the others are inserted. What is removed counts for
/// the character before it, and at the very start for none.
void Charsmap::replace(std::vector<Change> &changes, std::string_view from, std::string_view to) {
  int difference = countCharacters(to) - countCharacters(from);
  for (; !to.empty(); to.remove_prefix(changes.back().character.size()))
    changes.push_back({to.substr(0, firstCharacter(to).length), 0});
  for (int n = 0; n < difference; ++n)
    changes[changes.size() - 1 - size_t(n)].count = 1;
  if (difference < 0 && !changes.empty())
    changes.back().count += difference;
}

Normalized Charsmap::apply(const Normalized &piece, RegexScratch &) const {
  std::vector<Change> changes;
  for (std::string_view rest = piece.text; !rest.empty();) {
    std::string_view cluster = rest.substr(0, graphemeLength(rest));
    rest.remove_prefix(cluster.size());
    std::optional<std::string_view> whole = cluster.size() < 6 ? find(cluster) : std::nullopt;
    if (whole) {
      replace(changes, cluster, *whole);
      continue;
    }
    while (!cluster.empty()) {
      std::string_view character = cluster.substr(0, firstCharacter(cluster).length);
      replace(changes, character, find(character).value_or(character));
      cluster.remove_prefix(character.size());
    }
  }
  Rewrite rewrite(piece);
  for (auto [character, count] : changes) {
    if (count > 0) {
      rewrite.insert(character);
      continue;
    }
    rewrite.replaceNext(character);
    for (; count < 0; ++count)
      rewrite.skipNext();
  }
  return rewrite.take();
}

static std::string fromBase64(const Node &node) {
  static constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<int8_t, 256> valueOf;
  valueOf.fill(-1);
  for (size_t n = 0; n < letters.size(); ++n)
    valueOf[uint8_t(letters[n])] = int8_t(n);
  std::string_view text = node.string();
  while (text.ends_with('='))
    text.remove_suffix(1);
  std::string bytes;
  uint32_t bits = 0, count = 0;
  for (char c : text) {
    if (valueOf[uint8_t(c)] < 0)
      node.complain("expected base64, found ", quote({&c, 1}));
    bits = bits << 6 | uint32_t(valueOf[uint8_t(c)]);
    if ((count += 6) >= 8)
      bytes += char(bits >> (count -= 8));
  }
  return bytes;
}

std::unique_ptr<NormalizerStep> text::readCharsmap(const Node &node) {
  Node map = node.member("precompiled_charsmap");
  std::string bytes = fromBase64(map);
  uint32_t size = 0;
  if (bytes.size() >= sizeof size)
    std::memcpy(&size, bytes.data(), sizeof size);
  if (size < sizeof(uint32_t) || size % sizeof(uint32_t) || size > bytes.size() - sizeof size)
    map.complain("expected a trie of ", size, " bytes and replacements, found ", bytes.size(), " bytes");
  std::vector<uint32_t> units(size / sizeof(uint32_t));
  std::memcpy(units.data(), bytes.data() + sizeof size, size);
  return std::make_unique<Charsmap>(std::move(units), bytes.substr(sizeof size + size));
}
