//===- Interpreter.h - runs a parsed template -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_JINJA_INTERPRETER_H
#define XLSTM_RUNTIME_TEXT_JINJA_INTERPRETER_H

#include "runtime/Text/Jinja/Ast.h"

namespace xlstm::jinja {

/// The variables of a block, which sees those of the blocks around it.
struct Frame {
  std::shared_ptr<Frame> outer;
  std::vector<std::pair<std::string, Value>> variables = {};
};

/// One rendering.
class Interpreter {
public:
  explicit Interpreter(std::vector<std::pair<std::string, Value>> variables);
  ~Interpreter();
  Interpreter(const Interpreter &) = delete;
  Interpreter &operator=(const Interpreter &) = delete;

  /// Throws Problem, with line() where.
  std::string render(const Body &body);
  int line() const { return currentLine; }

  Value applyFilter(const std::string &name, const Value &value, const Arguments &arguments);
  bool applyTest(const std::string &name, const Value &value, const Arguments &arguments);
  /// value.name or value[name], undefined where there is none.
  Value attribute(const Value &value, const std::string &name);
  Value item(const Value &value, const Value &key);
  Value makeNamespace(std::map<std::string, Value, std::less<>> members);

  Budget budget;

private:
  enum class Flow { Next, Break, Continue };
  /// Counts how deep evaluation has gone.
  struct Nesting {
    explicit Nesting(Interpreter &interpreter);
    ~Nesting() { --interpreter.depth; }
    Interpreter &interpreter;
  };

  // Statements.
  Flow run(const Body &body, std::string &out);
  Flow run(const Statement &statement, std::string &out);
  Flow runFor(const Statement &statement, std::string &out);
  /// The loop over `items`; those of recursive loops stand in the frame where the outermost one does.
  Flow runLoop(const Statement &statement, const Value &items, size_t depth, std::string &out);
  Flow runWith(const Statement &statement, std::string &out);
  void runBlock(const Statement &statement, std::string &out);
  Value recurse(const Loop &loop, const Arguments &arguments);
  Flow runIf(const Statement &statement, std::string &out);
  std::vector<Value> loopItems(const Statement &statement, const Value &value);
  std::string capture(const Body &body);
  Value filtered(const Statement &statement, std::string text);
  void assign(const Expression &target, const Value &value);
  void set(const std::string &name, Value value);
  Value callBlock(const Statement &statement);
  Value makeMacro(const Statement &statement);
  /// Keeps a frame that something may refer to which lies in it.
  void keepFrame();
  Value callMacro(const Statement &statement, const std::shared_ptr<Frame> &definedIn, const Arguments &arguments);
  /// varargs and kwargs of a macro.
  void setRest(const Statement &macro, const Arguments &rest);
  void write(std::string &out, std::string_view text);

  // Expressions.
  Value evaluate(const Expression &expression);
  Value evaluateOrNone(const ExpressionPtr &expression) { return expression ? evaluate(*expression) : Value(); }
  Value evaluateName(const Expression &expression);
  Value evaluateList(const Expression &expression);
  Value evaluateDict(const Expression &expression);
  Value evaluateSlice(const Expression &expression);
  Value evaluateCall(const Expression &expression);
  Value call(const Value &callee, const Arguments &arguments, int line);
  Value evaluateUnary(const Expression &expression);
  Value evaluateBinary(const Expression &expression);
  Value evaluateConcat(const Expression &expression);
  Value evaluateCompare(const Expression &expression);
  Value evaluateCondition(const Expression &expression);
  /// Those behind the first operand.
  Arguments argumentsOf(const Expression &call);

  std::shared_ptr<Frame> frame, root; // the current block's, the template's
  /// What may refer to itself; cleared at the end.
  std::vector<std::shared_ptr<Frame>> macroFrames;
  std::vector<std::shared_ptr<Namespace>> namespaces;
  int currentLine = 1, depth = 0;
};

/// A function that every template sees, or nothing.
std::optional<Value> globalFunction(const std::string &name);
/// A method of a string, dict, list or loop, bound to it, or an attribute of a loop; nothing when it has none.
std::optional<Value> memberOf(const Value &value, const std::string &name);
using Method = Value (*)(Interpreter &, const Value &self, const Arguments &);
/// One of the rarer methods of strings (TextMethods.cpp), or null.
Method findTextMethod(const std::string &name);
/// a op b for + - * / // % **.
Value arithmetic(const std::string &op, const Value &a, const Value &b, Budget &budget);
Value sliceOf(const Value &value, const Value &start, const Value &stop, const Value &step, Budget &budget);

/// item.a.b for the path "a.b"; parts that are numbers are indices. What is undefined on the way becomes `absent`.
Value followPath(Interpreter &interpreter, Value item, const Value &path, const Value &absent = {});

/// The filters: of any value, of lists, and of text for people. Each is asked what those before do not know.
using FilterFunction = Value (*)(Interpreter &, const Value &, const Arguments &);
FilterFunction findValueFilter(const std::string &name);
FilterFunction findListFilter(const std::string &name);
FilterFunction findTextFilter(const std::string &name);
bool isFilter(const std::string &name);

} // namespace xlstm::jinja

#endif // XLSTM_RUNTIME_TEXT_JINJA_INTERPRETER_H
