//===- Strings.cpp - Python's methods of strings, on UTF-8 ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Strings.h"
#include "runtime/Text/Unicode.h"

#include <algorithm>
#include <utf8proc.h>

using namespace xlstm::text;

namespace xlstm::jinja {

/// Python's str.isspace() of one character.
static bool isBlank(int32_t code) { return isSpace(code) || (code >= 0x1C && code <= 0x1F); }

static bool isStripped(std::string_view character, int32_t code, std::optional<std::string_view> chars) {
  return chars ? chars->find(character) != chars->npos : isBlank(code);
}

std::string_view strip(std::string_view text, Side side, std::optional<std::string_view> chars) {
  while (side != Side::Right && !text.empty()) {
    auto [code, length] = firstCharacter(text);
    if (!isStripped(text.substr(0, length), code, chars))
      break;
    text.remove_prefix(length);
  }
  while (side != Side::Left && !text.empty()) {
    auto [code, length] = lastCharacter(text);
    if (!isStripped(text.substr(text.size() - length), code, chars))
      break;
    text.remove_suffix(length);
  }
  return text;
}

static std::vector<std::string> splitBlank(std::string_view text, int64_t most) {
  std::vector<std::string> parts;
  for (text = strip(text, Side::Left); !text.empty(); text = strip(text, Side::Left)) {
    size_t end = 0;
    while (end < text.size()) {
      auto [code, length] = firstCharacter(text.substr(end));
      if (isBlank(code))
        break;
      end += length;
    }
    if (most >= 0 && int64_t(parts.size()) >= most)
      end = text.size();
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return parts;
}

static std::vector<std::string> splitBlankFromRight(std::string_view text, int64_t most) {
  std::vector<std::string> parts;
  for (text = strip(text, Side::Right); !text.empty(); text = strip(text, Side::Right)) {
    size_t start = text.size();
    while (start > 0) {
      auto [code, length] = lastCharacter(text.substr(0, start));
      if (isBlank(code))
        break;
      start -= length;
    }
    if (most >= 0 && int64_t(parts.size()) >= most)
      start = 0;
    parts.emplace_back(text.substr(start));
    text.remove_suffix(text.size() - start);
  }
  std::ranges::reverse(parts);
  return parts;
}

std::vector<std::string> split(std::string_view text, std::optional<std::string_view> separator, int64_t most,
                               bool fromRight) {
  if (!separator)
    return fromRight ? splitBlankFromRight(text, most) : splitBlank(text, most);
  std::vector<std::string> parts;
  while (most < 0 || int64_t(parts.size()) < most) {
    size_t at = fromRight ? text.rfind(*separator) : text.find(*separator);
    if (at == text.npos)
      break;
    parts.emplace_back(fromRight ? text.substr(at + separator->size()) : text.substr(0, at));
    text = fromRight ? text.substr(0, at) : text.substr(at + separator->size());
  }
  parts.emplace_back(text);
  if (fromRight)
    std::ranges::reverse(parts);
  return parts;
}

std::vector<std::string> splitLines(std::string_view text, bool keepEnds) {
  std::vector<std::string> lines;
  size_t start = 0, at = 0;
  while (at < text.size()) {
    auto [code, length] = firstCharacter(text.substr(at));
    bool ends = (code >= '\n' && code <= '\r') || (code >= 0x1C && code <= 0x1E) || code == 0x85 || code == 0x2028 ||
                code == 0x2029;
    if (code == '\r' && text.substr(at).starts_with("\r\n"))
      length = 2;
    if (ends) {
      lines.emplace_back(text.substr(start, keepEnds ? at + length - start : at - start));
      start = at + length;
    }
    at += length;
  }
  if (start < text.size())
    lines.emplace_back(text.substr(start));
  return lines;
}

std::vector<size_t> characterOffsets(std::string_view text) {
  std::vector<size_t> offsets;
  for (size_t n = 0; n < text.size(); ++n)
    if ((text[n] & 0xC0) != 0x80)
      offsets.push_back(n);
  offsets.push_back(text.size());
  return offsets;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to, int64_t most) {
  std::string out;
  int64_t done = 0;
  if (from.empty()) {
    std::vector<size_t> offsets = characterOffsets(text);
    for (size_t n = 0; n < offsets.size(); ++n) {
      out += most < 0 || done++ < most ? to : "";
      out += n + 1 < offsets.size() ? text.substr(offsets[n], offsets[n + 1] - offsets[n]) : "";
    }
    return out;
  }
  for (; most < 0 || done < most; ++done) {
    size_t at = text.find(from);
    if (at == text.npos)
      break;
    (out += text.substr(0, at)) += to;
    text.remove_prefix(at + from.size());
  }
  return out += text;
}

size_t countOf(std::string_view text, std::string_view part) {
  if (part.empty())
    return characterOffsets(text).size();
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

static void appendUpper(std::string &out, int32_t code) {
  if (code == 0xDF) // the sharp s, the one of these that occurs
    out += "SS";
  else
    appendUtf8(out, utf8proc_toupper(code));
}

template <typename Function>
static void forEachCharacter(std::string_view text, Function function) {
  while (!text.empty()) {
    auto [code, length] = firstCharacter(text);
    function(code);
    text.remove_prefix(length);
  }
}

std::string upper(std::string_view text) {
  std::string out;
  forEachCharacter(text, [&](int32_t code) { appendUpper(out, code); });
  return out;
}

std::string lower(std::string_view text) {
  std::string out;
  forEachCharacter(text, [&](int32_t code) { appendUtf8(out, utf8proc_tolower(code)); });
  return out;
}

std::string title(std::string_view text, bool asFilter) {
  std::string out;
  bool begins = true;
  forEachCharacter(text, [&](int32_t code) {
    if (begins && asFilter)
      appendUpper(out, code);
    else
      appendUtf8(out, begins ? utf8proc_totitle(code) : utf8proc_tolower(code));
    utf8proc_category_t category = utf8proc_category(code);
    bool isLetter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LT;
    begins =
        asFilter ? isBlank(code) || (code < 128 && code && std::string_view("-({[<").find(char(code)) < 5) : !isLetter;
  });
  return out;
}

std::string capitalized(std::string_view text) {
  if (text.empty())
    return {};
  auto [code, length] = firstCharacter(text);
  std::string out;
  appendUtf8(out, utf8proc_totitle(code));
  return out + lower(text.substr(length));
}

bool isCased(std::string_view text, bool upperCase) {
  bool found = false, all = true;
  forEachCharacter(text, [&](int32_t code) {
    utf8proc_category_t category = utf8proc_category(code);
    bool isUpper = category == UTF8PROC_CATEGORY_LU, isLower = category == UTF8PROC_CATEGORY_LL;
    found |= upperCase ? isUpper : isLower;
    all &= !(upperCase ? isLower : isUpper) && category != UTF8PROC_CATEGORY_LT;
  });
  return found && all;
}

} // namespace xlstm::jinja
