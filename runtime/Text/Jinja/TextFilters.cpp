//===- TextFilters.cpp - filters that lay out text and lists --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Format.h"
#include "runtime/Text/Jinja/Strings.h"
#include "runtime/Text/Unicode.h"

#include <algorithm>

namespace xlstm::jinja {

static int64_t positive(const std::optional<Value> &value, const char *who, int64_t otherwise = 0) {
  int64_t number = value ? value->integer(who) : otherwise;
  if (number < 1)
    throw Problem(std::string(who) + " expects a number above 0");
  return number;
}

static Value batchFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("batch", {"linecount", "fill_with"});
  size_t width = size_t(positive(given[0], "batch"));
  std::vector<Value> lines, line;
  auto finish = [&] { lines.push_back(Value::list(std::exchange(line, {}))); };
  for (const Value &item : elementsOf(value, interpreter.budget)) {
    if (line.size() == width)
      finish();
    line.push_back(item);
  }
  if (!line.empty() && given[1] && !given[1]->isNone()) {
    interpreter.budget.spendBytes(32 * (width - line.size()));
    line.resize(width, *given[1]);
  }
  if (!line.empty())
    finish();
  interpreter.budget.spendBytes(64 * lines.size());
  return Value::list(std::move(lines), List::Generator);
}

static Value sliceFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("slice", {"slices", "fill_with"});
  size_t slices = size_t(positive(given[0], "slice"));
  interpreter.budget.spendBytes(64 * slices);
  std::vector<Value> items = elementsOf(value, interpreter.budget).copy(), out;
  size_t each = items.size() / slices, longer = items.size() % slices, from = 0;
  for (size_t n = 0; n < slices; ++n) {
    size_t count = each + (n < longer);
    std::vector<Value> part(items.begin() + from, items.begin() + from + count);
    from += count;
    if (n >= longer && given[1] && !given[1]->isNone())
      part.push_back(*given[1]);
    out.push_back(Value::list(std::move(part)));
  }
  return Value::list(std::move(out), List::Generator);
}

static Value centerFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  auto width = arguments.bind("center", {"width"})[0];
  Arguments call{{width.value_or(Value(int64_t{80}))}, {}};
  return findTextMethod("center")(interpreter, Value(toText(value, interpreter.budget)), call);
}

static Value truncateFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("truncate", {"length", "killwords", "end", "leeway"});
  const std::string &text = value.string("truncate"), end = given[2] ? given[2]->string("truncate") : "...";
  int64_t length = given[0] ? given[0]->integer("truncate") : 255;
  int64_t leeway = given[3] && !given[3]->isNone() ? given[3]->integer("truncate") : 5;
  std::vector<size_t> offsets = characterOffsets(text);
  int64_t kept = length - int64_t(characterOffsets(end).size()) + 1;
  if (kept < 0 || leeway < 0)
    throw Problem("truncate expects a length of at least that of its end");
  if (int64_t(offsets.size()) - 1 - leeway <= length)
    return value;
  std::string head = text.substr(0, offsets[size_t(kept)]);
  if (!given[1] || !given[1]->truth())
    head = head.substr(0, head.rfind(' '));
  return interpreter.budget.made(head + end);
}

static Value wordcountFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  arguments.bind("wordcount", {});
  std::string text = toText(value, interpreter.budget);
  interpreter.budget.spendSteps(text.size() / 16);
  int64_t count = 0;
  bool inWord = false;
  for (std::string_view rest = text; !rest.empty();) {
    auto [code, length] = text::firstCharacter(rest);
    Value character = std::string(rest.substr(0, length));
    bool isWord = code == '_' || findTextMethod("isalnum")(interpreter, character, {}).truth();
    count += isWord && !inWord;
    inWord = isWord;
    rest.remove_prefix(length);
  }
  return count;
}

