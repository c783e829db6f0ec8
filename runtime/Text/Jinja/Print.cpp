//===- Print.cpp - values as Python and JSON write them -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Value.h"
#include "runtime/Text/Unicode.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utf8proc.h>

namespace xlstm::jinja {

/// printf's format of one number.
template <typename Number>
static std::string formatted(const char *format, Number number) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, format, number);
  return buffer;
}

/// The fewest digits that read back as the same number, laid out as Python does.
static std::string floatText(double value) {
  if (std::isnan(value))
    return "nan";
  if (std::isinf(value))
    return value < 0 ? "-inf" : "inf";
  char buffer[32];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string_view text(buffer, end - buffer);
  std::string sign = text[0] == '-' ? "-" : "";
  text.remove_prefix(sign.size());
  size_t e = text.find('e');
  int exponent = std::stoi(std::string(text.substr(e + 1)));
  std::string digits(1, text[0]);
  if (e > 2)
    digits += text.substr(2, e - 2);
  if (exponent < -4 || exponent >= 16) {
    std::string fraction = digits.size() > 1 ? "." + digits.substr(1) : "";
    return sign + digits[0] + fraction + formatted("e%+03d", exponent);
  }
  if (exponent < 0)
    return sign + "0." + std::string(-exponent - 1, '0') + digits;
  size_t whole = size_t(exponent) + 1;
  if (digits.size() <= whole)
    return sign + digits + std::string(whole - digits.size(), '0') + ".0";
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

/// Python's str.isprintable() of one character.
static bool isPrintable(int32_t code) {
  switch (utf8proc_category(code)) {
  case UTF8PROC_CATEGORY_CN:
  case UTF8PROC_CATEGORY_CC:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_CS:
  case UTF8PROC_CATEGORY_CO:
  case UTF8PROC_CATEGORY_ZL:
  case UTF8PROC_CATEGORY_ZP:
    return false;
  case UTF8PROC_CATEGORY_ZS:
    return code == ' ';
  default:
    return true;
  }
}

static std::string stringRepr(std::string_view text) {
  char mark = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  std::string out(1, mark);
  while (!text.empty()) {
    auto [code, length] = text::firstCharacter(text);
    if (code == mark || code == '\\')
      out += std::string("\\") + char(code);
    else if (code == '\n' || code == '\r' || code == '\t')
      out += code == '\n' ? "\\n" : code == '\r' ? "\\r" : "\\t";
    else if (isPrintable(code))
      out += text.substr(0, length);
    else
      out += formatted(code < 0x100 ? "\\x%02x" : code < 0x10000 ? "\\u%04x" : "\\U%08x", code);
    text.remove_prefix(length);
  }
  return out + mark;
}

static void joinRepr(std::string &out, const std::vector<Value> &items, Budget &budget) {
  for (size_t n = 0; n < items.size(); ++n)
    out += (n ? ", " : "") + toRepr(items[n], budget);
}

static std::string rangeRepr(const List &range) {
  if (range.label.empty())
    throw Problem("a slice of a range cannot be printed; make a list of it with the filter 'list'");
  return range.label;
}

std::string toRepr(const Value &value, Budget &budget) {
  budget.spendSteps();
  std::string out;
  if (const std::string *text = value.asString()) {
    out = stringRepr(*text);
  } else if (const List *list = value.asList()) {
    if (list->kind == List::Generator)
      throw Problem("a generator cannot be printed; make a list of it with the filter 'list'");
    if (list->kind == List::Range)
      return rangeRepr(*list);
    bool isTuple = list->kind == List::Tuple;
    out = isTuple ? "(" : list->label.empty() ? "[" : list->label + "([";
    joinRepr(out, list->items, budget);
    out += !isTuple ? list->label.empty() ? "]" : "])" : list->items.size() == 1 ? ",)" : ")";
  } else if (const Dict *dict = value.asDict()) {
    out = "{";
    for (const auto &[key, item] : dict->entries)
      out += (out.size() > 1 ? ", " : "") + toRepr(key, budget) + ": " + toRepr(item, budget);
    out += "}";
  } else if (value.isUndefined()) {
    out = "Undefined";
  } else {
    return toText(value, budget);
  }
  budget.spendBytes(out.size());
  return out;
}

std::string toText(const Value &value, Budget &budget) {
  if (const std::string *text = value.asString())
    return *text;
  if (value.isUndefined())
    return "";
  if (value.isNone())
    return "None";
  if (const bool *truth = value.asBool())
    return *truth ? "True" : "False";
  if (value.isInteger())
    return std::to_string(value.integer());
  if (const double *number = value.asFloat())
    return floatText(*number);
  if (value.asList() || value.asDict())
    return toRepr(value, budget);
  throw Problem("a " + value.typeName() + " cannot be printed");
}

namespace {

/// json.dumps.
class JsonWriter {
public:
  JsonWriter(const JsonStyle &style, Budget &budget) : style(style), budget(budget) {}
  void write(const Value &value, int level);
  std::string out;

private:
  void writeString(std::string_view text);
  void writeCharacter(int32_t code, std::string_view bytes);
  void breakLine(int level) {
    if (!style.indent)
      return;
    out += '\n';
    for (int n = 0; n < level; ++n)
      out += *style.indent;
  }
  void writeDict(const Dict &dict, int level);
  std::string keyText(const Value &key) const;

  const JsonStyle &style;
  Budget &budget;
};

} // namespace

void JsonWriter::writeCharacter(int32_t code, std::string_view bytes) {
  static constexpr std::string_view escaped = "\"\\\n\r\t\b\f", letters = "\"\\nrtbf";
  if (size_t at = code < 128 ? escaped.find(char(code)) : escaped.npos; at != escaped.npos)
    out += std::string("\\") + letters[at];
  else if (code < 0x20 || (style.ascii && code > 126 && code < 0x10000))
    out += formatted("\\u%04x", code);
  else if (style.ascii && code >= 0x10000)
    out += formatted("\\u%04x", 0xD800 + ((code - 0x10000) >> 10)) +
           formatted("\\u%04x", 0xDC00 + ((code - 0x10000) & 0x3FF));
  else
    out += bytes;
}

void JsonWriter::writeString(std::string_view text) {
  budget.spendBytes(text.size());
  out += '"';
  while (!text.empty()) {
    auto [code, length] = text::firstCharacter(text);
    writeCharacter(code, text.substr(0, length));
    text.remove_prefix(length);
  }
  out += '"';
}

std::string JsonWriter::keyText(const Value &key) const {
  if (const bool *truth = key.asBool())
    return *truth ? "true" : "false";
  return key.isNone() ? "null" : toText(key, budget);
}

void JsonWriter::writeDict(const Dict &dict, int level) {
  std::vector<std::pair<Value, Value>> entries = dict.entries;
  if (style.sortKeys)
    std::ranges::stable_sort(entries, [&](auto &a, auto &b) { return less(a.first, b.first, budget); });
  out += '{';
  for (size_t n = 0; n < entries.size(); ++n) {
    out += n ? style.comma : "";
    breakLine(level + 1);
    writeString(keyText(entries[n].first));
    out += style.colon;
    write(entries[n].second, level + 1);
  }
  if (!entries.empty())
    breakLine(level);
  out += '}';
}

void JsonWriter::write(const Value &value, int level) {
  budget.spendSteps();
  budget.spendBytes(style.comma.size() + style.colon.size() + (style.indent ? style.indent->size() * level : 0) + 8);
  if (const std::string *text = value.asString()) {
    writeString(*text);
  } else if (const List *list = value.asList(); list && list->isConcatenated()) {
    out += '[';
    for (size_t n = 0; n < list->items.size(); ++n) {
      out += n ? style.comma : "";
      breakLine(level + 1);
      write(list->items[n], level + 1);
    }
    if (!list->items.empty())
      breakLine(level);
    out += ']';
  } else if (const Dict *dict = value.asDict()) {
    writeDict(*dict, level);
  } else if (const double *number = value.asFloat(); number && !std::isfinite(*number)) {
    out += std::isnan(*number) ? "NaN" : *number < 0 ? "-Infinity" : "Infinity";
  } else if (value.isNone() || value.isNumber()) {
    out += value.asFloat() ? toText(value, budget) : keyText(value);
  } else {
    throw Problem(value.typeName() + " cannot be written as JSON");
  }
}

std::string toJson(const Value &value, const JsonStyle &style, Budget &budget) {
  JsonWriter writer(style, budget);
  writer.write(value, 0);
  return std::move(writer.out);
}

} // namespace xlstm::jinja
