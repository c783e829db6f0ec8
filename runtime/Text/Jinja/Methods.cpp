//===- Methods.cpp - methods of strings, dicts, lists and loops -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Interpreter.h"
#include "runtime/Text/Jinja/Strings.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

namespace xlstm::jinja {

using Methods = std::map<std::string_view, Method>;

template <Side side>
static Value stripMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  auto chars = arguments.bind("strip", {"chars"})[0];
  bool given = chars && !chars->isNone();
  std::optional<std::string_view> set;
  if (given)
    set = chars->string("strip");
  return interpreter.budget.made(std::string(strip(*self.asString(), side, set)));
}

static Value listOfStrings(Interpreter &interpreter, std::vector<std::string> parts) {
  std::vector<Value> items;
  for (std::string &part : parts)
    items.push_back(interpreter.budget.made(std::move(part)));
  interpreter.budget.spendBytes(64 * items.size());
  return Value::list(std::move(items));
}

template <bool fromRight>
static Value splitMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  auto given = arguments.bind("split", {"sep", "maxsplit"});
  std::optional<std::string_view> separator;
  if (given[0] && !given[0]->isNone())
    separator = given[0]->string("split");
  if (separator && separator->empty())
    throw Problem("split: the separator is empty");
  interpreter.budget.spendBytes(self.asString()->size());
  return listOfStrings(interpreter,
                       split(*self.asString(), separator, given[1] ? given[1]->integer("split") : -1, fromRight));
}

static Value splitLinesMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  auto keepEnds = arguments.bind("splitlines", {"keepends"})[0];
  return listOfStrings(interpreter, splitLines(*self.asString(), keepEnds && keepEnds->truth()));
}

template <bool atStart>
static Value beginsMethod(Interpreter &, const Value &self, const Arguments &arguments) {
  const char *name = atStart ? "startswith" : "endswith";
  auto given = arguments.bind(name, {"affix"})[0];
  if (!given)
    throw Problem(std::string(name) + " expects a string");
  std::string_view text = *self.asString();
  auto holds = [&](const Value &affix) {
    const std::string &part = affix.string(name);
    return atStart ? text.starts_with(part) : text.ends_with(part);
  };
  if (const List *affixes = given->asList(); affixes && affixes->kind == List::Tuple)
    return std::ranges::any_of(affixes->items, holds);
  return holds(*given);
}

static Value replaceMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  auto given = arguments.bind("replace", {"old", "new", "count"});
  if (!given[0] || !given[1])
    throw Problem("replace expects two strings");
  const std::string &text = *self.asString(), &from = given[0]->string("replace"), &to = given[1]->string("replace");
  interpreter.budget.spendBytes(text.size() + countOf(text, from) * to.size());
  return replaced(text, from, to, given[2] ? given[2]->integer("replace") : -1);
}

static Value joinMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  auto given = arguments.bind("join", {"iterable"})[0];
  if (!given)
    throw Problem("join expects a list");
  std::string out;
  bool first = true;
  for (const Value &item : elementsOf(*given, interpreter.budget)) {
    interpreter.budget.spendBytes(self.asString()->size() + item.string("join").size());
    out += (first ? "" : *self.asString()) + *item.asString();
    first = false;
  }
  return out;
}

template <bool fromRight>
static Value findMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  auto given = arguments.bind("find", {"sub"})[0];
  if (!given)
    throw Problem("find expects a string");
  const std::string &text = *self.asString(), &part = given->string("find");
  size_t at = fromRight ? text.rfind(part) : text.find(part);
  interpreter.budget.spendSteps(text.size() / 64);
  return at == text.npos ? int64_t{-1} : lengthOf(interpreter.budget.made(text.substr(0, at)));
}

template <bool fromStart>
static Value removeMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  auto given = arguments.bind("removeprefix", {"affix"})[0];
  std::string_view text = *self.asString(), part = given ? given->string("removeprefix") : std::string_view();
  if (fromStart && text.starts_with(part))
    text.remove_prefix(part.size());
  else if (!fromStart && text.ends_with(part))
    text.remove_suffix(part.size());
  return interpreter.budget.made(std::string(text));
}

/// A method without arguments that makes a string of a string.
template <std::string (*function)(std::string_view)>
static Value mapped(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  arguments.bind("method", {});
  return interpreter.budget.made(function(*self.asString()));
}

static std::string titleOf(std::string_view text) { return title(text, /*asFilter=*/false); }

static Value countMethod(Interpreter &, const Value &self, const Arguments &arguments) {
  auto given = arguments.bind("count", {"sub"})[0];
  return int64_t(countOf(*self.asString(), given ? given->string("count") : ""));
}

template <bool upperCase>
static Value isCasedMethod(Interpreter &, const Value &self, const Arguments &) {
  return isCased(*self.asString(), upperCase);
}

static Value isSpaceMethod(Interpreter &, const Value &self, const Arguments &) {
  return !self.asString()->empty() && strip(*self.asString()).empty();
}

static const Methods stringMethods = {
    {"strip", stripMethod<Side::Both>},
    {"lstrip", stripMethod<Side::Left>},
    {"rstrip", stripMethod<Side::Right>},
    {"split", splitMethod<false>},
    {"rsplit", splitMethod<true>},
    {"splitlines", splitLinesMethod},
    {"startswith", beginsMethod<true>},
    {"endswith", beginsMethod<false>},
    {"replace", replaceMethod},
    {"join", joinMethod},
    {"find", findMethod<false>},
    {"rfind", findMethod<true>},
    {"removeprefix", removeMethod<true>},
    {"removesuffix", removeMethod<false>},
    {"upper", mapped<upper>},
    {"lower", mapped<lower>},
    {"title", mapped<titleOf>},
    {"capitalize", mapped<capitalized>},
    {"count", countMethod},
    {"isupper", isCasedMethod<true>},
    {"islower", isCasedMethod<false>},
    {"isspace", isSpaceMethod},
};

