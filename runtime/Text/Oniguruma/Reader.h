//===- Reader.h - where in an expression we are ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_ONIGURUMA_READER_H
#define XLSTM_RUNTIME_TEXT_ONIGURUMA_READER_H

#include "xlstm/Runtime/Text/Unsupported.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xlstm::text::oniguruma {

/// A cursor over the expression.
class Reader {
public:
  Reader(std::string_view source, const std::string &place) : source(source), place(place) {}

  bool atEnd() const { return at >= source.size(); }
  char peek(size_t ahead = 0) const { return at + ahead < source.size() ? source[at + ahead] : '\0'; }
  bool looksAt(std::string_view text) const { return source.substr(at).starts_with(text); }
  bool take(std::string_view text) {
    bool found = looksAt(text);
    at += found ? text.size() : 0;
    return found;
  }
  /// The next character, which must be there.
  int32_t next();
  /// What stands before `end`, which is taken too.
  std::string_view takeUntil(std::string_view end, const char *what);
  /// Up to `most` digits of the base; their value, and how many there were.
  std::pair<uint32_t, int> digits(uint32_t base, int most);
  size_t position() const { return at; }
  void rewind(size_t to) { at = to; }

  /// The expression is not one of Oniguruma's either.
  [[noreturn]] void invalid(std::string_view why) const;
  /// The expression is right, but PCRE2 cannot be told.
  [[noreturn]] void refuse(std::string_view what) const;

private:
  std::string_view source;
  size_t at = 0;
  const std::string &place;
};

/// A set of characters as what stands between the brackets of a PCRE2 class, or all characters but those.
struct NamedSet {
  std::string body;
  bool complement = false;
};
NamedSet digitSet();
NamedSet spaceSet();
/// Outside of a class Oniguruma's \w has the superscripts and fractions of Latin-1 too.
NamedSet wordSet(bool inClass);
NamedSet hexSet();
/// The set of [:name:]; nothing when the name is not known.
std::optional<NamedSet> posixSet(std::string_view name);
/// The set of \p{name}, which the reader stands behind.
NamedSet propertySet(std::string_view name, const Reader &reader, bool inClass);
/// The set of \d \D \s \S \w \W \h \H \p{..} \P{..} where the reader stands behind such a letter; nothing for others.
std::optional<NamedSet> escapedSet(char letter, Reader &reader, bool inClass);

/// A set as one PCRE2 class.
std::string toClass(const NamedSet &set);
/// A character, escaped for a pattern or a class.
std::string toLiteral(int32_t code);

/// The character of an escape whose letter was read, such as \n, \x{41} or \u0041, and any letter without a meaning.
int32_t escapedCharacter(int32_t letter, Reader &reader);

/// Refuses a letter under (?i) that Oniguruma may match with several characters, "ß" with "ss".
void checkFolds(int32_t code, const Reader &reader);
/// The same for characters that follow each other.
void checkFolds(int32_t left, int32_t right, const Reader &reader);

/// Reads a class whose '[' was read; returns an expression that takes one character.
std::string readClass(Reader &reader, bool ignoreCase);

} // namespace xlstm::text::oniguruma

#endif // XLSTM_RUNTIME_TEXT_ONIGURUMA_READER_H
