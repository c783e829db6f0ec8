//===- Names.cpp - named sets of characters -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the names mean is Oniguruma's (doc/RE, Unicode case; Unicode Technical Standard 18, annex C). PCRE2's own \w, \s
// and POSIX names mean other sets: its \w has no marks, its \s has U+180E.

#include "runtime/Text/Oniguruma/Reader.h"

#include "runtime/Text/Unicode.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utf8proc.h>

using namespace xlstm;
using namespace xlstm::text;
using namespace xlstm::text::oniguruma;

static constexpr const char *space =
    "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";
static constexpr const char *word = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";

NamedSet oniguruma::digitSet() { return {"\\p{Nd}"}; }
NamedSet oniguruma::spaceSet() { return {space}; }
NamedSet oniguruma::wordSet(bool inClass) {
  return {std::string(word) + (inClass ? "" : "\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}")};
}
NamedSet oniguruma::hexSet() { return {"0-9A-Fa-f"}; }

std::optional<NamedSet> oniguruma::posixSet(std::string_view name) {
  static const std::string notGraph = std::string(space) + "\\p{Cc}\\p{Cn}\\p{Cs}";
  // [:print:] is what [:graph:] has, and the spaces of category Zs.
  static const std::string notPrint = "\\p{Zl}\\p{Zp}\\p{Cc}\\p{Cn}\\p{Cs}";
  static const std::array<std::pair<std::string_view, NamedSet>, 14> known = {{
      {"alnum", {"\\p{Alphabetic}\\p{Nd}"}},
      {"alpha", {"\\p{Alphabetic}"}},
      {"ascii", {"\\x{0}-\\x{7f}"}},
      {"blank", {"\\p{Zs}\\x{9}"}},
      {"cntrl", {"\\p{Cc}"}},
      {"digit", digitSet()},
      {"graph", {notGraph, true}},
      {"lower", {"\\p{Lowercase}"}},
      {"print", {notPrint, true}},
      {"punct", {"\\p{P}\\p{S}"}},
      {"space", spaceSet()},
      {"upper", {"\\p{Uppercase}"}},
      {"word", wordSet(true)},
      {"xdigit", hexSet()},
  }};
  for (const auto &[text, set] : known)
    if (text == name)
      return set;
  return std::nullopt;
}

namespace {
/// Long names of general categories, as Oniguruma compares them: small letters, without '_', '-' and spaces.
constexpr std::array<std::pair<std::string_view, const char *>, 38> categories = {{
    {"other", "C"},
    {"control", "Cc"},
    {"format", "Cf"},
    {"unassigned", "Cn"},
    {"privateuse", "Co"},
    {"surrogate", "Cs"},
    {"letter", "L"},
    {"casedletter", "L&"},
    {"lc", "L&"},
    {"lowercaseletter", "Ll"},
    {"modifierletter", "Lm"},
    {"otherletter", "Lo"},
    {"titlecaseletter", "Lt"},
    {"uppercaseletter", "Lu"},
    {"mark", "M"},
    {"combiningmark", "M"},
    {"spacingmark", "Mc"},
    {"enclosingmark", "Me"},
    {"nonspacingmark", "Mn"},
    {"number", "N"},
    {"decimalnumber", "Nd"},
    {"letternumber", "Nl"},
    {"othernumber", "No"},
    {"punctuation", "P"},
    {"connectorpunctuation", "Pc"},
    {"dashpunctuation", "Pd"},
    {"closepunctuation", "Pe"},
    {"finalpunctuation", "Pf"},
    {"initialpunctuation", "Pi"},
    {"otherpunctuation", "Po"},
    {"openpunctuation", "Ps"},
    {"symbol", "S"},
    {"currencysymbol", "Sc"},
    {"modifiersymbol", "Sk"},
    {"mathsymbol", "Sm"},
    {"othersymbol", "So"},
    {"separator", "Z"},
    {"spaceseparator", "Zs"},
}};
constexpr std::string_view shortCategories =
    " c cc cf cn co cs l ll lm lo lt lu m mc me mn n nd nl no p pc pd pe pf pi po ps s sc sk sm so z zl zp zs ";
/// Properties that both engines have from the same tables of Unicode.
constexpr std::string_view binary = " alphabetic lowercase uppercase ideographic math dash hexdigit emoji "
                                    "emojipresentation extendedpictographic idstart xidstart cased radical "
                                    "unifiedideograph variationselector ";
/// Those that the engines have from tables which differ by more than a version's new characters.
constexpr std::string_view unlike = " diacritic extender idcontinue xidcontinue caseignorable ";

bool has(std::string_view list, const std::string &name) { return list.find(" " + name + " ") != list.npos; }
} // namespace