static Value getMethod(Interpreter &, const Value &self, const Arguments &arguments) {
  auto given = arguments.bind("get", {"key", "default"});
  const Value *found = given[0] ? self.find(*given[0]) : nullptr;
  return found ? *found : given[1].value_or(Value());
}

enum class Part { Keys, Values, Both };
template <Part part>
static Value entriesMethod(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  arguments.bind("items", {});
  std::vector<Value> items;
  for (const auto &[key, value] : self.asDict()->entries)
    items.push_back(part == Part::Keys ? key : part == Part::Values ? value : Value::list({key, value}, List::Tuple));
  interpreter.budget.spendBytes(64 * items.size());
  const char *label = part == Part::Keys ? "dict_keys" : part == Part::Values ? "dict_values" : "dict_items";
  return Value::list(std::move(items), List::View, label);
}

static Value itself(Interpreter &, const Value &self, const Arguments &) { return self; }

static const Methods dictMethods = {
    {"get", getMethod},
    {"items", entriesMethod<Part::Both>},
    {"keys", entriesMethod<Part::Keys>},
    {"values", entriesMethod<Part::Values>},
    {"copy", itself}, // nothing changes either of them
};

static Value countItems(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  auto given = arguments.bind("count", {"value"})[0];
  return int64_t(std::ranges::count_if(
      self.asList()->items, [&](const Value &item) { return given && equal(item, *given, interpreter.budget); }));
}

static Value indexOf(Interpreter &interpreter, const Value &self, const Arguments &arguments) {
  auto given = arguments.bind("index", {"value"})[0];
  const std::vector<Value> &items = self.asList()->items;
  for (size_t n = 0; given && n < items.size(); ++n)
    if (equal(items[n], *given, interpreter.budget))
      return int64_t(n);
  throw Problem("index: the list has no such element");
}

static const Methods listMethods = {{"count", countItems}, {"index", indexOf}, {"copy", itself}};

/// What Python knows and we do not; a clear error beats a value that is taken for undefined.
static constexpr std::string_view unknownOfStrings[] = {"encode", "format_map", "translate", "maketrans",
                                                        "isidentifier"};
static constexpr std::string_view changing[] = {"append", "clear",   "extend",  "insert", "pop",       "remove",
                                                "sort",   "reverse", "popitem", "update", "setdefault"};

static Value cycle(const Loop &loop, const Arguments &arguments) {
  if (arguments.positional.empty())
    throw Problem("loop.cycle expects values");
  return arguments.positional[loop.index % arguments.positional.size()];
}

/// Whether the loop gives other values than the last time.
static Value changed(Interpreter &interpreter, const Loop &loop, const Arguments &arguments) {
  std::optional<std::vector<Value>> &last = *loop.changed;
  auto same = [&](const Value &a, const Value &b) { return equal(a, b, interpreter.budget); };
  if (last && std::ranges::equal(*last, arguments.positional, same))
    return false;
  last = arguments.positional;
  return true;
}

static std::optional<Value> memberOfLoop(const Value &value, const std::string &name) {
  const Loop &loop = *value.asLoop();
  int64_t index = int64_t(loop.index), length = int64_t(loop.items->items.size());
  auto neighbour = [&](int64_t at, const char *which) {
    return at >= 0 && at < length ? loop.items->items[at]
                                  : Value::undefined(std::string("there is no ") + which + " item");
  };
  if (name == "index0" || name == "index")
    return index + (name == "index");
  if (name == "revindex0" || name == "revindex")
    return length - index - (name == "revindex0");
  if (name == "first" || name == "last")
    return name == "first" ? index == 0 : index == length - 1;
  if (name == "length")
    return length;
  if (name == "depth0" || name == "depth")
    return int64_t(loop.depth) + (name == "depth");
  if (name == "previtem" || name == "nextitem")
    return name == "previtem" ? neighbour(index - 1, "previous") : neighbour(index + 1, "next");
  if (name == "cycle" || name == "changed")
    return Value(std::make_shared<const Callable>(Callable{
        name, [value, name](Interpreter &interpreter, const Arguments &given) {
          return name == "cycle" ? cycle(*value.asLoop(), given) : changed(interpreter, *value.asLoop(), given);
        }}));
  return std::nullopt;
}

std::optional<Value> memberOf(const Value &value, const std::string &name) {
  if (value.asLoop())
    return memberOfLoop(value, name);
  if (const List *list = value.asList(); list && list->label == "group" && (name == "grouper" || name == "list"))
    return list->items[name == "list"];
  const Methods *methods = value.asString()                                 ? &stringMethods
                           : value.asDict()                                 ? &dictMethods
                           : value.asList() && value.asList()->hasIndices() ? &listMethods
                                                                            : nullptr;
  if (!methods)
    return std::nullopt;
  Method found = methods->contains(name) ? methods->at(name) : value.asString() ? findTextMethod(name) : nullptr;
  if (found)
    return Value(std::make_shared<const Callable>(
        Callable{name, [value, method = found](Interpreter &interpreter, const Arguments &arguments) {
                   return method(interpreter, value, arguments);
                 }}));
  if (value.asString() && std::ranges::count(unknownOfStrings, name))
    throw Problem("the method " + quote(name) + " of strings is not supported");
  if (!value.asString() && std::ranges::count(changing, name) && !value.find(name))
    throw Problem("the method " + quote(name) + " changes a " + value.typeName() + ", which templates may not");
  return std::nullopt;
}

} // namespace xlstm::jinja
