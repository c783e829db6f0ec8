//===- Translate.cpp - Oniguruma's expressions for PCRE2 ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Oniguruma/Translate.h"

#include "runtime/Text/Oniguruma/Reader.h"

#include <algorithm>

using namespace xlstm;
using namespace xlstm::text;
using namespace xlstm::text::oniguruma;

namespace {

constexpr int deepest = 200;
/// A word boundary takes about a hundred bytes; what is longer than this was made to be long.
constexpr size_t longest = size_t{1} << 20;

/// What holds up to the end of a group.
struct Options {
  bool ignoreCase = false, extended = false, dotAll = false;
};

/// One step of a branch. What only says where it stands cannot be repeated.
struct Atom {
  std::string text;
  enum { Repeatable, Place } kind = Repeatable;
  int32_t literal = -1; // the character, where it is one
};

/// What the whole expression has, known after a first reading.
struct Facts {
  bool named = false, backreferences = false;
};

class Translator {
public:
  Translator(const std::string &pattern, const std::string &place, const Facts &facts)
      : reader(pattern, place), facts(facts), manyGroups(std::ranges::count(pattern, '(') > 9) {}
  std::string run();
  Facts found;

private:
  std::string readAlternatives(Options options);
  std::string readBranch(const Options &options);
  void skipComments(const Options &options);
  Atom readAtom(const Options &options);
  Atom readEscape(const Options &options);
  Atom readGroup(const Options &options);
  Atom readOptions(const Options &options);
  Atom readOctal();
  Atom readBackreference();
  std::string readNamedGroup(char end);
  std::string inGroup(std::string_view open, Options options);
  std::string repeat(Atom atom, const Options &options);
  bool readQuantifier(std::string &text, bool &possessive);
  bool readInterval(std::string &text, bool &possessive);

  Reader reader;
  const Facts &facts;
  bool manyGroups;
  int depth = 0;
};

} // namespace

std::string Translator::run() {
  std::string text = readAlternatives({});
  if (!reader.atEnd())
    reader.invalid("unmatched closing parenthesis");
  return text;
}

std::string Translator::readAlternatives(Options options) {
  if (++depth > deepest)
    reader.invalid("parentheses are too deeply nested");
  std::string text = readBranch(options);
  while (reader.take("|"))
    text += "|" + readBranch(options);
  --depth;
  if (text.size() > longest)
    reader.refuse("too much for one expression");
  return text;
}

std::string Translator::readBranch(const Options &options) {
  std::string text;
  int32_t before = -1;
  skipComments(options);
  while (!reader.atEnd() && reader.peek() != '|' && reader.peek() != ')') {
    Atom atom = readAtom(options);
    if (options.ignoreCase && before >= 0 && atom.literal >= 0)
      checkFolds(before, atom.literal, reader);
    before = atom.literal;
    text += repeat(std::move(atom), options);
    skipComments(options);
  }
  return text;
}

/// (?#..), and with (?x) spaces and what stands behind a '#'.
void Translator::skipComments(const Options &options) {
  for (;;) {
    if (reader.take("(?#")) {
      while (!reader.take(")"))
        if (reader.next() == '\\')
          reader.next();
    } else if (options.extended && reader.take("#")) {
      while (!reader.atEnd() && reader.next() != '\n') {
      }
    } else if (options.extended && !reader.atEnd() &&
               std::string_view(" \t\n\v\f\r").find(reader.peek()) != std::string_view::npos) {
      reader.next();
    } else {
      return;
    }
  }
}

/// {2}, {2,}, {,3}, {2,3}; what only looks like one is text.
bool Translator::readInterval(std::string &text, bool &possessive) {
  size_t start = reader.position();
  constexpr uint32_t most = 65535; // PCRE2's
  reader.take("{");
  auto [low, lowDigits] = reader.digits(10, 6);
  bool comma = reader.take(",");
  auto [high, highDigits] = comma ? reader.digits(10, 6) : std::pair(low, lowDigits);
  if (!reader.take("}") || !(lowDigits || highDigits)) {
    reader.rewind(start);
    return false;
  }
  if (low > most || high > most)
    reader.refuse("a repetition of more than 65535");
  if (comma && highDigits && high < low) { // as Oniguruma has it: 2 to 5 times, without giving back
    std::swap(low, high);
    possessive = true;
  }
  text = "{" + std::to_string(low);
  if (comma)
    text += "," + (highDigits ? std::to_string(high) : "");
  text += "}";
  // "{2}?" is an optional "{2}", "{2,3}+" a repeated "{2,3}".
  if (comma && !possessive && reader.take("?"))
    text += "?";
  return true;
}

