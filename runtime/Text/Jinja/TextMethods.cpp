//===- TextMethods.cpp - the rarer methods of strings ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Format.h"
#include "runtime/Text/Jinja/Strings.h"
#include "runtime/Text/Unicode.h"

#include <algorithm>
#include <utf8proc.h>

namespace xlstm::jinja {

template <char align>
static Value justMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  auto given = arguments.bind("a method that pads", {"width", "fillchar"});
  std::string fill = given[1] ? given[1]->string("fillchar") : " ";
  if (!given[0] || characterOffsets(fill).size() != 2)
    throw Problem("a method that pads expects a width and a character");
  int64_t width = given[0]->integer("a width");
  if (align != '^')
    return padded(*self.asString(), width, align, fill, interpreter.budget);
  int64_t length = int64_t(characterOffsets(*self.asString()).size()) - 1,
          lacking = std::max<int64_t>(0, width - length);
  int64_t left = lacking / 2 + (lacking & width & 1); // as Python shares out an odd number
  std::string text = padded(*self.asString(), length + left, '>', fill, interpreter.budget);
  return padded(text, width, '<', fill, interpreter.budget);
}

static Value zfillMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  auto width = arguments.bind("zfill", {"width"})[0];
  if (!width)
    throw Problem("zfill expects a width");
  const std::string &text = *self.asString();
  bool isSigned = text.starts_with('-') || text.starts_with('+');
  int64_t rest = width->integer("zfill") - isSigned;
  return text.substr(0, isSigned) + padded(text.substr(isSigned), rest, '>', "0", interpreter.budget);
}

template <bool fromRight>
static Value partitionMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  auto given = arguments.bind("partition", {"sep"})[0];
  const std::string &text = *self.asString(), separator = given ? given->string("partition") : "";
  if (separator.empty())
    throw Problem("partition expects a separator that is not empty");
  size_t at = fromRight ? text.rfind(separator) : text.find(separator);
  interpreter.budget.spendBytes(text.size() + 96);
  if (at == text.npos)
    return fromRight ? Value::list({Value(""), Value(""), self}, List::Tuple)
                     : Value::list({self, Value(""), Value("")}, List::Tuple);
  return Value::list({Value(text.substr(0, at)), Value(separator), Value(text.substr(at + separator.size()))},
                     List::Tuple);
}

template <bool fromRight>
static Value indexMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  auto given = arguments.bind("index", {"sub"})[0];
  const std::string &text = *self.asString(), part = given ? given->string("index") : "";
  size_t at = fromRight ? text.rfind(part) : text.find(part);
  interpreter.budget.spendSteps(text.size() / 16);
  if (!given || at == text.npos)
    throw Problem("index: the string has no such part");
  return int64_t(characterOffsets(text.substr(0, at)).size()) - 1;
}

static Value swapcaseMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  arguments.bind("swapcase", {});
  std::string out;
  for (std::string_view rest = *self.asString(); !rest.empty();) {
    auto [code, length] = text::firstCharacter(rest);
    std::string_view character = rest.substr(0, length);
    out += utf8proc_category(code) == UTF8PROC_CATEGORY_LU ? lower(character) : upper(character);
    rest.remove_prefix(length);
  }
  return interpreter.budget.made(std::move(out));
}

static Value casefoldMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  arguments.bind("casefold", {});
  return interpreter.budget.made(replaced(lower(*self.asString()), "\u00df", "ss"));
}

static Value expandtabsMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  auto given = arguments.bind("expandtabs", {"tabsize"})[0];
  int64_t size = given ? given->integer("expandtabs") : 8, column = 0;
  std::string out;
  for (std::string_view rest = *self.asString(); !rest.empty();) {
    auto [code, length] = text::firstCharacter(rest);
    int64_t blanks = code == '\t' && size > 0 ? size - column % size : 0;
    interpreter.budget.spendBytes(size_t(blanks) + length);
    out += code == '\t' ? std::string(size_t(blanks), ' ') : std::string(rest.substr(0, length));
    column = code == '\n' || code == '\r' ? 0 : code == '\t' ? column + blanks : column + 1;
    rest.remove_prefix(length);
  }
  return Value(std::move(out));
}

static Value formatMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  return Value(braceFormat(interpreter, *self.asString(), arguments));
}

/// Whether there is a character and all of them are of the kind.
template <bool (*isOfKind)(int32_t)>
static Value allMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  arguments.bind("method", {});
  interpreter.budget.spendSteps(self.asString()->size() / 16);
  for (std::string_view rest = *self.asString(); !rest.empty();) {
    auto [code, length] = text::firstCharacter(rest);
    if (!isOfKind(code))
      return false;
    rest.remove_prefix(length);
  }
  return !self.asString()->empty();
}

static bool isLetter(int32_t code) {
  utf8proc_category_t category = utf8proc_category(code);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}
static bool isDecimal(int32_t code) { return utf8proc_category(code) == UTF8PROC_CATEGORY_ND; }
/// Superscripts and their like, which Python counts as digits, are none here.
static bool isDigit(int32_t code) { return isDecimal(code); }
static bool isNumber(int32_t code) { return text::isNumeric(code); }
static bool isLetterOrNumber(int32_t code) { return isLetter(code) || isNumber(code); }

static Value isAsciiMethod(Interpreter &, const Value &self, const Arguments &) {
  return text::isAscii(*self.asString());
}

static Value isTitleMethod(Interpreter &interpreter, const Value &self, const Arguments &) {
  bool hasLetter = allMethod<isLetter>(interpreter, self, {}).truth();
  for (char c : *self.asString())
    hasLetter |= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80);
  return hasLetter && title(*self.asString(), /*asFilter=*/false) == *self.asString();
}

Method findTextMethod(const std::string &name) {
  static const std::map<std::string_view, Method> methods = {
      {"center", justMethod<'^'>},
      {"ljust", justMethod<'<'>},
      {"rjust", justMethod<'>'>},
      {"zfill", zfillMethod},
      {"partition", partitionMethod<false>},
      {"rpartition", partitionMethod<true>},
      {"index", indexMethod<false>},
      {"rindex", indexMethod<true>},
      {"swapcase", swapcaseMethod},
      {"casefold", casefoldMethod},
      {"expandtabs", expandtabsMethod},
      {"format", formatMethod},
      {"isalpha", allMethod<isLetter>},
      {"isdigit", allMethod<isDigit>},
      {"isdecimal", allMethod<isDecimal>},
      {"isnumeric", allMethod<isNumber>},
      {"isalnum", allMethod<isLetterOrNumber>},
      {"isascii", isAsciiMethod},
      {"istitle", isTitleMethod},
  };
  auto found = methods.find(name);
  return found == methods.end() ? nullptr : found->second;
}

} // namespace xlstm::jinja
