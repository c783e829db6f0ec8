//===- ListFilters.cpp - filters of lists ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Interpreter.h"
#include "runtime/Text/Jinja/Strings.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

namespace xlstm::jinja {

static Elements elements(Interpreter &interpreter, const Value &value) { return elementsOf(value, interpreter.budget); }

static Value made(Interpreter &interpreter, std::vector<Value> items, List::Kind kind = List::Plain) {
  interpreter.budget.spendBytes(32 * items.size());
  return Value::list(std::move(items), kind);
}

Value followPath(Interpreter &interpreter, Value item, const Value &path, const Value &absent) {
  if (path.isInteger())
    return interpreter.item(item, path);
  for (const std::string &part : split(path.string("an attribute"), ".")) {
    bool isIndex =
        !part.empty() && part.size() < 10 && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
    item = interpreter.item(item, isIndex ? Value(int64_t(std::stoi(part))) : Value(part));
    if (item.isUndefined() && !absent.isNone())
      item = absent;
  }
  return item;
}

static Value firstFilter(Interpreter &interpreter, const Value &value, const Arguments &) {
  Elements list = elements(interpreter, value);
  return list.size() == 0 ? Value::undefined("No first item, sequence was empty.") : list[0];
}

static Value lastFilter(Interpreter &interpreter, const Value &value, const Arguments &) {
  Elements list = elements(interpreter, value);
  return list.size() == 0 ? Value::undefined("No last item, sequence was empty.") : list[list.size() - 1];
}

static Value listFilter(Interpreter &interpreter, const Value &value, const Arguments &) {
  return made(interpreter, elements(interpreter, value).copy());
}

static Value reverseFilter(Interpreter &interpreter, const Value &value, const Arguments &) {
  std::vector<Value> items = elements(interpreter, value).copy();
  std::ranges::reverse(items);
  if (!value.isString())
    return made(interpreter, std::move(items), List::Generator);
  std::string out;
  for (const Value &item : items)
    out += *item.asString();
  return interpreter.budget.made(std::move(out));
}

static Value joinFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("join", {"d", "attribute"});
  Budget &budget = interpreter.budget;
  std::string separator = given[0] ? toText(*given[0], budget) : "", out;
  bool first = true;
  for (const Value &item : elements(interpreter, value)) {
    bool byAttribute = given[1] && !given[1]->isNone();
    std::string text = toText(byAttribute ? followPath(interpreter, item, *given[1]) : item, budget);
    budget.spendBytes(separator.size() + text.size());
    out += (first ? "" : separator) + text;
    first = false;
  }
  return out;
}

static Value itemsFilter(Interpreter &interpreter, const Value &value, const Arguments &) {
  std::vector<Value> items;
  if (value.isUndefined())
    return made(interpreter, {}, List::Generator);
  if (!value.asDict())
    throw Problem("the filter 'items' expects a dict, found " + value.typeName());
  for (const auto &[key, item] : value.asDict()->entries)
    items.push_back(Value::list({key, item}, List::Tuple));
  interpreter.budget.spendBytes(64 * items.size());
  return made(interpreter, std::move(items), List::Generator);
}

/// For map, select and their kin, which take nothing for an empty list.
static Elements elementsOrNone(Interpreter &interpreter, const Value &value) {
  return elements(interpreter, value.truth() ? value : Value::list({}));
}

static Value mapFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  Arguments rest = arguments;
  std::optional<Value> path;
  Value absent;
  std::string filter;
  if (!arguments.positional.empty()) {
    filter = arguments.positional[0].string("the filter 'map'");
    rest.positional.erase(rest.positional.begin());
  } else {
    auto given = arguments.bind("map", {"attribute", "default"});
    if (!given[0])
      throw Problem("the filter 'map' expects the name of a filter or an attribute");
    path = given[0];
    absent = given[1].value_or(Value());
  }
  std::vector<Value> items;
  for (const Value &item : elementsOrNone(interpreter, value))
    items.push_back(path ? followPath(interpreter, item, *path, absent) : interpreter.applyFilter(filter, item, rest));
  return made(interpreter, std::move(items), List::Generator);
}

/// select, reject and the two by an attribute.
template <bool wanted, bool byAttribute>
static Value chooseFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  Arguments rest = arguments;
  auto take = [&rest]() {
    Value first = rest.positional.front();
    rest.positional.erase(rest.positional.begin());
    return first;
  };
  std::optional<Value> path;
  if (byAttribute) {
    if (rest.positional.empty())
      throw Problem("the filters 'selectattr' and 'rejectattr' expect the name of an attribute");
    path = take();
  }
  std::string test = rest.positional.empty() ? "" : take().string("the name of a test");
  std::vector<Value> items;
  for (const Value &item : elementsOrNone(interpreter, value)) {
    Value seen = path ? followPath(interpreter, item, *path) : item;
    if ((test.empty() ? seen.truth() : interpreter.applyTest(test, seen, rest)) == wanted)
      items.push_back(item);
  }
  return made(interpreter, std::move(items), List::Generator);
}

