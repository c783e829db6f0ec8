//===- Reader.cpp - where in an expression we are -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Oniguruma/Reader.h"

#include "runtime/Text/Unicode.h"
#include "xlstm/Support/Quote.h"

using namespace xlstm;
using namespace xlstm::text;
using namespace xlstm::text::oniguruma;

int32_t Reader::next() {
  if (atEnd())
    invalid("it ends too early");
  Character character = firstCharacter(source.substr(at));
  at += character.length;
  return character.code;
}

std::string_view Reader::takeUntil(std::string_view end, const char *what) {
  size_t found = source.find(end, at);
  if (found == source.npos)
    invalid(std::string(what) + " without an end");
  std::string_view text = source.substr(at, found - at);
  at = found + end.size();
  return text;
}

std::pair<uint32_t, int> Reader::digits(uint32_t base, int most) {
  uint32_t value = 0;
  int count = 0;
  for (; count < most && std::isxdigit(uint8_t(peek())); ++count, ++at) {
    char c = peek();
    uint32_t digit = c <= '9' ? uint32_t(c - '0') : uint32_t((c | 0x20) - 'a' + 10);
    if (digit >= base)
      break;
    value = value * base + digit;
  }
  return {value, count};
}

void Reader::invalid(std::string_view why) const { fail(place, ": the regex is not valid at byte ", at, ": ", why); }

void Reader::refuse(std::string_view what) const {
  throw Unsupported(place + ": the regex has at byte " + std::to_string(at) + " " + std::string(what) +
                    ", which is not supported");
}

/// A character by its number; `digits` says how many were read.
static int32_t checkedCode(std::pair<uint32_t, int> number, const Reader &reader) {
  auto [code, count] = number;
  if (count == 0)
    reader.invalid("an escape without digits");
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
    reader.invalid("an escape of no character");
  return int32_t(code);
}

/// \x41, \101: bytes for Oniguruma, which may be parts of a character.
static int32_t checkedByte(std::pair<uint32_t, int> number, const Reader &reader) {
  if (number.first > 0x7F)
    reader.refuse("a byte of UTF-8");
  return int32_t(number.first);
}

/// \x{41}, \o{101}; the brace was read.
static int32_t inBraces(uint32_t base, Reader &reader) {
  int32_t code = checkedCode(reader.digits(base, 8), reader);
  if (reader.peek() == ' ' || reader.peek() == '-')
    reader.refuse("a list of code points");
  if (!reader.take("}"))
    reader.invalid("a code point without its closing brace");
  return code;
}

int32_t oniguruma::escapedCharacter(int32_t letter, Reader &reader) {
  if ((letter == 'x' || letter == 'u') && reader.atEnd())
    return letter; // where the expression ends it is the letter itself
  switch (letter) {
  case 't':
    return '\t';
  case 'n':
    return '\n';
  case 'r':
    return '\r';
  case 'f':
    return '\f';
  case 'v':
    return '\v';
  case 'a':
    return '\a';
  case 'e':
    return 0x1B;
  case 'x':
    return reader.take("{") ? inBraces(16, reader) : checkedByte(reader.digits(16, 2), reader);
  case 'o':
    return reader.take("{") ? inBraces(8, reader) : 'o';
  case 'u': {
    std::pair<uint32_t, int> number = reader.digits(16, 4);
    if (number.second != 4)
      reader.invalid("\\u without four digits");
    return checkedCode(number, reader);
  }
  case '0':
    return checkedByte(reader.digits(8, 2), reader);
  case 'c':
  case 'C':
    if (letter == 'C' && !reader.take("-"))
      reader.invalid("\\C without its minus");
    if (reader.peek() == '\\' || uint8_t(reader.peek()) >= 0x80)
      reader.refuse("a control of an escape");
    letter = reader.next();
    return letter == '?' ? 0x7F : letter & 0x9F;
  case 'M':
    reader.refuse("a meta byte (\\M-)");
  default:
    return letter;
  }
}
