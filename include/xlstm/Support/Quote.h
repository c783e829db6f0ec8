//===- Quote.h - words of a file inside a message -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_SUPPORT_QUOTE_H
#define XLSTM_SUPPORT_QUOTE_H

#include <cstdint>
#include <string>
#include <string_view>

namespace xlstm {

/// The bytes of the UTF-8 character that `text` begins with and its code point; one byte that begins none has length 1
/// and no code point.
struct DecodedCharacter {
  size_t length;
  int32_t point; // -1: not UTF-8
};

inline DecodedCharacter decodeFirst(std::string_view text) {
  auto byte = [&](size_t at) { return static_cast<uint8_t>(text[at]); };
  if (byte(0) < 0x80)
    return {1, byte(0)};
  size_t length = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  if (byte(0) < 0xC2 || byte(0) > 0xF4 || length > text.size())
    return {1, -1};
  int32_t point = byte(0) & (0x7F >> length);
  for (size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xC0) != 0x80)
      return {1, -1};
    point = point << 6 | (byte(at) & 0x3F);
  }
  constexpr int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  bool isCharacter = point >= least[length] && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
  return isCharacter ? DecodedCharacter{length, point} : DecodedCharacter{1, -1};
}

/// Whether a terminal would obey the character instead of showing it: C0, DEL, C1, the separators of lines, and those
/// that turn the order of what is shown around it (Unicode's bidi embeddings, overrides and isolates).
inline bool isControl(int32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 || point == 0x2029 ||
         (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

/// `text` for a terminal: control characters, but for those in `kept`, as \n, \t, \r or \u001b (all of them escapes of
/// JSON too), bytes that are not UTF-8 as \xff.
inline std::string escapeControls(std::string_view text, std::string_view kept = "") {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    auto [length, point] = decodeFirst(text);
    if (point < 0)
      out += {'\\', 'x', digits[static_cast<uint8_t>(text[0]) >> 4], digits[text[0] & 15]};
    else if (!isControl(point) || (point < 0x80 && kept.find(text[0]) != kept.npos))
      out += text.substr(0, length);
    else if (point == '\n' || point == '\t' || point == '\r')
      out += {'\\', point == '\n' ? 'n' : point == '\t' ? 't' : 'r'};
    else
      out += {'\\', 'u', digits[point >> 12], digits[point >> 8 & 15], digits[point >> 4 & 15], digits[point & 15]};
    text.remove_prefix(length);
  }
  return out;
}

/// 'path' for a message, whole: who reads it wants to go there.
inline std::string quotePath(std::string_view path) { return "'" + escapeControls(path) + "'"; }

/// 'text' for a message: control characters escaped, cut after 80 bytes. Not for paths.
inline std::string quote(std::string_view text) {
  constexpr size_t longest = 80;
  size_t length = text.size();
  if (length > longest)
    for (length = longest; length && (text[length] & 0xC0) == 0x80;)
      --length;
  return "'" + escapeControls(text.substr(0, length)) + (length < text.size() ? "...'" : "'");
}

} // namespace xlstm

#endif // XLSTM_SUPPORT_QUOTE_H