static Value groupbyFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("groupby", {"attribute", "default", "case_sensitive"});
  if (!given[0])
    throw Problem("groupby expects an attribute");
  auto keyOf = [&](const Value &item) { return followPath(interpreter, item, *given[0], given[1].value_or(Value())); };
  bool exact = given[2] && given[2]->truth();
  auto compared = [&](const Value &key) { return key.isString() && !exact ? Value(lower(*key.asString())) : key; };
  std::vector<std::pair<Value, Value>> keyed;
  for (const Value &item : elementsOf(value, interpreter.budget))
    keyed.emplace_back(compared(keyOf(item)), item);
  std::ranges::stable_sort(keyed,
                           [&](const auto &a, const auto &b) { return less(a.first, b.first, interpreter.budget); });
  std::vector<Value> groups, group;
  for (size_t n = 0; n < keyed.size(); ++n) {
    group.push_back(keyed[n].second);
    if (n + 1 < keyed.size() && equal(keyed[n].first, keyed[n + 1].first, interpreter.budget))
      continue;
    Value key = exact ? keyed[n].first : keyOf(group.front());
    groups.push_back(Value::list({key, Value::list(std::exchange(group, {}))}, List::Tuple, "group"));
  }
  interpreter.budget.spendBytes(128 * groups.size());
  return Value::list(std::move(groups));
}

static std::string quotedUrl(const std::string &text, bool isQuery) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (unsigned char c : text) {
    bool isPlain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                   std::string_view("_.-~").find(char(c)) != std::string_view::npos || (c == '/' && !isQuery);
    if (isPlain)
      out += char(c);
    else if (c == ' ' && isQuery)
      out += '+';
    else
      out += {'%', digits[c >> 4], digits[c & 15]};
  }
  return out;
}

static Value urlencodeFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  arguments.bind("urlencode", {});
  Budget &budget = interpreter.budget;
  if (!value.asList() && !value.asDict())
    return budget.made(quotedUrl(toText(value, budget), /*isQuery=*/false));
  std::string out;
  auto add = [&](const Value &key, const Value &item) {
    std::string pair = quotedUrl(toText(key, budget), true) + "=" + quotedUrl(toText(item, budget), true);
    budget.spendBytes(pair.size() + 1);
    out += (out.empty() ? "" : "&") + pair;
  };
  if (const Dict *dict = value.asDict())
    for (const auto &[key, item] : dict->entries)
      add(key, item);
  else
    for (const Value &pair : value.asList()->items) {
      Elements parts = elementsOf(pair, budget);
      if (parts.size() != 2)
        throw Problem("urlencode expects pairs");
      add(parts[0], parts[1]);
    }
  return Value(std::move(out));
}

static Value formatFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty())
    throw Problem("format takes values by place or by name, not both");
  std::vector<std::pair<Value, Value>> named;
  for (const auto &[name, item] : arguments.named)
    named.emplace_back(name, item);
  Value values = named.empty() ? Value::list(arguments.positional, List::Tuple) : Value::dict(std::move(named));
  return interpreter.budget.made(percentFormat(toText(value, interpreter.budget), values, interpreter.budget));
}

static Value escapeFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  arguments.bind("escape", {});
  std::string out;
  for (char c : toText(value, interpreter.budget)) {
    const char *entity = c == '&'    ? "&amp;"
                         : c == '<'  ? "&lt;"
                         : c == '>'  ? "&gt;"
                         : c == '\'' ? "&#39;"
                         : c == '"'  ? "&#34;"
                                     : nullptr;
    entity ? out += entity : out += c;
  }
  return interpreter.budget.made(std::move(out));
}

FilterFunction findTextFilter(const std::string &name) {
  static const std::map<std::string_view, FilterFunction> filters = {
      {"batch", batchFilter},         {"slice", sliceFilter},         {"center", centerFilter},
      {"truncate", truncateFilter},   {"wordcount", wordcountFilter}, {"groupby", groupbyFilter},
      {"urlencode", urlencodeFilter}, {"format", formatFilter},       {"e", escapeFilter},
      {"escape", escapeFilter},       {"forceescape", escapeFilter},
  };
  auto found = filters.find(name);
  return found == filters.end() ? nullptr : found->second;
}

} // namespace xlstm::jinja
