//===- Parser.h - tokens to a tree ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_JINJA_PARSER_H
#define XLSTM_RUNTIME_TEXT_JINJA_PARSER_H

#include "runtime/Text/Jinja/Ast.h"
#include "runtime/Text/Jinja/Lexer.h"

#include <initializer_list>

namespace xlstm::jinja {

/// The grammar of jinja2/parser.py, a function a rule.
class Parser {
public:
  explicit Parser(std::vector<Token> tokens) : tokens(std::move(tokens)) {}
  Body parseTemplate();

private:
  using Words = std::initializer_list<std::string_view>;

  // Tokens.
  const Token &token() const { return tokens[at]; }
  bool atName(std::string_view name) const { return token().kind == Token::Name && token().text == name; }
  bool atOperator(std::string_view text) const { return token().kind == Token::Operator && token().text == text; }
  bool skipName(std::string_view name) { return atName(name) && ++at; }
  bool skipOperator(std::string_view text) { return atOperator(text) && ++at; }
  void expectOperator(std::string_view text);
  std::string expectName();
  void expectEndOfBlock();
  [[noreturn]] void complain(const std::string &text) const { throw SyntaxProblem(token().line, text); }
  [[noreturn]] void unexpected(const std::string &wanted) const;

  // Statements.
  /// Up to a block that begins with one of `ends`, whose `{%` and name are then read; `found` says which.
  Body parseBody(Words ends, std::string *found = nullptr);
  std::unique_ptr<Statement> parseStatement();
  void parseIf(Statement &statement);
  void parseFor(Statement &statement);
  void parseSet(Statement &statement);
  void parseMacro(Statement &statement);
  void parseCallBlock(Statement &statement);
  void parseWith(Statement &statement);
  void parseBlock(Statement &statement);
  void parseParameters(Statement &statement);
  void parseMacroBody(Statement &statement, std::string_view end);
  void parseFilterBlock(Statement &statement);
  ExpressionPtr parseTarget(bool withNamespace);

  // Expressions.
  ExpressionPtr parseExpression(bool withCondition = true);
  /// An expression, or a tuple of them without parentheses.
  ExpressionPtr parseTuple(bool withCondition = true);
  ExpressionPtr parseOr();
  ExpressionPtr parseAnd();
  ExpressionPtr parseNot();
  ExpressionPtr parseCompare();
  ExpressionPtr parseSum();
  ExpressionPtr parseConcat();
  ExpressionPtr parseProduct();
  ExpressionPtr parsePower();
  ExpressionPtr parseUnary(bool withFilters = true);
  ExpressionPtr parsePrimary();
  ExpressionPtr parseName();
  ExpressionPtr parseParenthesis();
  ExpressionPtr parseList();
  ExpressionPtr parseDict();
  ExpressionPtr parsePostfix(ExpressionPtr operand);
  ExpressionPtr parseSubscript(ExpressionPtr operand);
  ExpressionPtr parseFilters(ExpressionPtr operand);
  ExpressionPtr parseFilter(ExpressionPtr operand);
  ExpressionPtr parseTest(ExpressionPtr operand);
  void parseArguments(Expression &call);
  bool atTupleEnd() const;

  ExpressionPtr make(Expression::Kind kind, int line, std::string name = {}) const;
  ExpressionPtr makeBinary(std::string name, int line, ExpressionPtr a, ExpressionPtr b) const;
  /// Notes how deep the tree is: it is walked by recursion.
  ExpressionPtr finished(ExpressionPtr expression) const;

  /// Counts how deep the parser has gone.
  struct Nesting {
    explicit Nesting(Parser &parser);
    ~Nesting() { --parser.depth; }
    Parser &parser;
  };

  std::vector<Token> tokens;
  size_t at = 0;
  int depth = 0, loops = 0;
  std::vector<Statement::Takes *> macros; // those around the current place
};

} // namespace xlstm::jinja

#endif // XLSTM_RUNTIME_TEXT_JINJA_PARSER_H
