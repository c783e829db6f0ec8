//===- Value.h - what a template computes with ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Python's values as far as chat templates need them. All but namespaces are immutable, as in the sandbox of
// transformers, so that copies share.

#ifndef XLSTM_RUNTIME_TEXT_JINJA_VALUE_H
#define XLSTM_RUNTIME_TEXT_JINJA_VALUE_H

#include "xlstm/Runtime/Files/Json.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <variant>

namespace xlstm::jinja {

/// What is wrong with a template or its input; the interpreter adds origin and line.
class Problem : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// raise_exception: the template does not want this conversation.
class Refusal : public Problem {
public:
  using Problem::Problem;
};

class Value;
class Interpreter;
struct Arguments;

/// A missing value; `what` says why it is missing when something is asked of it.
struct Undefined {
  std::shared_ptr<const std::string> what;
};

struct List {
  /// A generator is what filters such as `map` return: always true, of no length. A view is what dict.items() and its
  /// like return: of a length, without indices.
  enum Kind { Plain, Tuple, Generator, View, Range };
  Kind kind = Plain;
  std::vector<Value> items;
  std::string label = {}; // of a view its type, of a range what it prints
  int depth = 1;          // of the nesting

  bool hasLength() const { return kind != Generator; }
  bool hasIndices() const { return kind == Plain || kind == Tuple || kind == Range; }
  /// What + and * take.
  bool isConcatenated() const { return kind == Plain || kind == Tuple; }
};

struct Dict {
  std::vector<std::pair<Value, Value>> entries; // in order of insertion, keys differ
  int depth = 1;
};

struct Namespace {
  std::map<std::string, Value, std::less<>> members;
};

struct Callable {
  std::string name;
  std::function<Value(Interpreter &, const Arguments &)> call;
};

struct Statement;
struct Frame;

/// The variable `loop`.
struct Loop {
  std::shared_ptr<const List> items;
  size_t index = 0, depth = 0;
  /// Of a recursive one: what it runs, and where that stands.
  const Statement *statement = nullptr;
  std::shared_ptr<Frame> frame = {};
  /// What loop.changed was given last.
  std::shared_ptr<std::optional<std::vector<Value>>> changed = {};
};

class Value {
public:
  using Data = std::variant<Undefined, std::monostate, bool, int64_t, double, std::shared_ptr<const std::string>,
                            std::shared_ptr<const List>, std::shared_ptr<const Dict>, std::shared_ptr<Namespace>,
                            std::shared_ptr<const Callable>, std::shared_ptr<const Loop>>;

  Value() : data(std::monostate()) {} // None
  Value(bool value) : data(value) {}
  Value(int64_t value) : data(value) {}
  Value(double value) : data(value) {}
  Value(std::string value) : data(std::make_shared<const std::string>(std::move(value))) {}
  Value(std::string_view value) : Value(std::string(value)) {}
  Value(const char *value) : Value(std::string(value)) {}
  Value(std::shared_ptr<Namespace> value) : data(std::move(value)) {}
  Value(std::shared_ptr<const Callable> value) : data(std::move(value)) {}
  Value(std::shared_ptr<const Loop> value) : data(std::move(value)) {}
  Value(std::shared_ptr<const List> value) : data(std::move(value)) {}

  static Value undefined(std::string what);
  /// Throw Problem when the nesting is too deep.
  static Value list(std::vector<Value> items, List::Kind kind = List::Plain, std::string label = {});
  static Value dict(std::vector<std::pair<Value, Value>> entries);
  static Value fromJson(const Json &json);

  bool isUndefined() const { return std::holds_alternative<Undefined>(data); }
  bool isNone() const { return std::holds_alternative<std::monostate>(data); }
  bool isNumber() const { return isInteger() || std::holds_alternative<double>(data); }
  /// An integer or a bool, which is one in Python.
  bool isInteger() const { return std::holds_alternative<int64_t>(data) || std::holds_alternative<bool>(data); }
  bool isString() const { return asString() != nullptr; }

  const bool *asBool() const { return std::get_if<bool>(&data); }
  const double *asFloat() const { return std::get_if<double>(&data); }
  const std::string *asString() const { return get<const std::string>(); }
  const List *asList() const { return get<const List>(); }
  const Dict *asDict() const { return get<const Dict>(); }
  Namespace *asNamespace() const { return get<Namespace>(); }
  const Callable *asCallable() const { return get<const Callable>(); }
  const Loop *asLoop() const { return get<const Loop>(); }
  std::shared_ptr<const List> sharedList() const { return std::get<std::shared_ptr<const List>>(data); }

  /// Of a number.
  int64_t integer() const;
  double number() const;
  /// Throw Problem that names `who` for another type.
  const std::string &string(std::string_view who) const;
  int64_t integer(std::string_view who) const;

  bool truth() const;
  /// As messages call the type: "dict object".
  std::string typeName() const;
  /// Why an undefined value is undefined.
  const std::string &whyUndefined() const { return *std::get<Undefined>(data).what; }

  int depth() const;
  /// The entry with this key, or nothing.
  const Value *find(const Value &key) const;

private:
  template <typename Pointee>
  Pointee *get() const {
    auto *held = std::get_if<std::shared_ptr<Pointee>>(&data);
    return held ? held->get() : nullptr;
  }

  Data data;
};

/// Of a call.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;

  /// The values of the parameters `names`, in order. Throws Problem for one too many and one unknown.
  std::vector<std::optional<Value>> bind(std::string_view callee, std::initializer_list<const char *> names) const;
};

/// What a template may use: it is not trusted. spend() throws Problem when it is too much.
class Budget {
public:
  void spendSteps(size_t count = 1);
  void spendBytes(size_t count);
  /// A string made by the template.
  Value made(std::string text) {
    spendBytes(text.size());
    return Value(std::move(text));
  }

private:
  size_t steps = 0, bytes = 0;
};

/// Python's ==, < and `in`. Throw Problem for what cannot be compared.
bool equal(const Value &a, const Value &b, Budget &budget);
bool less(const Value &a, const Value &b, Budget &budget);
bool contains(const Value &container, const Value &item, Budget &budget);
/// Python's len(). Throws Problem.
int64_t lengthOf(const Value &value);
/// The elements of an iterable: of a list, keys of a dict, characters of a string.
class Elements {
public:
  explicit Elements(std::shared_ptr<const List> list) : list(std::move(list)) {}
  auto begin() const { return list->items.begin(); }
  auto end() const { return list->items.end(); }
  size_t size() const { return list->items.size(); }
  const Value &operator[](size_t n) const { return list->items[n]; }
  std::vector<Value> copy() const { return list->items; }

private:
  std::shared_ptr<const List> list;
};
/// Throws Problem.
Elements elementsOf(const Value &value, Budget &budget);

/// Python's str(), repr() and json.dumps().
std::string toText(const Value &value, Budget &budget);
std::string toRepr(const Value &value, Budget &budget);
struct JsonStyle {
  bool ascii = false, sortKeys = false;
  std::optional<std::string> indent;
  std::string comma = ", ", colon = ": ";
};
std::string toJson(const Value &value, const JsonStyle &style, Budget &budget);

} // namespace xlstm::jinja

#endif // XLSTM_RUNTIME_TEXT_JINJA_VALUE_H
