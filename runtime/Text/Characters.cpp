//===- Characters.cpp - classes of Unicode characters ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Text/Characters.h"

#include <utf8proc.h>

namespace xlstm {

/// The first character, -1 where there is none; `length` is its number of bytes.
static utf8proc_int32_t firstCharacter(std::string_view text, utf8proc_ssize_t &length) {
  utf8proc_int32_t character = -1;
  length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(text.data()), utf8proc_ssize_t(text.size()),
                            &character);
  return length > 0 ? character : -1;
}

bool beginsWithWordCharacter(std::string_view text) {
  utf8proc_ssize_t length;
  utf8proc_int32_t character = firstCharacter(text, length);
  if (character < 0)
    return false;
  switch (utf8proc_category(character)) {
  case UTF8PROC_CATEGORY_LU:
  case UTF8PROC_CATEGORY_LL:
  case UTF8PROC_CATEGORY_LT:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_LO:
  case UTF8PROC_CATEGORY_ND:
  case UTF8PROC_CATEGORY_NL:
  case UTF8PROC_CATEGORY_NO:
    return true;
  default:
    return character == '_';
  }
}

static bool isSpace(utf8proc_int32_t character) {
  return (character >= 0x09 && character <= 0x0d) || (character >= 0x1c && character <= 0x1f) || character == 0x85 ||
         character == 0x2028 || character == 0x2029 ||
         (character >= 0 && utf8proc_category(character) == UTF8PROC_CATEGORY_ZS);
}

std::string_view stripSpace(std::string_view text) {
  utf8proc_ssize_t length;
  while (!text.empty() && isSpace(firstCharacter(text, length)))
    text.remove_prefix(size_t(length));
  while (!text.empty()) {
    size_t last = text.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xc0) == 0x80)
      --last;
    if (!isSpace(firstCharacter(text.substr(last), length)))
      break;
    text.remove_suffix(text.size() - last);
  }
  return text;
}

} // namespace xlstm