NamedSet oniguruma::propertySet(std::string_view shown, const Reader &reader, bool inClass) {
  std::string name;
  for (char c : shown) {
    if (c == ' ' || c == '_' || c == '-')
      continue;
    if (!std::isalnum(uint8_t(c)))
      reader.refuse("the property " + std::string(shown));
    name += char(std::tolower(uint8_t(c)));
  }
  if (name.empty())
    reader.invalid("a property without a name");
  if (name == "any")
    return {"\\x{0}-\\x{10ffff}"};
  if (name == "assigned")
    return {"\\p{Cn}", true};
  if (name == "whitespace")
    return spaceSet();
  if (name == "word")
    return wordSet(inClass);
  if (name == "punct") // unlike [:punct:], without symbols
    return {"\\p{P}"};
  if (std::optional<NamedSet> set = posixSet(name))
    return *set;
  for (auto [known, category] : categories)
    if (known == name)
      return {std::string("\\p{") + category + "}"};
  if (name == "lineseparator" || name == "paragraphseparator")
    return {name[0] == 'l' ? "\\p{Zl}" : "\\p{Zp}"};
  if (has(shortCategories, name)) {
    name[0] = char(std::toupper(uint8_t(name[0])));
    return {"\\p{" + name + "}"};
  }
  if (has(binary, name))
    return {"\\p{" + name + "}"};
  if (has(unlike, name))
    reader.refuse("the property " + std::string(shown));
  if (name.starts_with("in") && name != "inherited")
    reader.refuse("the block of characters " + std::string(shown));
  return {"\\p{sc:" + name + "}"}; // a script; PCRE2 complains where it is none
}

std::optional<NamedSet> oniguruma::escapedSet(char letter, Reader &reader, bool inClass) {
  if ((letter == 'p' || letter == 'P') && reader.take("{")) {
    bool complement = (letter == 'P') != reader.take("^");
    NamedSet set = propertySet(reader.takeUntil("}", "\\p{"), reader, inClass);
    set.complement ^= complement;
    return set;
  }
  NamedSet set;
  switch (letter | 0x20) {
  case 'd':
    set = digitSet();
    break;
  case 's':
    set = spaceSet();
    break;
  case 'w':
    set = wordSet(inClass);
    break;
  case 'h':
    set = hexSet();
    break;
  default:
    return std::nullopt;
  }
  set.complement = !(letter & 0x20);
  return set;
}

std::string oniguruma::toClass(const NamedSet &set) { return (set.complement ? "[^" : "[") + set.body + "]"; }

std::string oniguruma::toLiteral(int32_t code) {
  if (code < 0x80 && std::isalnum(code))
    return std::string(1, char(code));
  char text[16];
  snprintf(text, sizeof text, "\\x{%x}", unsigned(code));
  return text;
}

void oniguruma::checkFolds(int32_t code, const Reader &reader) {
  if (code < 0x80)
    return;
  // Latin and Cyrillic letters fold one to one, but for the few that utf8proc tells; what has no case is safe anywhere.
  bool isSimple = (code >= 0xC0 && code < 0x250) || (code >= 0x400 && code < 0x530);
  int32_t folded[8];
  int unused = 0;
  auto options = utf8proc_option_t(UTF8PROC_CASEFOLD);
  if ((isSimple && utf8proc_decompose_char(code, folded, 8, options, &unused) != 1) ||
      (!isSimple && (isWord(code) || utf8proc_tolower(code) != code || utf8proc_toupper(code) != code)))
    reader.refuse("a letter beyond simple case under (?i)");
}

void oniguruma::checkFolds(int32_t left, int32_t right, const Reader &reader) {
  auto small = [](int32_t code) { return code >= 'A' && code <= 'Z' ? code + 32 : code; };
  left = small(left);
  right = small(right);
  bool ligature = (left == 's' && (right == 's' || right == 't')) ||
                  (left == 'f' && (right == 'f' || right == 'i' || right == 'l'));
  if (ligature)
    reader.refuse("letters that make a ligature under (?i)");
}
