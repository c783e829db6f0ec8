//===- Unicode.h - characters: classes, NFC -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_UNICODE_H
#define XLSTM_RUNTIME_TEXT_UNICODE_H

#include <cstdint>
#include <string>
#include <string_view>

namespace xlstm::text {

/// A character of valid UTF-8 and how many bytes it takes.
struct Character {
  int32_t code;
  size_t length;
};
Character firstCharacter(std::string_view text);
Character lastCharacter(std::string_view text);

void appendUtf8(std::string &out, int32_t code);
bool isAscii(std::string_view text);

/// General category N.
bool isNumeric(int32_t code);
/// White_Space.
bool isSpace(int32_t code);
/// What a regex calls \w: letters, marks, digits, connectors and joiners.
bool isWord(int32_t code);

/// General category M.
bool isMark(int32_t code);
/// General category P, or an ASCII sign.
bool isPunctuation(int32_t code);
/// The small letter of simple case.
int32_t toLower(int32_t code);

/// How many bytes of white space begin or end a text.
size_t spaceAtStart(std::string_view text);
size_t spaceAtEnd(std::string_view text);
/// Bytes of the extended grapheme cluster (Unicode annex 29) that begins a text.
size_t graphemeLength(std::string_view text);

/// Unicode normalization forms of valid UTF-8. (PyPI tokenizers 0.23 does not order marks newer than Unicode 9.)
std::string toNfc(std::string_view text);
std::string toNfd(std::string_view text);
std::string toNfkc(std::string_view text);
std::string toNfkd(std::string_view text);

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_UNICODE_H
