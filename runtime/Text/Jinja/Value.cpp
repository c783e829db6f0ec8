//===- Value.cpp - what a template computes with --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Value.h"
#include "runtime/Text/Unicode.h"
#include "xlstm/Runtime/Files/Utf8.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

namespace xlstm::jinja {

static constexpr int deepest = 100; // nested lists and dicts
static constexpr size_t mostSteps = 2'000'000, mostBytes = size_t{1} << 26;

Value Value::undefined(std::string what) {
  Value value;
  value.data = Undefined{std::make_shared<const std::string>(std::move(what))};
  return value;
}

static int checkedDepth(int inner) {
  if (inner >= deepest)
    throw Problem("lists or dicts are nested deeper than " + std::to_string(deepest));
  return inner + 1;
}

Value Value::list(std::vector<Value> items, List::Kind kind, std::string label) {
  int inner = 0;
  for (const Value &item : items)
    inner = std::max(inner, item.depth());
  return Value(std::make_shared<const List>(List{kind, std::move(items), std::move(label), checkedDepth(inner)}));
}

Value Value::dict(std::vector<std::pair<Value, Value>> entries) {
  int inner = 0;
  for (const auto &[key, item] : entries)
    inner = std::max({inner, key.depth(), item.depth()});
  Value value;
  value.data = std::make_shared<const Dict>(Dict{std::move(entries), checkedDepth(inner)});
  return value;
}

Value Value::fromJson(const Json &json) {
  if (json.is_boolean())
    return json.get<bool>();
  if (json.is_number_unsigned() && json.get<uint64_t>() > uint64_t(INT64_MAX))
    throw Problem("the number " + json.dump() + " is too large");
  if (json.is_number_integer())
    return json.get<int64_t>();
  if (json.is_number_float())
    return json.get<double>();
  if (json.is_string()) {
    const std::string &text = json.get_ref<const std::string &>();
    if (size_t valid = validUtf8Prefix(text); valid != text.size())
      throw Problem("invalid UTF-8 at byte " + std::to_string(valid) + " of " + quote(text.substr(0, valid)));
    return text;
  }
  if (json.is_array()) {
    std::vector<Value> items;
    for (const Json &item : json)
      items.push_back(fromJson(item));
    return list(std::move(items));
  }
  if (json.is_object()) {
    std::vector<std::pair<Value, Value>> entries;
    for (const auto &[key, item] : json.items())
      entries.emplace_back(key, fromJson(item));
    return dict(std::move(entries));
  }
  return Value();
}

int64_t Value::integer() const {
  if (auto *truth = std::get_if<bool>(&data))
    return *truth;
  return std::get<int64_t>(data);
}

double Value::number() const { return asFloat() ? *asFloat() : static_cast<double>(integer()); }

const std::string &Value::string(std::string_view who) const {
  if (const std::string *text = asString())
    return *text;
  throw Problem(std::string(who) + " expects a string, found " + typeName());
}

int64_t Value::integer(std::string_view who) const {
  if (isInteger())
    return integer();
  throw Problem(std::string(who) + " expects an integer, found " + typeName());
}

bool Value::truth() const {
  if (isUndefined() || isNone())
    return false;
  if (isNumber())
    return number() != 0;
  if (auto *text = asString())
    return !text->empty();
  if (auto *list = asList())
    return !list->hasLength() || !list->items.empty();
  if (auto *dict = asDict())
    return !dict->entries.empty();
  return true;
}

std::string Value::typeName() const {
  if (isUndefined())
    return "nothing (" + whyUndefined() + ")";
  if (isNone())
    return "None";
  if (asBool())
    return "bool object";
  if (isInteger())
    return "int object";
  if (asFloat())
    return "float object";
  if (asString())
    return "str object";
  if (auto *list = asList())
    return list->kind == List::Tuple       ? "tuple object"
           : list->kind == List::Plain     ? "list object"
           : list->kind == List::Generator ? "generator object"
           : list->kind == List::Range     ? "range object"
                                           : list->label + " object";
  if (asDict())
    return "dict object";
  return asNamespace() ? "namespace object" : asLoop() ? "loop object" : "function object";
}

int Value::depth() const {
  if (auto *list = asList())
    return list->depth;
  return asDict() ? asDict()->depth : 0;
}

const Value *Value::find(const Value &key) const {
  const Dict *dict = asDict();
  if (!dict)
    return nullptr;
  Budget unlimited; // keys are scalars
  for (const auto &[name, value] : dict->entries)
    if (equal(name, key, unlimited))
      return &value;
  return nullptr;
}

std::vector<std::optional<Value>> Arguments::bind(std::string_view callee,
                                                  std::initializer_list<const char *> names) const {
  std::vector<std::optional<Value>> values(names.size());
  if (positional.size() > names.size())
    throw Problem(std::string(callee) + " takes " + std::to_string(names.size()) + " arguments at most, found " +
                  std::to_string(positional.size()));
  std::copy(positional.begin(), positional.end(), values.begin());
  for (const auto &[name, value] : named) {
    auto place = std::ranges::find(names, name);
    if (place == names.end() || values[place - names.begin()])
      throw Problem(std::string(callee) + ": unexpected argument " + quote(name));
    values[place - names.begin()] = value;
  }
  return values;
}

void Budget::spendSteps(size_t count) {
  if (count > mostSteps - steps)
    throw Problem("the template takes more than " + std::to_string(mostSteps) + " steps");
  steps += count;
}

void Budget::spendBytes(size_t count) {
  if (count > mostBytes - bytes)
    throw Problem("the template makes more than " + std::to_string(mostBytes >> 20) + " MiB of text");
  bytes += count;
}

static int compareNumbers(const Value &a, const Value &b) {
  if (a.isInteger() && b.isInteger())
    return a.integer() < b.integer() ? -1 : a.integer() > b.integer();
  auto wide = [](const Value &v) -> long double { return v.asFloat() ? *v.asFloat() : (long double)(v.integer()); };
  return wide(a) < wide(b) ? -1 : wide(a) == wide(b) ? 0 : 1;
}

static bool equalDicts(const Value &a, const Value &b, Budget &budget) {
  if (a.asDict()->entries.size() != b.asDict()->entries.size())
    return false;
  for (const auto &[key, value] : a.asDict()->entries) {
    budget.spendSteps(a.asDict()->entries.size());
    const Value *other = b.find(key);
    if (!other || !equal(value, *other, budget))
      return false;
  }
  return true;
}

bool equal(const Value &a, const Value &b, Budget &budget) {
  budget.spendSteps();
  if (a.isNumber() && b.isNumber())
    return compareNumbers(a, b) == 0;
  if (a.asString() && b.asString()) {
    budget.spendSteps(std::min(a.asString()->size(), b.asString()->size()) / 256);
    return *a.asString() == *b.asString();
  }
  if (a.asList() && b.asList()) {
    const List &left = *a.asList(), &right = *b.asList();
    auto same = [&](const Value &x, const Value &y) { return equal(x, y, budget); };
    return left.kind == right.kind && std::ranges::equal(left.items, right.items, same);
  }
  if (a.asDict() && b.asDict())
    return equalDicts(a, b, budget);
  if (a.asNamespace() || a.asCallable() || a.asLoop())
    return a.asNamespace() == b.asNamespace() && a.asCallable() == b.asCallable() && a.asLoop() == b.asLoop();
  return (a.isNone() && b.isNone()) || (a.isUndefined() && b.isUndefined());
}

bool less(const Value &a, const Value &b, Budget &budget) {
  budget.spendSteps();
  if (a.isNumber() && b.isNumber())
    return compareNumbers(a, b) < 0;
  if (a.asString() && b.asString()) // UTF-8 sorts as its code points do
    return *a.asString() < *b.asString();
  if (a.asList() && b.asList() && a.asList()->kind == b.asList()->kind) {
    const std::vector<Value> &left = a.asList()->items, &right = b.asList()->items;
    for (size_t n = 0; n < std::min(left.size(), right.size()); ++n)
      if (!equal(left[n], right[n], budget))
        return less(left[n], right[n], budget);
    return left.size() < right.size();
  }
  throw Problem("cannot compare " + a.typeName() + " with " + b.typeName());
}

bool contains(const Value &container, const Value &item, Budget &budget) {
  if (const std::string *text = container.asString()) {
    budget.spendSteps(text->size() / 64);
    return text->find(item.string("'in' a string")) != std::string::npos;
  }
  if (container.asDict() && (item.asDict() || (item.asList() && item.asList()->kind == List::Plain)))
    throw Problem(item.typeName() + " cannot be a key");
  for (const Value &element : elementsOf(container, budget))
    if (equal(element, item, budget))
      return true;
  return false;
}

int64_t lengthOf(const Value &value) {
  if (auto *text = value.asString())
    return std::ranges::count_if(*text, [](char c) { return (c & 0xC0) != 0x80; });
  if (auto *list = value.asList(); list && list->hasLength())
    return int64_t(list->items.size());
  if (auto *dict = value.asDict())
    return int64_t(dict->entries.size());
  if (auto *loop = value.asLoop())
    return int64_t(loop->items->items.size());
  if (value.isUndefined())
    return 0;
  throw Problem(value.typeName() + " has no length");
}

Elements elementsOf(const Value &value, Budget &budget) {
  if (value.asList()) {
    budget.spendSteps(value.asList()->items.size());
    return Elements(value.sharedList());
  }
  std::vector<Value> items;
  if (const Dict *dict = value.asDict()) {
    for (const auto &entry : dict->entries)
      items.push_back(entry.first);
  } else if (const std::string *text = value.asString()) {
    budget.spendSteps(text->size());
    for (std::string_view rest = *text; !rest.empty();) {
      size_t length = text::firstCharacter(rest).length;
      items.push_back(rest.substr(0, length));
      rest.remove_prefix(length);
    }
    budget.spendBytes(64 * items.size());
  } else if (!value.isUndefined()) {
    throw Problem(value.typeName() + " is not iterable");
  }
  budget.spendSteps(items.size());
  return Elements(Value::list(std::move(items)).sharedList());
}

} // namespace xlstm::jinja
