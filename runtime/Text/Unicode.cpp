//===- Unicode.cpp - characters: classes, NFC -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Unicode.h"

#include "xlstm/Support/Error.h"

#include <algorithm>
#include <utf8proc.h>
#include <vector>

using namespace xlstm;
using namespace xlstm::text;

Character text::firstCharacter(std::string_view text) {
  if (uint8_t(text[0]) < 0x80)
    return {text[0], 1};
  int32_t code = 0;
  utf8proc_ssize_t length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(text.data()), text.size(), &code);
  return length > 0 ? Character{code, size_t(length)} : Character{0xFFFD, 1};
}

Character text::lastCharacter(std::string_view text) {
  size_t start = text.size() - 1;
  while (start && (text[start] & 0xC0) == 0x80)
    --start;
  return firstCharacter(text.substr(start));
}

void text::appendUtf8(std::string &out, int32_t code) {
  utf8proc_uint8_t bytes[4];
  out.append(reinterpret_cast<char *>(bytes), utf8proc_encode_char(code, bytes));
}

bool text::isAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return uint8_t(c) < 0x80; });
}

bool text::isNumeric(int32_t code) {
  if (code < 0x80)
    return code >= '0' && code <= '9';
  utf8proc_category_t category = utf8proc_category(code);
  return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

bool text::isSpace(int32_t code) {
  if (code < 0x80)
    return code == ' ' || (code >= '\t' && code <= '\r');
  utf8proc_category_t category = utf8proc_category(code);
  return code == 0x85 || (category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP);
}

bool text::isWord(int32_t code) {
  utf8proc_category_t category = utf8proc_category(code);
  // Letters in circles and squares are symbols with the property Alphabetic.
  bool enclosed = (code >= 0x24B6 && code <= 0x24E9) || (code >= 0x1F130 && code <= 0x1F149) ||
                  (code >= 0x1F150 && code <= 0x1F169) || (code >= 0x1F170 && code <= 0x1F189);
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NL) || category == UTF8PROC_CATEGORY_PC ||
         enclosed || code == 0x200C || code == 0x200D;
}

bool text::isMark(int32_t code) {
  utf8proc_category_t category = utf8proc_category(code);
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

bool text::isPunctuation(int32_t code) {
  if (code < 0x80)
    return code > ' ' && code < 0x7F && !std::isalnum(code);
  utf8proc_category_t category = utf8proc_category(code);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

int32_t text::toLower(int32_t code) { return utf8proc_tolower(code); }

size_t text::spaceAtStart(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    Character next = firstCharacter(text.substr(at));
    if (!isSpace(next.code))
      break;
    at += next.length;
  }
  return at;
}

size_t text::spaceAtEnd(std::string_view text) {
  size_t size = text.size();
  while (size) {
    Character last = lastCharacter(text.substr(0, size));
    if (!isSpace(last.code))
      break;
    size -= last.length;
  }
  return text.size() - size;
}

size_t text::graphemeLength(std::string_view text) {
  Character last = firstCharacter(text);
  size_t length = last.length;
  utf8proc_int32_t state = 0;
  while (length < text.size()) {
    Character next = firstCharacter(text.substr(length));
    if (utf8proc_grapheme_break_stateful(last.code, next.code, &state))
      break;
    last = next;
    length += next.length;
  }
  return length;
}

/// The canonical or compatibility decomposition. Runs of marks are ordered by a stable sort: utf8proc's own ordering
/// takes quadratic time in the length of a run.
static std::vector<int32_t> decompose(std::string_view text, bool compatible) {
  auto options = utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0));
  std::vector<int32_t> codes;
  while (!text.empty()) {
    Character next = firstCharacter(text);
    text.remove_prefix(next.length);
    int32_t parts[32];
    int unused = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(next.code, parts, 32, options, &unused);
    if (count < 0 || count > 32)
      fail("cannot normalize text: ", utf8proc_errmsg(count));
    codes.insert(codes.end(), parts, parts + count);
  }
  auto classOf = [](int32_t code) { return utf8proc_get_property(code)->combining_class; };
  for (auto at = codes.begin(); at != codes.end();) {
    auto first = std::find_if(at, codes.end(), [&](int32_t code) { return classOf(code) != 0; });
    at = std::find_if(first, codes.end(), [&](int32_t code) { return classOf(code) == 0; });
    std::stable_sort(first, at, [&](int32_t a, int32_t b) { return classOf(a) < classOf(b); });
  }
  return codes;
}

static std::string normalForm(std::string_view text, bool compatible, bool compose) {
  if (isAscii(text))
    return std::string(text);
  std::vector<int32_t> codes = decompose(text, compatible);
  auto count = utf8proc_ssize_t(codes.size());
  if (compose)
    count = utf8proc_normalize_utf32(codes.data(), count, utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (count < 0)
    fail("cannot normalize text: ", utf8proc_errmsg(count));
  std::string out;
  out.reserve(text.size());
  for (utf8proc_ssize_t n = 0; n < count; ++n)
    appendUtf8(out, codes[n]);
  return out;
}

std::string text::toNfc(std::string_view text) { return normalForm(text, false, true); }
std::string text::toNfd(std::string_view text) { return normalForm(text, false, false); }
std::string text::toNfkc(std::string_view text) { return normalForm(text, true, true); }
std::string text::toNfkd(std::string_view text) { return normalForm(text, true, false); }