bool Translator::readQuantifier(std::string &text, bool &possessive) {
  char sign = reader.peek();
  if (sign == '{')
    return readInterval(text, possessive);
  if (sign != '*' && sign != '+' && sign != '?')
    return false;
  reader.next();
  text = sign;
  if (reader.take("?"))
    text += "?";
  else if (reader.take("+"))
    text += "+";
  return true;
}

std::string Translator::repeat(Atom atom, const Options &options) {
  std::string sign;
  bool possessive = false;
  for (int count = 0; skipComments(options), readQuantifier(sign, possessive); ++count) {
    if (atom.kind == Atom::Place)
      reader.refuse("a repetition of a place");
    if (count == 20)
      reader.refuse("a repetition of a repetition, 20 times");
    atom.text = (count ? "(?:" + atom.text + ")" : atom.text) + sign;
    if (possessive)
      atom.text = "(?>" + atom.text + ")";
    possessive = false;
  }
  return atom.text;
}

Atom Translator::readAtom(const Options &options) {
  char sign = reader.peek();
  switch (sign) {
  case '\\':
    reader.next();
    return readEscape(options);
  case '(':
    reader.next();
    return readGroup(options);
  case '[':
    reader.next();
    return {readClass(reader, options.ignoreCase)};
  case '.':
    reader.next();
    return {options.dotAll ? "(?s:.)" : "[^\\x{a}]"};
  case '^':
  case '$':
    reader.next();
    return {std::string(1, sign), Atom::Place};
  case '*':
  case '+':
  case '?':
    reader.invalid("a repetition of nothing");
  case '{': {
    std::string text;
    bool possessive = false;
    if (readInterval(text, possessive))
      reader.invalid("a repetition of nothing");
    break;
  }
  default:
    break;
  }
  int32_t code = reader.next();
  if (options.ignoreCase)
    checkFolds(code, reader);
  return {toLiteral(code), Atom::Repeatable, code};
}

/// \b: between a character of a word and another, or an end.
static std::string wordBoundary(bool isBoundary) {
  std::string word = toClass(wordSet(/*inClass=*/false)), behind = "(?<=" + word + ")", notBehind = "(?<!" + word + ")";
  std::string ahead = "(?=" + word + ")", notAhead = "(?!" + word + ")";
  return isBoundary ? "(?:" + behind + notAhead + "|" + notBehind + ahead + ")"
                    : "(?:" + behind + ahead + "|" + notBehind + notAhead + ")";
}

Atom Translator::readEscape(const Options &options) {
  if (reader.atEnd())
    reader.invalid("it ends with a backslash");
  int32_t letter = reader.next();
  if (letter < 0x80)
    if (std::optional<NamedSet> set = escapedSet(char(letter), reader, /*inClass=*/false)) {
      if (options.ignoreCase && (letter | 0x20) == 'p')
        reader.refuse("a property under (?i)");
      return {toClass(*set)};
    }
  switch (letter) {
  case 'R':
    return {"(?>\\x{d}\\x{a}|[\\x{a}-\\x{d}\\x{85}\\x{2028}\\x{2029}])"};
  case 'N':
    return {"[^\\x{a}]"};
  case 'O':
    return {"(?s:.)"};
  case 'b':
  case 'B':
    return {wordBoundary(letter == 'b'), Atom::Place};
  case 'A':
  case 'Z':
  case 'z':
  case 'G':
  case 'K':
    return {{'\\', char(letter)}, Atom::Place};
  case 'X':
  case 'y':
  case 'Y':
    reader.refuse(std::string("a text segment (\\") + char(letter) + ")");
  case 'k':
    return readBackreference();
  case 'g':
    reader.refuse("a call of a group (\\g)");
  default:
    break;
  }
  if (letter >= '1' && letter <= '9') {
    if (std::isdigit(uint8_t(reader.peek())))
      return readOctal();
    uint32_t number = uint32_t(letter - '0');
    if (facts.named)
      reader.invalid("a numbered backreference among named groups");
    found.backreferences = true;
    return {"\\g{" + std::to_string(number) + "}"};
  }
  int32_t code = escapedCharacter(letter, reader);
  if (options.ignoreCase)
    checkFolds(code, reader);
  return {toLiteral(code), Atom::Repeatable, code};
}

