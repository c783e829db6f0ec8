//===- Statements.cpp - runs the statements of a template -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Interpreter.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

namespace xlstm::jinja {

Interpreter::Interpreter(std::vector<std::pair<std::string, Value>> variables)
    : frame(std::make_shared<Frame>(Frame{nullptr, std::move(variables)})) {}

Interpreter::~Interpreter() {
  for (const auto &each : macroFrames)
    each->variables.clear();
  for (const auto &each : namespaces)
    each->members.clear();
}

Value Interpreter::makeNamespace(std::map<std::string, Value, std::less<>> members) {
  budget.spendBytes(256);
  namespaces.push_back(std::make_shared<Namespace>(Namespace{std::move(members)}));
  return Value(namespaces.back());
}

namespace {
/// A block inside of another one while this lives.
class Scope {
public:
  Scope(std::shared_ptr<Frame> &current, std::shared_ptr<Frame> around)
      : current(current), before(std::exchange(current, std::make_shared<Frame>(Frame{std::move(around)}))) {}
  explicit Scope(std::shared_ptr<Frame> &current) : Scope(current, current) {}
  ~Scope() { current = before; }

private:
  std::shared_ptr<Frame> &current;
  std::shared_ptr<Frame> before;
};
} // namespace

std::string Interpreter::render(const Body &body) {
  std::string out;
  run(body, out);
  return out;
}

void Interpreter::write(std::string &out, std::string_view text) {
  budget.spendBytes(text.size());
  out += text;
}

std::string Interpreter::capture(const Body &body) {
  Scope scope(frame);
  return render(body);
}

Interpreter::Flow Interpreter::run(const Body &body, std::string &out) {
  for (const auto &statement : body)
    if (Flow flow = run(*statement, out); flow != Flow::Next)
      return flow;
  return Flow::Next;
}

Interpreter::Flow Interpreter::run(const Statement &statement, std::string &out) {
  budget.spendSteps();
  currentLine = statement.line;
  switch (statement.kind) {
  case Statement::Text:
    write(out, statement.text);
    break;
  case Statement::Print:
    write(out, toText(evaluate(*statement.value), budget));
    break;
  case Statement::If:
    return runIf(statement, out);
  case Statement::For:
    return runFor(statement, out);
  case Statement::Set:
    assign(*statement.target, evaluate(*statement.value));
    break;
  case Statement::SetBlock:
    assign(*statement.target, filtered(statement, capture(statement.body)));
    break;
  case Statement::FilterBlock:
    write(out, toText(filtered(statement, capture(statement.body)), budget));
    break;
  case Statement::Macro:
    set(statement.text, makeMacro(statement));
    break;
  case Statement::Generation:
    write(out, capture(statement.body));
    break;
  case Statement::Break:
    return Flow::Break;
  case Statement::Continue:
    return Flow::Continue;
  }
  return Flow::Next;
}

Interpreter::Flow Interpreter::runIf(const Statement &statement, std::string &out) {
  for (const auto &[test, body] : statement.branches)
    if (evaluate(*test).truth())
      return run(body, out);
  return run(statement.otherwise, out);
}

/// What the loop runs over, those that its test lets through.
std::vector<Value> Interpreter::loopItems(const Statement &statement) {
  Elements all = elementsOf(evaluate(*statement.value), budget);
  if (!statement.test)
    return all.copy();
  std::vector<Value> kept;
  Scope scope(frame);
  for (const Value &item : all) {
    assign(*statement.target, item);
    if (evaluate(*statement.test).truth())
      kept.push_back(item);
  }
  return kept;
}

Interpreter::Flow Interpreter::runFor(const Statement &statement, std::string &out) {
  std::shared_ptr<const List> items = Value::list(loopItems(statement)).sharedList();
  for (size_t n = 0; n < items->items.size(); ++n) {
    Scope scope(frame);
    set("loop", Value(std::make_shared<const Loop>(Loop{items, n})));
    assign(*statement.target, items->items[n]);
    budget.spendSteps();
    if (run(statement.body, out) == Flow::Break)
      break;
  }
  if (!items->items.empty())
    return Flow::Next;
  Scope scope(frame);
  return run(statement.otherwise, out);
}

Value Interpreter::filtered(const Statement &statement, std::string text) {
  Scope scope(frame);
  set(blockText, budget.made(std::move(text)));
  return evaluate(*statement.value);
}

void Interpreter::set(const std::string &name, Value value) {
  for (auto &[known, old] : frame->variables)
    if (known == name) {
      old = std::move(value);
      return;
    }
  budget.spendSteps(1 + frame->variables.size());
  frame->variables.emplace_back(name, std::move(value));
}

void Interpreter::assign(const Expression &target, const Value &value) {
  if (target.kind == Expression::Name)
    return set(target.name, value);
  if (target.kind == Expression::Attribute) {
    Value object = evaluate(*target.operands[0]);
    if (!object.asNamespace())
      throw Problem("cannot set " + quote(target.name) + " of " + object.typeName() + ", only of a namespace");
    object.asNamespace()->members[target.name] = value;
    return;
  }
  Elements parts = elementsOf(value, budget);
  if (parts.size() != target.operands.size())
    throw Problem("expected " + std::to_string(target.operands.size()) + " values to unpack, found " +
                  std::to_string(parts.size()));
  for (size_t n = 0; n < parts.size(); ++n)
    assign(*target.operands[n], parts[n]);
}

Value Interpreter::makeMacro(const Statement &statement) {
  if (std::ranges::find(macroFrames, frame) == macroFrames.end()) {
    budget.spendBytes(256);
    budget.spendSteps(macroFrames.size());
    macroFrames.push_back(frame);
  }
  auto call = [&statement, definedIn = frame](Interpreter &self, const Arguments &arguments) {
    return self.callMacro(statement, definedIn, arguments);
  };
  return Value(std::make_shared<const Callable>(Callable{statement.text, call}));
}

Value Interpreter::callMacro(const Statement &statement, const std::shared_ptr<Frame> &definedIn,
                             const Arguments &arguments) {
  const auto &parameters = statement.parameters;
  if (arguments.positional.size() > parameters.size())
    throw Problem("macro " + quote(statement.text) + " takes " + std::to_string(parameters.size()) +
                  " arguments at most, found " + std::to_string(arguments.positional.size()));
  auto place = [&](const std::string &name) {
    return size_t(std::ranges::find(parameters, name, &Statement::Parameter::name) - parameters.begin());
  };
  for (const auto &[name, value] : arguments.named)
    if (size_t n = place(name); n == parameters.size() || n < arguments.positional.size())
      throw Problem("macro " + quote(statement.text) + ": unexpected argument " + quote(name));
  Scope scope(frame, definedIn);
  for (size_t n = 0; n < parameters.size(); ++n) {
    auto named = std::ranges::find(arguments.named, parameters[n].name, &std::pair<std::string, Value>::first);
    Value value = Value::undefined("parameter " + quote(parameters[n].name) + " was not provided");
    if (n < arguments.positional.size())
      value = arguments.positional[n];
    else if (named != arguments.named.end())
      value = named->second;
    else if (parameters[n].otherwise)
      value = evaluate(*parameters[n].otherwise);
    set(parameters[n].name, std::move(value));
  }
  return Value(render(statement.body));
}

} // namespace xlstm::jinja
