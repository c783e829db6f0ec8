//===- Filters.cpp - filters of any value ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Interpreter.h"
#include "runtime/Text/Jinja/Strings.h"
#include "xlstm/Support/Quote.h"

#include <charconv>
#include <cmath>

namespace xlstm::jinja {

static Value trim(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  auto chars = arguments.bind("trim", {"chars"})[0];
  std::string text = toText(value, interpreter.budget);
  std::optional<std::string_view> set;
  if (chars && !chars->isNone())
    set = chars->string("trim");
  return interpreter.budget.made(std::string(strip(text, Side::Both, set)));
}

/// A filter that makes a string of a string.
template <std::string (*function)(std::string_view)>
static Value mapped(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  arguments.bind("filter", {});
  return interpreter.budget.made(function(toText(value, interpreter.budget)));
}

static std::string titleOf(std::string_view text) { return title(text, /*asFilter=*/true); }
static std::string sameText(std::string_view text) { return std::string(text); }

static Value replaceFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("replace", {"old", "new", "count"});
  if (!given[0] || !given[1])
    throw Problem("the filter 'replace' expects two strings");
  Budget &budget = interpreter.budget;
  std::string text = toText(value, budget), from = toText(*given[0], budget), to = toText(*given[1], budget);
  budget.spendBytes(text.size() + countOf(text, from) * to.size());
  return replaced(text, from, to, given[2] && !given[2]->isNone() ? given[2]->integer("replace") : -1);
}

static Value defaultFilter(Interpreter &, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("default", {"default_value", "boolean"});
  bool missing = value.isUndefined() || (given[1] && given[1]->truth() && !value.truth());
  return missing ? given[0].value_or(Value("")) : value;
}

static Value lengthFilter(Interpreter &, const Value &value, const Arguments &arguments) {
  arguments.bind("length", {});
  return lengthOf(value);
}

/// A number that the whole text, but for white space around it, spells.
template <typename Number>
static std::optional<Number> parsed(std::string_view text) {
  text = strip(text);
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-')
    text.remove_prefix(1);
  Number number{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

static Value intFilter(Interpreter &, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("int", {"default", "base"});
  if (given[1])
    throw Problem("the argument 'base' of the filter 'int' is not supported");
  if (value.isUndefined())
    throw Problem(value.whyUndefined());
  std::optional<double> number;
  if (value.isInteger())
    return value.integer();
  if (const std::string *text = value.asString()) {
    if (auto whole = parsed<int64_t>(*text))
      return *whole;
    number = parsed<double>(*text);
  } else if (value.asFloat()) {
    number = value.number();
  }
  if (!number || !(std::abs(*number) < 0x1p63))
    return given[0].value_or(Value(int64_t{0}));
  return int64_t(*number);
}

static Value floatFilter(Interpreter &, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("float", {"default"});
  if (value.isUndefined())
    throw Problem(value.whyUndefined());
  if (value.isNumber())
    return value.number();
  std::optional<double> number;
  if (const std::string *text = value.asString())
    number = parsed<double>(*text);
  return number ? Value(*number) : given[0].value_or(Value(0.0));
}

static Value absFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  arguments.bind("abs", {});
  if (!value.isNumber())
    throw Problem("the filter 'abs' expects a number, found " + value.typeName());
  if (value.asFloat())
    return std::abs(value.number());
  return value.integer() < 0 ? arithmetic("-", Value(int64_t{0}), value, interpreter.budget) : Value(value.integer());
}

static Value roundFilter(Interpreter &, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("round", {"precision", "method"});
  int64_t precision = given[0] ? given[0]->integer("round") : 0;
  std::string method = given[1] ? given[1]->string("round") : "common";
  if (!value.isNumber())
    throw Problem("the filter 'round' expects a number, found " + value.typeName());
  if (precision < 0 || precision > 15 || (method != "common" && method != "ceil" && method != "floor"))
    throw Problem("the filter 'round' takes a precision from 0 to 15 and the methods common, ceil and floor");
  if (value.isInteger() && method == "common")
    return value.integer();
  double scale = std::pow(10.0, double(precision)), number = value.number();
  if (method != "common")
    return (method == "ceil" ? std::ceil(number * scale) : std::floor(number * scale)) / scale;
  char text[512]; // Python rounds the exact value to even, as printf does
  std::snprintf(text, sizeof text, "%.*f", int(precision), number);
  return std::strtod(text, nullptr);
}

static Value indentFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("indent", {"width", "first", "blank"});
  bool first = given[1] && given[1]->truth(), blank = given[2] && given[2]->truth();
  Budget &budget = interpreter.budget;
  std::string text = value.string("indent"), margin(4, ' ');
  if (given[0] && given[0]->asString())
    margin = *given[0]->asString();
  else if (given[0])
    margin = *arithmetic("*", Value(" "), *given[0], budget).asString();
  std::string out = first ? margin : "";
  std::vector<std::string> lines = splitLines(text + "\n");
  for (size_t n = 0; n < lines.size(); ++n) {
    budget.spendBytes(margin.size() + lines[n].size() + 1);
    out += (n ? "\n" : "") + (n && (blank || !lines[n].empty()) ? margin : "") + lines[n];
  }
  return out;
}

