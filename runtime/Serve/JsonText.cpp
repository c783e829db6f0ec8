//===- JsonText.cpp - whether a text can still become a JSON object --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/JsonText.h"

namespace xlstm::serve {

static bool isDigit(unsigned char byte) { return byte >= '0' && byte <= '9'; }
static bool isSpace(unsigned char byte) { return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; }

bool JsonText::open(bool isObject) {
  if (depth == mostDepth)
    return false;
  objects = (objects & ~(uint64_t{1} << depth)) | uint64_t{isObject} << depth;
  ++depth;
  return go(isObject ? Place::FirstKey : Place::FirstItem);
}

bool JsonText::close(unsigned char byte) {
  if (byte != (isObject() ? '}' : ']'))
    return false;
  --depth;
  return go(depth ? Place::AfterValue : Place::End);
}

bool JsonText::beginValue(unsigned char byte) {
  isKey = false;
  switch (byte) {
  case '{':
  case '[':
    return open(byte == '{');
  case '"':
    return go(Place::String);
  case '-':
    return go(Place::Minus);
  case '0':
    return go(Place::Zero);
  case 't':
    literal = "rue";
    return go(Place::Literal);
  case 'f':
    literal = "alse";
    return go(Place::Literal);
  case 'n':
    literal = "ull";
    return go(Place::Literal);
  default:
    return isDigit(byte) && go(Place::Integer);
  }
}

/// Where white space may stand.
bool JsonText::takeBetween(unsigned char byte) {
  if (isSpace(byte))
    return ++spaces <= mostSpaces;
  spaces = 0;
  switch (place) {
  case Place::Start:
    return byte == '{' && open(true);
  case Place::FirstItem:
    return byte == ']' ? close(byte) : beginValue(byte);
  case Place::FirstKey:
  case Place::Key:
    isKey = true;
    return byte == '"' ? go(Place::String) : place == Place::FirstKey && close(byte);
  case Place::Colon:
    return byte == ':' && go(Place::Value);
  case Place::AfterValue:
    return byte == ',' ? go(isObject() ? Place::Key : Place::Value) : close(byte);
  default:
    return beginValue(byte);
  }
}

/// Between the quotes: characters of UTF-8 and escapes.
bool JsonText::takeInString(unsigned char byte) {
  switch (place) {
  case Place::Escape:
    rest = 4;
    return byte == 'u' ? go(Place::Hex)
                       : std::string_view("\"\\/bfnrt").find(static_cast<char>(byte)) != std::string_view::npos &&
                             go(Place::String);
  case Place::Hex: {
    const bool isHex = isDigit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
    const bool isSurrogate = rest == 3 && isHigh && !(byte < '8');
    isHigh = rest == 4 && (byte == 'd' || byte == 'D');
    return isHex && !isSurrogate && (--rest || go(Place::String));
  }
  case Place::Character: {
    const bool fits = byte >= least && byte <= most;
    least = 0x80, most = 0xbf;
    return fits && (--rest || go(Place::String));
  }
  default:
    break;
  }
  if (byte == '"')
    return go(isKey ? Place::Colon : Place::AfterValue);
  if (byte == '\\')
    return go(Place::Escape);
  if (byte < 0x80)
    return byte >= 0x20;
  if (byte < 0xc2 || byte > 0xf4)
    return false;
  rest = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  least = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80; // none that fewer bytes could say,
  most = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;  // no surrogates, none above U+10FFFF
  return go(Place::Character);
}

bool JsonText::takeInNumber(unsigned char byte) {
  const bool hasEnd =
      place != Place::Minus && place != Place::Point && place != Place::Exponent && place != Place::Sign;
  const bool isWhole = place == Place::Zero || place == Place::Integer;
  if (isDigit(byte) && place != Place::Zero) {
    switch (place) {
    case Place::Minus:
      return go(byte == '0' ? Place::Zero : Place::Integer);
    case Place::Point:
      return go(Place::Fraction);
    case Place::Exponent:
    case Place::Sign:
      return go(Place::Power);
    default:
      return true;
    }
  }
  if (byte == '.' && isWhole)
    return go(Place::Point);
  if ((byte == 'e' || byte == 'E') && (isWhole || place == Place::Fraction))
    return go(Place::Exponent);
  if ((byte == '+' || byte == '-') && place == Place::Exponent)
    return go(Place::Sign);
  return hasEnd && go(Place::AfterValue) && takeBetween(byte);
}

bool JsonText::take(unsigned char byte) {
  switch (place) {
  case Place::End:
    return false;
  case Place::String:
  case Place::Escape:
  case Place::Hex:
  case Place::Character:
    return takeInString(byte);
  case Place::Literal:
    if (static_cast<unsigned char>(literal.front()) != byte)
      return false;
    literal.remove_prefix(1);
    return !literal.empty() || go(Place::AfterValue);
  case Place::Minus:
  case Place::Zero:
  case Place::Integer:
  case Place::Point:
  case Place::Fraction:
  case Place::Exponent:
  case Place::Sign:
  case Place::Power:
    return takeInNumber(byte);
  default:
    return takeBetween(byte);
  }
}

bool JsonText::take(std::string_view bytes) {
  for (char byte : bytes)
    if (!take(static_cast<unsigned char>(byte)))
      return false;
  return true;
}

} // namespace xlstm::serve
