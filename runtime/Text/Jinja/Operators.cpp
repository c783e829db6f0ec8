//===- Operators.cpp - arithmetic and slices as Python has them -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Format.h"
#include "runtime/Text/Jinja/Strings.h"

#include <algorithm>
#include <cmath>

namespace xlstm::jinja {

[[noreturn]] static void unsupported(const std::string &op, const Value &a, const Value &b) {
  throw Problem("'" + op + "' does not take " + a.typeName() + " and " + b.typeName());
}

static Value checked(bool overflows, int64_t result) {
  if (overflows)
    throw Problem("an integer leaves 64 bits");
  return result;
}

static Value integerPower(int64_t base, int64_t exponent) {
  if (exponent < 0)
    return std::pow(double(base), double(exponent));
  int64_t result = 1;
  bool overflows = false;
  if (base == 0 || base == 1 || base == -1)
    return exponent == 0 || base == 1 ? int64_t{1} : base == 0 ? int64_t{0} : int64_t(exponent % 2 ? -1 : 1);
  for (; exponent > 0 && !overflows; --exponent)
    overflows = __builtin_mul_overflow(result, base, &result);
  return checked(overflows, result);
}

static Value integers(const std::string &op, int64_t a, int64_t b);

/// Rounded towards minus infinity.
static Value integerQuotient(const std::string &op, int64_t a, int64_t b) {
  if (b == -1)
    return op == "//" ? integers("-", 0, a) : Value(int64_t{0});
  int64_t quotient = a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
  return op == "//" ? quotient : a - quotient * b;
}

static Value integers(const std::string &op, int64_t a, int64_t b) {
  int64_t result = 0;
  bool overflows = false;
  if (op == "+")
    overflows = __builtin_add_overflow(a, b, &result);
  else if (op == "-")
    overflows = __builtin_sub_overflow(a, b, &result);
  else if (op == "*")
    overflows = __builtin_mul_overflow(a, b, &result);
  else if (op == "**")
    return integerPower(a, b);
  else
    return op == "/" ? Value(double(a) / double(b)) : integerQuotient(op, a, b);
  return checked(overflows, result);
}

static Value floats(const std::string &op, double a, double b) {
  if (op == "+")
    return a + b;
  if (op == "-")
    return a - b;
  if (op == "*")
    return a * b;
  if (op == "/")
    return a / b;
  if (op == "**")
    return std::pow(a, b);
  double rest = std::fmod(a, b);
  if (rest != 0 && (rest < 0) != (b < 0))
    rest += b;
  return op == "%" ? (rest == 0 ? std::copysign(0.0, b) : rest) : std::round((a - rest) / b);
}

static Value repeated(const Value &sequence, int64_t times, Budget &budget) {
  times = std::max<int64_t>(times, 0);
  if (const std::string *text = sequence.asString()) {
    if (!text->empty() && times > 0)
      budget.spendBytes(size_t(std::min<int64_t>(times, 1 << 30)) * text->size());
    std::string out;
    for (int64_t n = 0; n < times && !text->empty(); ++n)
      out += *text;
    return out;
  }
  const List &list = *sequence.asList();
  budget.spendBytes(32 * size_t(std::min<int64_t>(times, 1 << 30)) * list.items.size());
  std::vector<Value> items;
  for (int64_t n = 0; n < times && !list.items.empty(); ++n)
    items.insert(items.end(), list.items.begin(), list.items.end());
  return Value::list(std::move(items), list.kind);
}

static Value sum(const Value &a, const Value &b, Budget &budget) {
  if (a.asString() && b.asString()) {
    budget.spendBytes(a.asString()->size() + b.asString()->size());
    return *a.asString() + *b.asString();
  }
  const List *left = a.asList(), *right = b.asList();
  if (!left || !right || left->kind != right->kind || !left->isConcatenated())
    unsupported("+", a, b);
  std::vector<Value> items = left->items;
  items.insert(items.end(), right->items.begin(), right->items.end());
  budget.spendBytes(32 * items.size());
  return Value::list(std::move(items), left->kind);
}

Value arithmetic(const std::string &op, const Value &a, const Value &b, Budget &budget) {
  for (const Value *operand : {&a, &b})
    if (operand->isUndefined())
      throw Problem(operand->whyUndefined());
  if (a.isNumber() && b.isNumber()) {
    bool divides = op == "/" || op == "//" || op == "%";
    if ((divides && b.number() == 0) || (op == "**" && a.number() == 0 && b.number() < 0))
      throw Problem("division by zero");
    return a.isInteger() && b.isInteger() ? integers(op, a.integer(), b.integer()) : floats(op, a.number(), b.number());
  }
  auto isSequence = [](const Value &v) { return v.asString() || (v.asList() && v.asList()->isConcatenated()); };
  if (op == "+")
    return sum(a, b, budget);
  if (op == "*" && isSequence(a) && b.isInteger())
    return repeated(a, b.integer(), budget);
  if (op == "*" && isSequence(b) && a.isInteger())
    return repeated(b, a.integer(), budget);
  if (op == "%" && a.asString())
    return budget.made(percentFormat(*a.asString(), b, budget));
  unsupported(op, a, b);
}

/// Python's slice.indices().
static std::vector<int64_t> sliceIndices(int64_t length, const Value &start, const Value &stop, int64_t step) {
  auto place = [&](const Value &value, int64_t absent) {
    if (value.isNone())
      return absent;
    int64_t index = value.integer("a slice");
    index += index < 0 ? length : 0;
    return step > 0 ? std::clamp<int64_t>(index, 0, length) : std::clamp<int64_t>(index, -1, length - 1);
  };
  int64_t first = place(start, step > 0 ? 0 : length - 1), last = place(stop, step > 0 ? length : -1);
  std::vector<int64_t> indices;
  if (step > 0)
    for (int64_t n = first; n < last; n += std::min(step, length))
      indices.push_back(n);
  else
    for (int64_t n = first; n > last; n -= std::min(-std::max(step, -length), length))
      indices.push_back(n);
  return indices;
}

Value sliceOf(const Value &value, const Value &start, const Value &stop, const Value &step, Budget &budget) {
  if (value.isUndefined())
    throw Problem(value.whyUndefined());
  const List *list = value.asList();
  const std::string *text = value.asString();
  if (!text && (!list || !list->hasIndices()))
    throw Problem(value.typeName() + " cannot be sliced");
  int64_t stride = step.isNone() ? 1 : step.integer("a slice");
  if (stride == 0)
    throw Problem("the step of a slice is zero");
  int64_t length = lengthOf(value);
  budget.spendSteps(size_t(length) / (text ? 16 : 1) + (text ? text->size() / 64 : 0));
  if (length == 0)
    return value;
  std::vector<int64_t> indices = sliceIndices(length, start, stop, stride);
  if (list) {
    std::vector<Value> items;
    for (int64_t n : indices)
      items.push_back(list->items[n]);
    budget.spendBytes(32 * items.size());
    return Value::list(std::move(items), list->kind);
  }
  std::vector<size_t> offsets = characterOffsets(*text);
  std::string out;
  for (int64_t n : indices)
    out.append(*text, offsets[n], offsets[n + 1] - offsets[n]);
  return budget.made(std::move(out));
}

} // namespace xlstm::jinja