/// What a sorting filter compares: strings in lower case unless told otherwise.
static Value sortKey(Interpreter &interpreter, const Value &item, const std::optional<Value> &path,
                     bool caseSensitive) {
  Value key = path && !path->isNone() ? followPath(interpreter, item, *path) : item;
  return key.isString() && !caseSensitive ? interpreter.budget.made(lower(*key.asString())) : key;
}

using Keyed = std::pair<Value, Value>; // what is compared, the item

static std::vector<Keyed> keyed(Interpreter &interpreter, const Value &value, const std::optional<Value> &path,
                                bool caseSensitive) {
  std::vector<Keyed> items;
  for (const Value &item : elements(interpreter, value))
    items.emplace_back(sortKey(interpreter, item, path, caseSensitive), item);
  return items;
}

static Value sorted(Interpreter &interpreter, std::vector<Keyed> items, bool descending) {
  auto before = [&](const Keyed &a, const Keyed &b) {
    return descending ? less(b.first, a.first, interpreter.budget) : less(a.first, b.first, interpreter.budget);
  };
  std::ranges::stable_sort(items, before);
  std::vector<Value> out;
  for (Keyed &item : items)
    out.push_back(std::move(item.second));
  return made(interpreter, std::move(out));
}

static bool isSet(const std::optional<Value> &value) { return value && value->truth(); }

static Value sortFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("sort", {"reverse", "case_sensitive", "attribute"});
  return sorted(interpreter, keyed(interpreter, value, given[2], isSet(given[1])), isSet(given[0]));
}

static Value dictsortFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("dictsort", {"case_sensitive", "by", "reverse"});
  std::string by = given[1] ? given[1]->string("dictsort") : "key";
  if (by != "key" && by != "value")
    throw Problem("the filter 'dictsort' sorts by 'key' or 'value'");
  if (value.isUndefined())
    throw Problem(value.whyUndefined());
  Value pairs = itemsFilter(interpreter, value, {});
  return sorted(interpreter, keyed(interpreter, pairs, Value(int64_t(by == "value")), isSet(given[0])),
                isSet(given[2]));
}

static Value uniqueFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("unique", {"case_sensitive", "attribute"});
  std::vector<Value> keys, items;
  for (Keyed &item : keyed(interpreter, value, given[1], isSet(given[0]))) {
    auto isKnown = [&](const Value &key) { return equal(key, item.first, interpreter.budget); };
    if (std::ranges::any_of(keys, isKnown))
      continue;
    keys.push_back(item.first);
    items.push_back(item.second);
  }
  return made(interpreter, std::move(items), List::Generator);
}

template <bool largest>
static Value extremeFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("min or max", {"case_sensitive", "attribute"});
  std::optional<Keyed> best;
  for (Keyed &item : keyed(interpreter, value, given[1], isSet(given[0])))
    if (!best || (largest ? less(best->first, item.first, interpreter.budget)
                          : less(item.first, best->first, interpreter.budget)))
      best = item;
  return best ? best->second : Value::undefined("No aggregated item, sequence was empty.");
}

static Value sumFilter(Interpreter &interpreter, const Value &value, const Arguments &arguments) {
  auto given = arguments.bind("sum", {"attribute", "start"});
  Value total = given[1].value_or(Value(int64_t{0}));
  for (const Value &item : elements(interpreter, value)) {
    bool byAttribute = given[0] && !given[0]->isNone();
    total = arithmetic("+", total, byAttribute ? followPath(interpreter, item, *given[0]) : item, interpreter.budget);
  }
  return total;
}

FilterFunction findListFilter(const std::string &name) {
  static const std::map<std::string_view, FilterFunction> filters = {
      {"first", firstFilter},
      {"last", lastFilter},
      {"list", listFilter},
      {"reverse", reverseFilter},
      {"join", joinFilter},
      {"items", itemsFilter},
      {"map", mapFilter},
      {"select", chooseFilter<true, false>},
      {"reject", chooseFilter<false, false>},
      {"selectattr", chooseFilter<true, true>},
      {"rejectattr", chooseFilter<false, true>},
      {"sort", sortFilter},
      {"dictsort", dictsortFilter},
      {"unique", uniqueFilter},
      {"min", extremeFilter<false>},
      {"max", extremeFilter<true>},
      {"sum", sumFilter},
  };
  auto found = filters.find(name);
  return found == filters.end() ? nullptr : found->second;
}

} // namespace xlstm::jinja