/// \101: a character, unless there are so many groups.
Atom Translator::readOctal() {
  reader.rewind(reader.position() - 1);
  auto [value, count] = reader.digits(8, 3);
  if (count < 2 || manyGroups)
    reader.refuse("a number of two digits behind a backslash");
  if (value > 0x7F)
    reader.refuse("a byte of UTF-8");
  return {toLiteral(int32_t(value)), Atom::Repeatable, int32_t(value)};
}

/// \k<name>, \k'name', \k<1>.
Atom Translator::readBackreference() {
  bool angle = reader.take("<");
  if (!angle && !reader.take("'"))
    return {"k", Atom::Repeatable, 'k'};
  std::string name(reader.takeUntil(angle ? ">" : "'", "\\k"));
  found.backreferences = true;
  if (name.find_first_of("+-") != name.npos)
    reader.refuse("a backreference with a level or counted from here");
  bool isNumber = !name.empty() && std::ranges::all_of(name, [](char c) { return std::isdigit(uint8_t(c)); });
  if (isNumber && facts.named)
    reader.invalid("a numbered backreference among named groups");
  if (!std::ranges::all_of(name, [](char c) { return std::isalnum(uint8_t(c)) || c == '_'; }))
    reader.refuse("a name of a group beyond ASCII");
  return {"\\g{" + name + "}"};
}

std::string Translator::inGroup(std::string_view open, Options options) {
  std::string text = std::string(open) + readAlternatives(options);
  if (!reader.take(")"))
    reader.invalid("missing closing parenthesis");
  return text + ")";
}

/// The name of a group and what opens it.
std::string Translator::readNamedGroup(char end) {
  std::string name(reader.takeUntil({&end, 1}, "a group's name"));
  found.named = true;
  if (name.empty() || std::isdigit(uint8_t(name[0])))
    reader.invalid("a group whose name is none");
  if (!std::ranges::all_of(name, [](char c) { return std::isalnum(uint8_t(c)) || c == '_'; }))
    reader.refuse("a name of a group beyond ASCII");
  return facts.backreferences ? "(?<" + name + ">" : "(?:";
}

Atom Translator::readGroup(const Options &options) {
  if (reader.peek() == '*')
    reader.refuse("a callout (*..)");
  if (!reader.take("?"))
    // With named groups the others do not count.
    return {inGroup(facts.backreferences && !facts.named ? "(" : "(?:", options)};
  for (const char *open : {":", ">"})
    if (reader.take(open))
      return {inGroup(std::string("(?") + open, options)};
  for (const char *open : {"=", "!", "<=", "<!"})
    if (reader.take(open))
      return {inGroup(std::string("(?") + open, options), Atom::Place};
  if (reader.take("<"))
    return {inGroup(readNamedGroup('>'), options)};
  if (reader.take("'"))
    return {inGroup(readNamedGroup('\''), options)};
  if (reader.take("~"))
    reader.refuse("an absent operator (?~..)");
  if (reader.take("{"))
    reader.refuse("a callout (?{..})");
  if (reader.take("("))
    reader.refuse("a condition (?(..)..)");
  return readOptions(options);
}

/// (?imx-imx:..), or (?imx-imx), which holds up to the end of the group and makes one of all its branches.
Atom Translator::readOptions(const Options &options) {
  Options inner = options;
  for (bool on = true; reader.peek() != ')' && reader.peek() != ':';) {
    int32_t letter = reader.next();
    if (letter == '-')
      on = false;
    else if (letter == 'i')
      inner.ignoreCase = on;
    else if (letter == 'm')
      inner.dotAll = on;
    else if (letter == 'x')
      inner.extended = on;
    else if (letter < 0x80 && std::string_view("WDSPyILC").find(char(letter)) != std::string_view::npos)
      reader.refuse(std::string("the option (?") + char(letter) + ")");
    else
      reader.invalid("an option that is not known");
  }
  std::string open = inner.ignoreCase ? "(?i:" : "(?-i:";
  if (reader.take(":"))
    return {inGroup(open, inner)};
  reader.take(")");
  return {open + readAlternatives(inner) + ")"};
}

std::string text::translateOniguruma(const std::string &pattern, const std::string &place) {
  Facts none;
  Translator first(pattern, place, none);
  std::string text = first.run();
  bool matters = first.found.named || first.found.backreferences;
  return matters ? Translator(pattern, place, first.found).run() : text;
}
