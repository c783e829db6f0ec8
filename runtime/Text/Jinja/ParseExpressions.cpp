//===- ParseExpressions.cpp - expressions of a template -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Parser.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

namespace xlstm::jinja {

static constexpr int deepest = 200;

static SyntaxProblem tooDeep(int line) {
  return SyntaxProblem(line, "the template is nested deeper than " + std::to_string(deepest));
}

Parser::Nesting::Nesting(Parser &parser) : parser(parser) {
  if (parser.depth >= deepest)
    throw tooDeep(parser.token().line);
  ++parser.depth;
}

ExpressionPtr Parser::make(Expression::Kind kind, int line, std::string name) const {
  auto expression = std::make_unique<Expression>(Expression{kind, line});
  expression->name = std::move(name);
  return expression;
}

ExpressionPtr Parser::finished(ExpressionPtr expression) const {
  for (const ExpressionPtr &operand : expression->operands)
    expression->depth = std::max(expression->depth, operand ? operand->depth + 1 : 0);
  for (const auto &[name, operand] : expression->named)
    expression->depth = std::max(expression->depth, operand->depth + 1);
  for (const ExpressionPtr *operand : {&expression->unpacked, &expression->unpackedNamed})
    expression->depth = std::max(expression->depth, *operand ? (*operand)->depth + 1 : 0);
  if (expression->depth > deepest)
    throw tooDeep(expression->line);
  return expression;
}

ExpressionPtr Parser::makeBinary(std::string name, int line, ExpressionPtr a, ExpressionPtr b) const {
  ExpressionPtr expression = make(Expression::Binary, line, std::move(name));
  expression->operands.push_back(std::move(a));
  expression->operands.push_back(std::move(b));
  return finished(std::move(expression));
}

ExpressionPtr Parser::parseExpression(bool withCondition) {
  Nesting nesting(*this);
  ExpressionPtr value = parseOr();
  while (withCondition && atName("if")) {
    ExpressionPtr condition = make(Expression::Condition, token().line);
    ++at;
    condition->operands.push_back(std::move(value));
    condition->operands.push_back(parseOr());
    condition->operands.push_back(skipName("else") ? parseExpression() : nullptr);
    value = finished(std::move(condition));
  }
  return value;
}

bool Parser::atTupleEnd() const {
  return token().kind == Token::BlockEnd || token().kind == Token::PrintEnd || atOperator(")") || atName("in") ||
         atName("recursive");
}

ExpressionPtr Parser::parseTuple(bool withCondition) {
  int line = token().line;
  ExpressionPtr first = parseExpression(withCondition);
  if (!atOperator(","))
    return first;
  ExpressionPtr tuple = make(Expression::TupleOf, line);
  tuple->operands.push_back(std::move(first));
  while (skipOperator(",") && !atTupleEnd())
    tuple->operands.push_back(parseExpression(withCondition));
  return finished(std::move(tuple));
}

ExpressionPtr Parser::parseOr() {
  ExpressionPtr left = parseAnd();
  while (atName("or")) {
    int line = tokens[at++].line;
    left = makeBinary("or", line, std::move(left), parseAnd());
  }
  return left;
}

ExpressionPtr Parser::parseAnd() {
  ExpressionPtr left = parseNot();
  while (atName("and")) {
    int line = tokens[at++].line;
    left = makeBinary("and", line, std::move(left), parseNot());
  }
  return left;
}

ExpressionPtr Parser::parseNot() {
  if (!atName("not"))
    return parseCompare();
  Nesting nesting(*this);
  ExpressionPtr expression = make(Expression::Unary, tokens[at++].line, "not");
  expression->operands.push_back(parseNot());
  return finished(std::move(expression));
}

ExpressionPtr Parser::parseCompare() {
  static constexpr std::string_view operators[] = {"==", "!=", "<", "<=", ">", ">="};
  ExpressionPtr compare = make(Expression::Compare, token().line);
  compare->operands.push_back(parseSum());
  for (;;) {
    if (token().kind == Token::Operator && std::ranges::count(operators, token().text)) {
      compare->names.push_back(tokens[at++].text);
    } else if (skipName("in")) {
      compare->names.push_back("in");
    } else if (atName("not") && tokens[at + 1].kind == Token::Name && tokens[at + 1].text == "in") {
      at += 2;
      compare->names.push_back("not in");
    } else {
      break;
    }
    compare->operands.push_back(parseSum());
  }
  return compare->names.empty() ? std::move(compare->operands[0]) : finished(std::move(compare));
}

ExpressionPtr Parser::parseSum() {
  ExpressionPtr left = parseConcat();
  while (atOperator("+") || atOperator("-")) {
    const Token &sign = tokens[at++];
    left = makeBinary(sign.text, sign.line, std::move(left), parseConcat());
  }
  return left;
}

ExpressionPtr Parser::parseConcat() {
  ExpressionPtr concat = make(Expression::Concat, token().line);
  concat->operands.push_back(parseProduct());
  while (skipOperator("~"))
    concat->operands.push_back(parseProduct());
  return concat->operands.size() == 1 ? std::move(concat->operands[0]) : finished(std::move(concat));
}

ExpressionPtr Parser::parseProduct() {
  ExpressionPtr left = parsePower();
  while (atOperator("*") || atOperator("/") || atOperator("//") || atOperator("%")) {
    const Token &sign = tokens[at++];
    left = makeBinary(sign.text, sign.line, std::move(left), parsePower());
  }
  return left;
}

ExpressionPtr Parser::parsePower() {
  ExpressionPtr left = parseUnary();
  while (atOperator("**")) {
    int line = tokens[at++].line;
    left = makeBinary("**", line, std::move(left), parseUnary());
  }
  return left;
}

ExpressionPtr Parser::parseUnary(bool withFilters) {
  Nesting nesting(*this);
  ExpressionPtr expression;
  if (atOperator("-") || atOperator("+")) {
    expression = make(Expression::Unary, token().line, token().text);
    ++at;
    expression->operands.push_back(parseUnary(false));
    expression = finished(std::move(expression));
  } else {
    expression = parsePrimary();
  }
  expression = parsePostfix(std::move(expression));
  return withFilters ? parseFilters(std::move(expression)) : std::move(expression);
}

ExpressionPtr Parser::parseName() {
  int line = token().line;
  std::string name = expectName();
  ExpressionPtr constant = make(Expression::Constant, line);
  if (name == "true" || name == "True" || name == "false" || name == "False") {
    constant->value = Value(name == "true" || name == "True");
    return constant;
  }
  if (name == "none" || name == "None")
    return constant;
  for (Statement::Takes *takes : macros) {
    takes->caller |= name == "caller";
    takes->varargs |= name == "varargs";
    takes->kwargs |= name == "kwargs";
  }
  return make(Expression::Name, line, std::move(name));
}

ExpressionPtr Parser::parsePrimary() {
  ExpressionPtr constant = make(Expression::Constant, token().line);
  switch (token().kind) {
  case Token::Name:
    return parseName();
  case Token::String: {
    std::string text;
    while (token().kind == Token::String)
      text += tokens[at++].text;
    constant->value = Value(std::move(text));
    return constant;
  }
  case Token::Integer:
  case Token::Float:
    constant->value = tokens[at++].number;
    return constant;
  default:
    if (atOperator("("))
      return parseParenthesis();
    if (atOperator("["))
      return parseList();
    if (atOperator("{"))
      return parseDict();
    unexpected("an expression");
  }
}

ExpressionPtr Parser::parseParenthesis() {
  int line = tokens[at++].line;
  ExpressionPtr inner = atOperator(")") ? make(Expression::TupleOf, line) : parseTuple();
  expectOperator(")");
  return inner;
}

ExpressionPtr Parser::parseList() {
  ExpressionPtr list = make(Expression::ListOf, tokens[at++].line);
  while (!atOperator("]")) {
    if (!list->operands.empty())
      expectOperator(",");
    if (!atOperator("]"))
      list->operands.push_back(parseExpression());
  }
  ++at;
  return finished(std::move(list));
}

ExpressionPtr Parser::parseDict() {
  ExpressionPtr dict = make(Expression::DictOf, tokens[at++].line);
  while (!atOperator("}")) {
    if (!dict->operands.empty())
      expectOperator(",");
    if (atOperator("}"))
      break;
    dict->operands.push_back(parseExpression());
    expectOperator(":");
    dict->operands.push_back(parseExpression());
  }
  ++at;
  return finished(std::move(dict));
}

ExpressionPtr Parser::parsePostfix(ExpressionPtr operand) {
  for (;;) {
    int line = token().line;
    if (skipOperator(".")) {
      ExpressionPtr outer = make(token().kind == Token::Integer ? Expression::Item : Expression::Attribute, line);
      outer->operands.push_back(std::move(operand));
      if (token().kind == Token::Integer) {
        outer->operands.push_back(make(Expression::Constant, line));
        outer->operands[1]->value = tokens[at++].number;
      } else {
        outer->name = expectName();
      }
      operand = finished(std::move(outer));
    } else if (skipOperator("[")) {
      operand = parseSubscript(std::move(operand));
    } else if (atOperator("(")) {
      ExpressionPtr call = make(Expression::Call, line);
      call->operands.push_back(std::move(operand));
      parseArguments(*call);
      operand = finished(std::move(call));
    } else {
      return operand;
    }
  }
}

/// Behind `operand[`.
ExpressionPtr Parser::parseSubscript(ExpressionPtr operand) {
  ExpressionPtr item = make(Expression::Item, token().line);
  item->operands.push_back(std::move(operand));
  item->operands.push_back(atOperator(":") ? nullptr : parseExpression());
  if (atOperator(":")) {
    item->kind = Expression::Slice;
    while (item->operands.size() < 4 && skipOperator(":"))
      item->operands.push_back(atOperator(":") || atOperator("]") ? nullptr : parseExpression());
    item->operands.resize(4);
  }
  expectOperator("]");
  return finished(std::move(item));
}

ExpressionPtr Parser::parseFilters(ExpressionPtr operand) {
  for (;;) {
    if (skipOperator("|")) {
      operand = parseFilter(std::move(operand));
    } else if (skipName("is")) {
      operand = parseTest(std::move(operand));
    } else if (atOperator("(")) { // a call of what a filter returned
      ExpressionPtr call = make(Expression::Call, token().line);
      call->operands.push_back(std::move(operand));
      parseArguments(*call);
      operand = finished(std::move(call));
    } else {
      return operand;
    }
  }
}

ExpressionPtr Parser::parseFilter(ExpressionPtr operand) {
  ExpressionPtr filter = make(Expression::Filter, token().line);
  filter->operands.push_back(std::move(operand));
  filter->name = expectName();
  while (skipOperator("."))
    filter->name += "." + expectName();
  if (atOperator("("))
    parseArguments(*filter);
  return finished(std::move(filter));
}

ExpressionPtr Parser::parseTest(ExpressionPtr operand) {
  int line = token().line;
  bool negated = skipName("not");
  ExpressionPtr test = make(Expression::Test, line);
  test->operands.push_back(std::move(operand));
  test->name = expectName();
  bool isValue = token().kind == Token::String || token().kind == Token::Integer || token().kind == Token::Float ||
                 atOperator("[") || atOperator("{") ||
                 (token().kind == Token::Name && !atName("else") && !atName("or") && !atName("and"));
  if (atName("is"))
    complain("tests cannot be chained with 'is'");
  if (atOperator("("))
    parseArguments(*test);
  else if (isValue && !atName("if")) // `x is none if y`: no test takes a name 'if'
    test->operands.push_back(parsePostfix(parsePrimary()));
  test = finished(std::move(test));
  if (!negated)
    return test;
  ExpressionPtr negation = make(Expression::Unary, line, "not");
  negation->operands.push_back(std::move(test));
  return finished(std::move(negation));
}

void Parser::parseArguments(Expression &call) {
  expectOperator("(");
  bool first = true;
  while (!atOperator(")")) {
    if (!first)
      expectOperator(",");
    if (atOperator(")"))
      break;
    first = false;
    if (call.unpackedNamed)
      unexpected("the end of the arguments");
    if (!call.unpacked && skipOperator("*")) {
      call.unpacked = parseExpression();
    } else if (skipOperator("**")) {
      call.unpackedNamed = parseExpression();
    } else if (token().kind == Token::Name && tokens[at + 1].kind == Token::Operator && tokens[at + 1].text == "=") {
      std::string name = expectName();
      ++at;
      call.named.emplace_back(std::move(name), parseExpression());
    } else if (call.named.empty() && !call.unpacked) {
      call.operands.push_back(parseExpression());
    } else {
      unexpected("an argument with a name");
    }
  }
  ++at;
}

} // namespace xlstm::jinja