static Value jsonFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("tojson", {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ascii = given[0] && given[0]->truth();
  style.sortKeys = given[3] && given[3]->truth();
  if (given[1] && !given[1]->isNone()) {
    style.indent = given[1]->asString() ? *given[1]->asString()
                                        : *arithmetic("*", Value(" "), *given[1], interpreter.budget).asString();
    style.comma = ",";
  }
  if (given[2] && !given[2]->isNone()) {
    const List *pair = given[2]->asList();
    if (!pair || pair->items.size() != 2)
      throw Problem("the filter 'tojson' expects a pair of separators");
    style.comma = pair->items[0].string("tojson");
    style.colon = pair->items[1].string("tojson");
  }
  return toJson(value, style, interpreter.budget);
}

static Value attrFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  auto name = arguments.bind("attr", {"name"})[0];
  std::string text = name ? name->string("attr") : "";
  if (value.isUndefined())
    throw Problem(value.whyUndefined());
  if (!value.asNamespace() && !value.asLoop()) // getattr() alone, which sees no keys
    return memberOf(value, text).value_or(Value::undefined(value.typeName() + " has no attribute " + quote(text)));
  return interpreter.attribute(value, text);
}

FilterFunction findValueFilter(const std::string &name) {
  static const std::map<std::string_view, FilterFunction> filters = {
      {"trim", trim},
      {"upper", mapped<upper>},
      {"lower", mapped<lower>},
      {"title", mapped<titleOf>},
      {"capitalize", mapped<capitalized>},
      {"string", mapped<sameText>},
      {"safe", mapped<sameText>},
      {"replace", replaceFilter},
      {"default", defaultFilter},
      {"d", defaultFilter},
      {"length", lengthFilter},
      {"count", lengthFilter},
      {"int", intFilter},
      {"float", floatFilter},
      {"abs", absFilter},
      {"round", roundFilter},
      {"indent", indentFilter},
      {"tojson", jsonFilter},
      {"attr", attrFilter},
  };
  auto found = filters.find(name);
  return found == filters.end() ? nullptr : found->second;
}

static FilterFunction findFilter(const std::string &name) {
  for (auto find : {findValueFilter, findListFilter, findTextFilter})
    if (FilterFunction filter = find(name))
      return filter;
  return nullptr;
}

bool isFilter(const std::string &name) { return findFilter(name) != nullptr; }

Value Interpreter::applyFilter(const std::string &name, const Value &value, const Arguments &arguments) {
  budget.spendSteps();
  FilterFunction filter = findFilter(name);
  if (!filter)
    throw Problem("the filter " + quote(name) + " is not supported");
  return filter(*this, value, arguments);
}

} // namespace xlstm::jinja
