//===- Statements.cpp - runs the statements of a template -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Interpreter.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

namespace xlstm::jinja {

Interpreter::Interpreter(std::vector<std::pair<std::string, Value>> variables)
    : frame(std::make_shared<Frame>(Frame{nullptr, std::move(variables)})), root(frame) {}

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
  case Statement::CallBlock:
    write(out, toText(callBlock(statement), budget));
    break;
  case Statement::With:
    return runWith(statement, out);
  case Statement::Block:
    runBlock(statement, out);
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
std::vector<Value> Interpreter::loopItems(const Statement &statement, const Value &value) {
  Elements all = elementsOf(value, budget);
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
  if (statement.recursive)
    keepFrame();
  return runLoop(statement, evaluate(*statement.value), 0, out);
}

Interpreter::Flow Interpreter::runLoop(const Statement &statement, const Value &value, size_t depth, std::string &out) {
  std::shared_ptr<const List> items = Value::list(loopItems(statement, value)).sharedList();
  Loop loop{items, 0, depth};
  loop.changed = std::make_shared<std::optional<std::vector<Value>>>();
  if (statement.recursive) {
    loop.statement = &statement;
    loop.frame = frame;
  }
  for (size_t n = 0; n < items->items.size(); ++n) {
    Scope scope(frame);
    loop.index = n;
    set("loop", Value(std::make_shared<const Loop>(loop)));
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

Value Interpreter::recurse(const Loop &loop, const Arguments &arguments) {
  if (!loop.statement)
    throw Problem("only a loop that is 'recursive' can be called");
  auto items = arguments.bind("loop", {"iterable"})[0];
  if (!items)
    throw Problem("loop() expects what to run over");
  std::shared_ptr<Frame> before = std::exchange(frame, loop.frame);
  Nesting nesting(*this);
  std::string out;
  runLoop(*loop.statement, *items, loop.depth + 1, out);
  frame = before;
  return Value(std::move(out));
}

Interpreter::Flow Interpreter::runWith(const Statement &statement, std::string &out) {
  std::vector<Value> values;
  for (size_t n = 0; statement.value && n < statement.value->operands.size(); ++n)
    values.push_back(evaluate(*statement.value->operands[n]));
  Scope scope(frame);
  for (size_t n = 0; n < values.size(); ++n)
    assign(*statement.target->operands[n], values[n]);
  return run(statement.body, out);
}

void Interpreter::runBlock(const Statement &statement, std::string &out) {
  Scope scope(frame, statement.scoped ? frame : root);
  run(statement.body, out);
}

Value Interpreter::callBlock(const Statement &statement) {
  const Expression &expression = *statement.value;
  Value callee = evaluate(*expression.operands[0]);
  Arguments arguments = argumentsOf(expression);
  arguments.named.emplace_back("caller", makeMacro(statement));
  return call(callee, arguments, expression.line);
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

void Interpreter::keepFrame() {
  if (std::ranges::find(macroFrames, frame) == macroFrames.end()) {
    budget.spendBytes(256);
    budget.spendSteps(macroFrames.size());
    macroFrames.push_back(frame);
  }
}

Value Interpreter::makeMacro(const Statement &statement) {
  keepFrame();
  auto call = [&statement, definedIn = frame](Interpreter &self, const Arguments &arguments) {
    return self.callMacro(statement, definedIn, arguments);
  };
  return Value(std::make_shared<const Callable>(Callable{statement.text, call}));
}

/// What a macro is called with beyond its parameters. Throws Problem for what it does not take.
static Arguments restOf(const Statement &macro, const Arguments &arguments) {
  const auto &parameters = macro.parameters;
  Arguments rest;
  for (size_t n = parameters.size(); n < arguments.positional.size(); ++n)
    rest.positional.push_back(arguments.positional[n]);
  if (!rest.positional.empty() && !macro.takes.varargs)
    throw Problem("macro " + quote(macro.text) + " takes " + std::to_string(parameters.size()) +
                  " arguments at most, found " + std::to_string(arguments.positional.size()));
  for (const auto &[name, value] : arguments.named) {
    auto place = std::ranges::find(parameters, name, &Statement::Parameter::name);
    if (place != parameters.end() && size_t(place - parameters.begin()) >= arguments.positional.size())
      continue;
    bool isCaller = name == "caller" && macro.takes.caller && place == parameters.end();
    if (!isCaller && (!macro.takes.kwargs || name == "caller"))
      throw Problem("macro " + quote(macro.text) + ": unexpected argument " + quote(name));
    if (!isCaller)
      rest.named.emplace_back(name, value);
  }
  return rest;
}

static const Value *findNamed(const Arguments &arguments, const std::string &name) {
  auto found = std::ranges::find(arguments.named, name, &std::pair<std::string, Value>::first);
  return found == arguments.named.end() ? nullptr : &found->second;
}

void Interpreter::setRest(const Statement &macro, const Arguments &rest) {
  if (macro.takes.varargs)
    set("varargs", Value::list(rest.positional, List::Tuple));
  std::vector<std::pair<Value, Value>> named;
  for (const auto &[name, value] : rest.named)
    named.emplace_back(name, value);
  if (macro.takes.kwargs)
    set("kwargs", Value::dict(std::move(named)));
}

Value Interpreter::callMacro(const Statement &statement, const std::shared_ptr<Frame> &definedIn,
                             const Arguments &arguments) {
  Arguments rest = restOf(statement, arguments);
  Scope scope(frame, definedIn);
  if (statement.takes.caller) {
    const Value *caller = findNamed(arguments, "caller");
    set("caller", caller ? *caller : Value::undefined("No caller defined"));
  }
  setRest(statement, rest);
  for (size_t n = 0; n < statement.parameters.size(); ++n) {
    const Statement::Parameter &parameter = statement.parameters[n];
    const Value *named = findNamed(arguments, parameter.name);
    Value value = Value::undefined("parameter " + quote(parameter.name) + " was not provided");
    if (n < arguments.positional.size())
      value = arguments.positional[n];
    else if (named)
      value = *named;
    else if (parameter.otherwise)
      value = evaluate(*parameter.otherwise);
    set(parameter.name, std::move(value));
  }
  return Value(render(statement.body));
}

} // namespace xlstm::jinja
