//===- Tests.cpp - what may stand behind 'is', and the global functions ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Interpreter.h"
#include "runtime/Text/Jinja/Strings.h"
#include "xlstm/Support/Quote.h"

#include <cmath>
#include <ctime>

namespace xlstm::jinja {

static bool isIterable(const Value &value) {
  return value.isUndefined() || value.isString() || value.asList() || value.asDict() || value.asLoop();
}

static bool isSequence(const Value &value) {
  return value.isUndefined() || value.isString() || value.asDict() || (value.asList() && value.asList()->hasIndices());
}

static bool isRemainder(Interpreter &interpreter, const Value &value, const Value &divisor, int64_t expected) {
  return equal(arithmetic("%", value, divisor, interpreter.budget), Value(expected), interpreter.budget);
}

/// Python's `is`, which holds for the one None, True and False; other values are never asked.
static bool isSame(const Value &a, const Value &b, Budget &budget) {
  return a.typeName() == b.typeName() && equal(a, b, budget);
}

/// What may be the name of a test or filter; of another value none.
static std::string nameOf(const Value &value) {
  if (value.asDict() || (value.asList() && value.asList()->kind == List::Plain))
    throw Problem(value.typeName() + " cannot be a name");
  return value.asString() ? *value.asString() : "";
}

using PlainTest = bool (*)(Interpreter &, const Value &);
static const std::map<std::string_view, PlainTest> plainTests = {
    {"defined", [](Interpreter &, const Value &v) { return !v.isUndefined(); }},
    {"undefined", [](Interpreter &, const Value &v) { return v.isUndefined(); }},
    {"none", [](Interpreter &, const Value &v) { return v.isNone(); }},
    {"boolean", [](Interpreter &, const Value &v) { return v.asBool() != nullptr; }},
    {"true", [](Interpreter &, const Value &v) { return v.asBool() && *v.asBool(); }},
    {"false", [](Interpreter &, const Value &v) { return v.asBool() && !*v.asBool(); }},
    {"integer", [](Interpreter &, const Value &v) { return v.isInteger() && !v.asBool(); }},
    {"float", [](Interpreter &, const Value &v) { return v.asFloat() != nullptr; }},
    {"number", [](Interpreter &, const Value &v) { return v.isNumber(); }},
    {"string", [](Interpreter &, const Value &v) { return v.isString(); }},
    {"mapping", [](Interpreter &, const Value &v) { return v.asDict() != nullptr; }},
    {"iterable", [](Interpreter &, const Value &v) { return isIterable(v); }},
    {"sequence", [](Interpreter &, const Value &v) { return isSequence(v); }},
    {"callable", [](Interpreter &, const Value &v) { return v.asCallable() || v.asLoop() || v.isUndefined(); }},
    {"filter", [](Interpreter &, const Value &v) { return isFilter(nameOf(v)); }},
    {"odd", [](Interpreter &i, const Value &v) { return isRemainder(i, v, Value(int64_t{2}), 1); }},
    {"even", [](Interpreter &i, const Value &v) { return isRemainder(i, v, Value(int64_t{2}), 0); }},
    {"lower", [](Interpreter &i, const Value &v) { return isCased(toText(v, i.budget), false); }},
    {"upper", [](Interpreter &i, const Value &v) { return isCased(toText(v, i.budget), true); }},
};

using RelationTest = bool (*)(Interpreter &, const Value &, const Value &);
static bool testEqual(Interpreter &i, const Value &a, const Value &b) { return equal(a, b, i.budget); }
static bool testUnequal(Interpreter &i, const Value &a, const Value &b) { return !equal(a, b, i.budget); }
static bool testLess(Interpreter &i, const Value &a, const Value &b) { return less(a, b, i.budget); }
static bool testGreater(Interpreter &i, const Value &a, const Value &b) { return less(b, a, i.budget); }
static bool testAtMost(Interpreter &i, const Value &a, const Value &b) {
  return testLess(i, a, b) || testEqual(i, a, b);
}
static bool testAtLeast(Interpreter &i, const Value &a, const Value &b) { return testAtMost(i, b, a); }

static const std::map<std::string_view, RelationTest> relationTests = {
    {"eq", testEqual},
    {"equalto", testEqual},
    {"==", testEqual},
    {"ne", testUnequal},
    {"!=", testUnequal},
    {"lt", testLess},
    {"lessthan", testLess},
    {"<", testLess},
    {"gt", testGreater},
    {"greaterthan", testGreater},
    {">", testGreater},
    {"le", testAtMost},
    {"<=", testAtMost},
    {"ge", testAtLeast},
    {">=", testAtLeast},
    {"in", [](Interpreter &i, const Value &a, const Value &b) { return contains(b, a, i.budget); }},
    {"sameas", [](Interpreter &i, const Value &a, const Value &b) { return isSame(a, b, i.budget); }},
    {"divisibleby", [](Interpreter &i, const Value &a, const Value &b) { return isRemainder(i, a, b, 0); }},
};

static bool isTest(const std::string &name) {
  return name == "test" || plainTests.contains(name) || relationTests.contains(name);
}

bool Interpreter::applyTest(const std::string &name, const Value &value, const Arguments &arguments) {
  budget.spendSteps();
  bool takesOne = arguments.positional.size() == 1 && arguments.named.empty();
  bool takesNone = arguments.positional.empty() && arguments.named.empty();
  if (auto found = plainTests.find(name); found != plainTests.end()) {
    if (!takesNone)
      throw Problem("the test " + quote(name) + " takes no argument");
    return found->second(*this, value);
  }
  if (name == "test" && takesNone)
    return isTest(nameOf(value));
  auto found = relationTests.find(name);
  if (found == relationTests.end())
    throw Problem("the test " + quote(name) + " is not supported");
  if (!takesOne)
    throw Problem("the test " + quote(name) + " takes one argument");
  return found->second(*this, value, arguments.positional[0]);
}

static Value range(Interpreter &interpreter, const Arguments &arguments) {
  constexpr int64_t longest = 100'000; // as in Jinja's sandbox
  size_t count = arguments.positional.size();
  if (count < 1 || count > 3 || !arguments.named.empty())
    throw Problem("range takes one to three integers");
  int64_t first = count > 1 ? arguments.positional[0].integer("range") : 0;
  int64_t last = arguments.positional[count > 1 ? 1 : 0].integer("range");
  int64_t step = count > 2 ? arguments.positional[2].integer("range") : 1;
  if (step == 0)
    throw Problem("the step of a range is zero");
  std::vector<Value> items;
  for (__int128 n = first; step > 0 ? n < last : n > last; n += step) {
    if (int64_t(items.size()) >= longest)
      throw Problem("a range may have " + std::to_string(longest) + " elements at most");
    items.push_back(int64_t(n));
  }
  interpreter.budget.spendSteps(items.size());
  interpreter.budget.spendBytes(32 * items.size());
  std::string label = "range(" + std::to_string(first) + ", " + std::to_string(last);
  return Value::list(std::move(items), List::Range, label + (step == 1 ? ")" : ", " + std::to_string(step) + ")"));
}

/// The members of namespace() and dict(): of a dict first, then by name.
static std::vector<std::pair<Value, Value>> entriesOf(const std::string &callee, const Arguments &arguments) {
  std::vector<std::pair<Value, Value>> entries;
  if (arguments.positional.size() > 1 || (arguments.positional.size() == 1 && !arguments.positional[0].asDict()))
    throw Problem(callee + " takes a dict and values by name");
  if (arguments.positional.size() == 1)
    entries = arguments.positional[0].asDict()->entries;
  for (const auto &[name, value] : arguments.named) {
    std::erase_if(entries,
                  [&](const auto &entry) { return entry.first.asString() && *entry.first.asString() == name; });
    entries.emplace_back(name, value);
  }
  return entries;
}

static Value makeDict(Interpreter &interpreter, const Arguments &arguments) {
  std::vector<std::pair<Value, Value>> entries = entriesOf("dict", arguments);
  interpreter.budget.spendBytes(64 * entries.size());
  return Value::dict(std::move(entries));
}

static Value makeNamespace(Interpreter &interpreter, const Arguments &arguments) {
  std::map<std::string, Value, std::less<>> members;
  for (const auto &[name, value] : entriesOf("namespace", arguments))
    members[name.string("namespace")] = value;
  interpreter.budget.spendBytes(64 * members.size());
  return interpreter.makeNamespace(std::move(members));
}

static Value raiseException(Interpreter &interpreter, const Arguments &arguments) {
  auto message = arguments.bind("raise_exception", {"message"})[0];
  throw Refusal("the template refuses the conversation: " + quote(message ? toText(*message, interpreter.budget) : ""));
}

static Value formatNow(Interpreter &interpreter, const Arguments &arguments) {
  auto format = arguments.bind("strftime_now", {"format"})[0];
  if (!format || format->string("strftime_now").size() > 256)
    throw Problem("strftime_now expects a format");
  std::time_t now = std::time(nullptr);
  std::tm local;
  localtime_r(&now, &local);
  char text[4096];
  size_t length = std::strftime(text, sizeof text, format->asString()->c_str(), &local);
  return interpreter.budget.made(std::string(text, length));
}

/// The first call gives nothing, every later one the separator.
static Value makeJoiner(Interpreter &interpreter, const Arguments &arguments) {
  Value separator = arguments.bind("joiner", {"sep"})[0].value_or(Value(", "));
  auto used = std::make_shared<bool>(false);
  return Value(std::make_shared<const Callable>(Callable{"joiner", [separator, used](Interpreter &, const Arguments &) {
                                                           return std::exchange(*used, true) ? separator : Value("");
                                                         }}));
}

/// An object with next(), reset() and current.
static Value makeCycler(Interpreter &interpreter, const Arguments &arguments) {
  if (arguments.positional.empty() || !arguments.named.empty())
    throw Problem("cycler expects values");
  Value cycler = interpreter.makeNamespace({{"current", arguments.positional[0]}});
  Namespace *members = cycler.asNamespace(); // which the interpreter owns
  auto at = std::make_shared<size_t>(0);
  auto add = [&](const char *name, bool advances) {
    auto call = [=, items = arguments.positional](Interpreter &, const Arguments &) {
      Value before = items[*at];
      *at = advances ? (*at + 1) % items.size() : 0;
      members->members["current"] = items[*at];
      return advances ? before : Value();
    };
    members->members[name] = Value(std::make_shared<const Callable>(Callable{name, call}));
  };
  add("next", true);
  add("reset", false);
  return cycler;
}

std::optional<Value> globalFunction(const std::string &name) {
  using Function = Value (*)(Interpreter &, const Arguments &);
  static const std::map<std::string_view, Function> functions = {
      {"range", range},
      {"dict", makeDict},
      {"namespace", makeNamespace},
      {"raise_exception", raiseException},
      {"strftime_now", formatNow},
      {"cycler", makeCycler},
      {"joiner", makeJoiner},
  };
  if (auto found = functions.find(name); found != functions.end())
    return Value(std::make_shared<const Callable>(Callable{name, found->second}));
  if (name == "lipsum")
    throw Problem("the function " + quote(name) + " is not supported");
  return std::nullopt;
}

} // namespace xlstm::jinja
