//===- ParseStatements.cpp - statements of a template ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Parser.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

namespace xlstm::jinja {

static std::string describe(const Token &token) {
  switch (token.kind) {
  case Token::Text:
    return "text";
  case Token::BlockBegin:
    return "'{%'";
  case Token::BlockEnd:
    return "'%}'";
  case Token::PrintBegin:
    return "'{{'";
  case Token::PrintEnd:
    return "'}}'";
  case Token::String:
    return "the string " + quote(token.text);
  case Token::End:
    return "the template's end";
  default:
    return quote(token.text);
  }
}

void Parser::unexpected(const std::string &wanted) const {
  complain("expected " + wanted + ", found " + describe(token()));
}

void Parser::expectOperator(std::string_view text) {
  if (!skipOperator(text))
    unexpected(quote(text));
}

std::string Parser::expectName() {
  if (token().kind != Token::Name)
    unexpected("a name");
  return tokens[at++].text;
}

void Parser::expectEndOfBlock() {
  if (token().kind != Token::BlockEnd)
    unexpected("'%}'");
  ++at;
}

Body Parser::parseTemplate() { return parseBody({}); }

Body Parser::parseBody(Words ends, std::string *found) {
  Nesting nesting(*this);
  Body body;
  for (;;) {
    int line = token().line;
    if (token().kind == Token::End) {
      if (ends.size())
        unexpected(quote(*(ends.end() - 1)));
      return body;
    }
    if (token().kind == Token::Text) {
      body.push_back(std::make_unique<Statement>(Statement{Statement::Text, line, tokens[at++].text}));
      continue;
    }
    bool isPrint = tokens[at++].kind == Token::PrintBegin;
    if (isPrint) {
      body.push_back(std::make_unique<Statement>(Statement{Statement::Print, line}));
      body.back()->value = parseTuple();
      if (token().kind != Token::PrintEnd)
        unexpected("'}}'");
      ++at;
      continue;
    }
    if (token().kind == Token::Name && std::ranges::count(ends, token().text)) {
      std::string end = expectName();
      if (found)
        *found = end;
      return body;
    }
    body.push_back(parseStatement());
    expectEndOfBlock();
  }
}

std::unique_ptr<Statement> Parser::parseStatement() {
  auto statement = std::make_unique<Statement>(Statement{Statement::Text, token().line});
  std::string name = expectName();
  if (name == "if") {
    parseIf(*statement);
  } else if (name == "for") {
    parseFor(*statement);
  } else if (name == "set") {
    parseSet(*statement);
  } else if (name == "macro") {
    parseMacro(*statement);
  } else if (name == "call") {
    parseCallBlock(*statement);
  } else if (name == "with") {
    parseWith(*statement);
  } else if (name == "block") {
    parseBlock(*statement);
  } else if (name == "filter") {
    parseFilterBlock(*statement);
  } else if (name == "generation") {
    statement->kind = Statement::Generation;
    expectEndOfBlock();
    statement->body = parseBody({"endgeneration"});
  } else if (name == "break" || name == "continue") {
    if (!loops)
      throw SyntaxProblem(statement->line, quote(name) + " stands outside of a loop");
    statement->kind = name == "break" ? Statement::Break : Statement::Continue;
  } else {
    bool isEnd = name.starts_with("end") || name == "else" || name == "elif";
    throw SyntaxProblem(statement->line,
                        "the statement " + quote(name) + (isEnd ? " ends nothing" : " is not supported"));
  }
  return statement;
}

void Parser::parseIf(Statement &statement) {
  statement.kind = Statement::If;
  for (;;) {
    ExpressionPtr test = parseTuple(/*withCondition=*/false);
    expectEndOfBlock();
    std::string end;
    Body body = parseBody({"elif", "else", "endif"}, &end);
    statement.branches.emplace_back(std::move(test), std::move(body));
    if (end == "endif")
      return;
    if (end == "else")
      break;
  }
  expectEndOfBlock();
  statement.otherwise = parseBody({"endif"});
}

ExpressionPtr Parser::parseTarget(bool withNamespace) {
  Nesting nesting(*this);
  auto one = [&]() -> ExpressionPtr {
    int line = token().line;
    if (skipOperator("(")) {
      ExpressionPtr inner = parseTarget(withNamespace);
      expectOperator(")");
      return inner;
    }
    std::string name = expectName();
    if (!withNamespace || !skipOperator("."))
      return make(Expression::Name, line, std::move(name));
    ExpressionPtr member = make(Expression::Attribute, line, expectName());
    member->operands.push_back(make(Expression::Name, line, std::move(name)));
    return member;
  };
  int line = token().line;
  ExpressionPtr first = one();
  if (!atOperator(","))
    return first;
  ExpressionPtr tuple = make(Expression::TupleOf, line);
  tuple->operands.push_back(std::move(first));
  while (skipOperator(",") && !atTupleEnd() && !atOperator("="))
    tuple->operands.push_back(one());
  return tuple;
}

void Parser::parseFor(Statement &statement) {
  statement.kind = Statement::For;
  statement.target = parseTarget(/*withNamespace=*/false);
  if (!skipName("in"))
    unexpected("'in'");
  statement.value = parseTuple(/*withCondition=*/false);
  if (skipName("if"))
    statement.test = parseExpression();
  statement.recursive = skipName("recursive");
  expectEndOfBlock();
  std::string end;
  ++loops;
  statement.body = parseBody({"else", "endfor"}, &end);
  --loops;
  if (end == "else") {
    expectEndOfBlock();
    statement.otherwise = parseBody({"endfor"});
  }
}

void Parser::parseSet(Statement &statement) {
  statement.kind = Statement::Set;
  statement.target = parseTarget(/*withNamespace=*/true);
  if (skipOperator("=")) {
    statement.value = parseTuple();
    return;
  }
  statement.kind = Statement::SetBlock;
  statement.value = make(Expression::Name, statement.line, blockText);
  while (skipOperator("|"))
    statement.value = parseFilter(std::move(statement.value));
  expectEndOfBlock();
  statement.body = parseBody({"endset"});
}

void Parser::parseFilterBlock(Statement &statement) {
  statement.kind = Statement::FilterBlock;
  statement.value = parseFilter(make(Expression::Name, statement.line, blockText));
  while (skipOperator("|"))
    statement.value = parseFilter(std::move(statement.value));
  expectEndOfBlock();
  statement.body = parseBody({"endfilter"});
}

void Parser::parseMacro(Statement &statement) {
  statement.kind = Statement::Macro;
  statement.text = expectName();
  parseParameters(statement);
  parseMacroBody(statement, "endmacro");
}

void Parser::parseParameters(Statement &statement) {
  expectOperator("(");
  while (!atOperator(")")) {
    if (!statement.parameters.empty())
      expectOperator(",");
    Statement::Parameter parameter{expectName(), nullptr};
    if (skipOperator("="))
      parameter.otherwise = parseExpression();
    else if (!statement.parameters.empty() && statement.parameters.back().otherwise)
      complain("a parameter without a default follows one with a default");
    statement.parameters.push_back(std::move(parameter));
  }
  ++at;
}

void Parser::parseMacroBody(Statement &statement, std::string_view end) {
  expectEndOfBlock();
  int outerLoops = std::exchange(loops, 0);
  macros.push_back(&statement.takes);
  statement.body = parseBody({end});
  macros.pop_back();
  loops = outerLoops;
  for (const Statement::Parameter &parameter : statement.parameters)
    if (parameter.name == "caller" && !parameter.otherwise && statement.takes.caller)
      throw SyntaxProblem(statement.line, "the parameter 'caller' needs a default");
}

void Parser::parseCallBlock(Statement &statement) {
  statement.kind = Statement::CallBlock;
  statement.text = "caller";
  if (atOperator("("))
    parseParameters(statement);
  statement.value = parseExpression();
  if (statement.value->kind != Expression::Call)
    throw SyntaxProblem(statement.line, "'call' expects the call of a macro");
  parseMacroBody(statement, "endcall");
}

void Parser::parseWith(Statement &statement) {
  statement.kind = Statement::With;
  while (token().kind != Token::BlockEnd) {
    if (statement.target)
      expectOperator(",");
    else
      statement.target = make(Expression::TupleOf, statement.line);
    statement.target->operands.push_back(parseTarget(/*withNamespace=*/false));
    expectOperator("=");
    if (!statement.value)
      statement.value = make(Expression::TupleOf, statement.line);
    statement.value->operands.push_back(parseExpression());
  }
  expectEndOfBlock();
  statement.body = parseBody({"endwith"});
}

void Parser::parseBlock(Statement &statement) {
  statement.kind = Statement::Block;
  statement.text = expectName();
  if (skipName("required"))
    throw SyntaxProblem(statement.line, "a block that another template must fill is not supported");
  statement.scoped = skipName("scoped");
  expectEndOfBlock();
  int outerLoops = std::exchange(loops, 0);
  statement.body = parseBody({"endblock"});
  loops = outerLoops;
  if (token().kind == Token::Name && expectName() != statement.text)
    complain("expected the end of block " + quote(statement.text));
}

Body parseTemplate(std::string_view source) { return Parser(tokenize(source)).parseTemplate(); }

} // namespace xlstm::jinja
