//===- JsonText.h - whether a text can still become a JSON object ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_SERVE_JSONTEXT_H
#define RUNTIME_SERVE_JSONTEXT_H

#include <cstdint>
#include <string_view>

namespace xlstm::serve {

/// A JSON object (RFC 8259, in UTF-8) that is written byte by byte, with arrays and objects up to 64 deep, no more than
/// 32 bytes of white space in a row, which a model would otherwise write for ever, and no halves of surrogates as \u
/// escapes, which many readers refuse.
class JsonText {
public:
  /// Whether the byte may follow; it is part of the text then. After a false this may be used no more.
  bool take(unsigned char byte);
  bool take(std::string_view bytes);
  /// The object has ended; nothing may follow.
  bool isComplete() const { return place == Place::End; }

private:
  enum class Place : uint8_t {
    Start,
    Value,
    FirstItem,
    FirstKey,
    Key,
    Colon,
    AfterValue,
    String,
    Escape,
    Hex,
    Character,
    Literal,
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    Exponent,
    Sign,
    Power,
    End
  };
  static constexpr int mostDepth = 64, mostSpaces = 32;

  bool takeBetween(unsigned char byte);
  bool beginValue(unsigned char byte);
  bool open(bool isObject);
  bool close(unsigned char byte);
  bool takeInString(unsigned char byte);
  bool takeInNumber(unsigned char byte);
  bool isObject() const { return objects >> (depth - 1) & 1; }
  bool go(Place next) {
    place = next;
    return true;
  }

  Place place = Place::Start;
  uint8_t depth = 0, spaces = 0;
  bool isKey = false;                // the string is one
  bool isHigh = false;               // the escape began with d: a surrogate may follow
  uint8_t rest = 0;                  // bytes to come of a character, digits of an escape
  uint8_t least = 0x80, most = 0xbf; // the next byte of a character
  uint64_t objects = 0;              // a bit a depth: an object, not an array
  std::string_view literal;          // what is left of one
};

} // namespace xlstm::serve

#endif // RUNTIME_SERVE_JSONTEXT_H
