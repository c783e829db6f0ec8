//===- Ast.h - a parsed template ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_JINJA_AST_H
#define XLSTM_RUNTIME_TEXT_JINJA_AST_H

#include "runtime/Text/Jinja/Value.h"

namespace xlstm::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Expression {
  enum Kind {
    Constant,  // value
    Name,      // name
    ListOf,    // operands
    TupleOf,   // operands
    DictOf,    // operands: key, value, key, value, ...
    Attribute, // operands[0].name
    Item,      // operands[0][operands[1]]
    Slice,     // operands[0][1:2:3], the last three may be null
    Call,      // operands[0](rest, named)
    Filter,    // operands[0] | name(rest, named)
    Test,      // operands[0] is name(rest, named)
    Unary,     // name: - + not
    Binary,    // name: + - * / // % ** and or
    Concat,    // operands ~ ...
    Compare,   // operands[0] names[0] operands[1] ...
    Condition, // operands: value, test, otherwise or null
  };
  Kind kind;
  int line;
  std::string name = {};
  Value value = {};
  std::vector<ExpressionPtr> operands = {};
  std::vector<std::pair<std::string, ExpressionPtr>> named = {};
  ExpressionPtr unpacked = {}, unpackedNamed = {}; // of a call: *unpacked, **unpackedNamed; or null
  std::vector<std::string> names = {};
  int depth = 1; // of the tree
};

struct Statement;
using Body = std::vector<std::unique_ptr<Statement>>;

struct Statement {
  enum Kind {
    Text,        // text
    Print,       // value
    If,          // branches, otherwise
    For,         // target in value if test: body, else otherwise; recursive
    Set,         // target = value
    SetBlock,    // target = body, through filters (value, applied to a Name that stands for the body)
    Macro,       // text is its name; parameters; body; takes
    CallBlock,   // value is a call; the macro it gives as `caller` as in Macro
    With,        // target = value, both tuples; body
    Block,       // body, which sees the template's variables alone unless it is scoped
    Generation,  // body
    FilterBlock, // value, applied as in SetBlock; body
    Break,
    Continue,
  };
  struct Parameter {
    std::string name;
    ExpressionPtr otherwise; // or null
  };
  Kind kind;
  int line;
  std::string text = {};
  ExpressionPtr target = {}, value = {}, test = {};
  std::vector<std::pair<ExpressionPtr, Body>> branches = {};
  std::vector<Parameter> parameters = {};
  /// What of a macro's call its body asks for beyond its parameters.
  struct Takes {
    bool caller = false, varargs = false, kwargs = false;
  } takes = {};
  bool recursive = false; // of For
  bool scoped = false;    // of Block
  Body body = {}, otherwise = {};
};

/// The name under which SetBlock and FilterBlock give their text to their filters; no template can spell it.
inline constexpr const char *blockText = "(text)";

/// Throws SyntaxProblem.
Body parseTemplate(std::string_view source);

} // namespace xlstm::jinja

#endif // XLSTM_RUNTIME_TEXT_JINJA_AST_H
