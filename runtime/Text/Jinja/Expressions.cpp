//===- Expressions.cpp - evaluates the expressions of a template ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Interpreter.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

namespace xlstm::jinja {

Interpreter::Nesting::Nesting(Interpreter &interpreter) : interpreter(interpreter) {
  constexpr int deepest = 600;
  if (interpreter.depth >= deepest)
    throw Problem("the template calls itself too often");
  ++interpreter.depth;
}

Value Interpreter::evaluate(const Expression &expression) {
  Nesting nesting(*this);
  budget.spendSteps();
  currentLine = expression.line;
  switch (expression.kind) {
  case Expression::Constant:
    return expression.value;
  case Expression::Name:
    return evaluateName(expression);
  case Expression::ListOf:
  case Expression::TupleOf:
    return evaluateList(expression);
  case Expression::DictOf:
    return evaluateDict(expression);
  case Expression::Attribute:
    return attribute(evaluate(*expression.operands[0]), expression.name);
  case Expression::Item: {
    Value value = evaluate(*expression.operands[0]);
    return item(value, evaluate(*expression.operands[1]));
  }
  case Expression::Slice:
    return evaluateSlice(expression);
  case Expression::Call:
    return evaluateCall(expression);
  case Expression::Filter: {
    Value value = evaluate(*expression.operands[0]);
    return applyFilter(expression.name, value, argumentsOf(expression));
  }
  case Expression::Test: {
    Value value = evaluate(*expression.operands[0]);
    return applyTest(expression.name, value, argumentsOf(expression));
  }
  case Expression::Unary:
    return evaluateUnary(expression);
  case Expression::Binary:
    return evaluateBinary(expression);
  case Expression::Concat:
    return evaluateConcat(expression);
  case Expression::Compare:
    return evaluateCompare(expression);
  case Expression::Condition:
    return evaluateCondition(expression);
  }
  return Value();
}

Value Interpreter::evaluateName(const Expression &expression) {
  for (const Frame *around = frame.get(); around; around = around->outer.get()) {
    budget.spendSteps();
    for (const auto &[name, value] : around->variables)
      if (name == expression.name)
        return value;
  }
  if (std::optional<Value> function = globalFunction(expression.name))
    return *function;
  return Value::undefined(quote(expression.name) + " is undefined");
}

Value Interpreter::evaluateList(const Expression &expression) {
  std::vector<Value> items;
  for (const ExpressionPtr &operand : expression.operands)
    items.push_back(evaluate(*operand));
  budget.spendBytes(32 * items.size());
  return Value::list(std::move(items), expression.kind == Expression::TupleOf ? List::Tuple : List::Plain);
}

Value Interpreter::evaluateDict(const Expression &expression) {
  std::vector<std::pair<Value, Value>> entries;
  for (size_t n = 0; n < expression.operands.size(); n += 2) {
    Value key = evaluate(*expression.operands[n]), value = evaluate(*expression.operands[n + 1]);
    if (key.asList() || key.asDict() || key.isUndefined())
      throw Problem(key.typeName() + " cannot be a key");
    bool known = false;
    for (auto &[name, old] : entries)
      if (equal(name, key, budget)) {
        old = value;
        known = true;
      }
    if (!known)
      entries.emplace_back(key, value);
  }
  budget.spendBytes(64 * entries.size());
  return Value::dict(std::move(entries));
}

Arguments Interpreter::argumentsOf(const Expression &call) {
  Arguments arguments;
  for (size_t n = 1; n < call.operands.size(); ++n)
    arguments.positional.push_back(evaluate(*call.operands[n]));
  for (const auto &[name, operand] : call.named)
    arguments.named.emplace_back(name, evaluate(*operand));
  if (call.unpacked)
    for (const Value &item : elementsOf(evaluate(*call.unpacked), budget))
      arguments.positional.push_back(item);
  if (!call.unpackedNamed)
    return arguments;
  Value named = evaluate(*call.unpackedNamed);
  if (!named.asDict())
    throw Problem("'**' expects a dict, found " + named.typeName());
  for (const auto &[key, value] : named.asDict()->entries) {
    const std::string &name = key.string("'**'");
    if (std::ranges::find(arguments.named, name, &std::pair<std::string, Value>::first) != arguments.named.end())
      throw Problem("the argument " + quote(name) + " is given twice");
    arguments.named.emplace_back(name, value);
  }
  budget.spendBytes(64 * arguments.named.size());
  return arguments;
}

Value Interpreter::evaluateCall(const Expression &expression) {
  Value callee = evaluate(*expression.operands[0]);
  return call(callee, argumentsOf(expression), expression.line);
}

Value Interpreter::call(const Value &callee, const Arguments &arguments, int line) {
  currentLine = line;
  if (callee.isUndefined())
    throw Problem(callee.whyUndefined());
  if (callee.asLoop())
    return recurse(*callee.asLoop(), arguments);
  if (!callee.asCallable())
    throw Problem(callee.typeName() + " cannot be called");
  return callee.asCallable()->call(*this, arguments);
}

Value Interpreter::attribute(const Value &value, const std::string &name) {
  if (value.isUndefined())
    throw Problem(value.whyUndefined());
  if (std::optional<Value> member = memberOf(value, name))
    return *member;
  if (const Value *found = value.find(name))
    return *found;
  if (const Namespace *members = value.asNamespace())
    if (auto found = members->members.find(name); found != members->members.end())
      return found->second;
  return Value::undefined(quote(value.typeName()) + " has no attribute " + quote(name));
}

Value Interpreter::item(const Value &value, const Value &key) {
  if (value.isUndefined())
    throw Problem(value.whyUndefined());
  budget.spendSteps(value.asDict() ? value.asDict()->entries.size() / 8 : 0);
  if (const Value *found = value.find(key))
    return *found;
  const List *list = value.asList();
  const std::string *text = value.asString();
  if (key.isInteger() && ((list && list->hasIndices()) || text)) {
    int64_t length = lengthOf(value), index = key.integer();
    index += index < 0 ? length : 0;
    if (index >= 0 && index < length)
      return list ? list->items[index] : elementsOf(value, budget)[index];
  }
  if (const std::string *name = key.asString())
    return attribute(value, *name);
  return Value::undefined(quote(value.typeName()) + " has no element " + toRepr(key, budget));
}

Value Interpreter::evaluateSlice(const Expression &expression) {
  Value value = evaluate(*expression.operands[0]);
  Value start = evaluateOrNone(expression.operands[1]), stop = evaluateOrNone(expression.operands[2]);
  Value step = evaluateOrNone(expression.operands[3]);
  return sliceOf(value, start, stop, step, budget);
}

Value Interpreter::evaluateUnary(const Expression &expression) {
  Value value = evaluate(*expression.operands[0]);
  if (expression.name == "not")
    return !value.truth();
  if (!value.isNumber())
    throw Problem("'" + expression.name + "' expects a number, found " + value.typeName());
  if (expression.name == "-")
    return value.asFloat() ? Value(-value.number()) : arithmetic("-", Value(int64_t{0}), value, budget);
  return value.asFloat() ? value : Value(value.integer());
}

/// Jinja escapes what is added to a text that is marked as safe.
static void refuseSafe(const Expression &operand) {
  static constexpr std::string_view marking[] = {"safe", "e", "escape", "forceescape"};
  if (operand.kind == Expression::Filter && std::ranges::count(marking, operand.name))
    throw Problem("the filter " + quote(operand.name) + " inside of '+' or '~' is not supported");
}

Value Interpreter::evaluateBinary(const Expression &expression) {
  Value left = evaluate(*expression.operands[0]);
  if (expression.name == "and")
    return left.truth() ? evaluate(*expression.operands[1]) : left;
  if (expression.name == "or")
    return left.truth() ? left : evaluate(*expression.operands[1]);
  for (const ExpressionPtr &operand : expression.operands)
    refuseSafe(*operand);
  Value right = evaluate(*expression.operands[1]);
  return arithmetic(expression.name, left, right, budget);
}

Value Interpreter::evaluateConcat(const Expression &expression) {
  std::string text;
  for (const ExpressionPtr &operand : expression.operands) {
    refuseSafe(*operand);
    write(text, toText(evaluate(*operand), budget));
  }
  return Value(std::move(text));
}

Value Interpreter::evaluateCompare(const Expression &expression) {
  Value left = evaluate(*expression.operands[0]);
  for (size_t n = 0; n < expression.names.size(); ++n) {
    const std::string &op = expression.names[n];
    Value right = evaluate(*expression.operands[n + 1]);
    bool holds = op == "=="       ? equal(left, right, budget)
                 : op == "!="     ? !equal(left, right, budget)
                 : op == "in"     ? contains(right, left, budget)
                 : op == "not in" ? !contains(right, left, budget)
                 : op == "<"      ? less(left, right, budget)
                 : op == ">"      ? less(right, left, budget)
                 : op == "<="     ? less(left, right, budget) || equal(left, right, budget)
                                  : less(right, left, budget) || equal(left, right, budget);
    if (!holds)
      return false;
    left = std::move(right);
  }
  return true;
}

Value Interpreter::evaluateCondition(const Expression &expression) {
  if (evaluate(*expression.operands[1]).truth())
    return evaluate(*expression.operands[0]);
  if (expression.operands[2])
    return evaluate(*expression.operands[2]);
  return Value::undefined("the inline if-expression evaluated to false and no else section was defined");
}

} // namespace xlstm::jinja
