//===- Lexer.h - a template's text as tokens ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_JINJA_LEXER_H
#define XLSTM_RUNTIME_TEXT_JINJA_LEXER_H

#include "runtime/Text/Jinja/Value.h"

namespace xlstm::jinja {

struct Token {
  enum Kind { Text, BlockBegin, BlockEnd, PrintBegin, PrintEnd, Name, String, Integer, Float, Operator, End };
  Kind kind = End;
  std::string text;  // of a string its content, of an operator its spelling
  Value number = {}; // of Integer and Float
  int line = 1;
};

/// A problem of a template's text at a line.
class SyntaxProblem : public Problem {
public:
  SyntaxProblem(int line, const std::string &text) : Problem(text), line(line) {}
  int line;
};

/// The tokens of `source` (valid UTF-8), white space controlled as with trim_blocks and lstrip_blocks; the last one is
/// End. Throws SyntaxProblem.
std::vector<Token> tokenize(std::string_view source);

} // namespace xlstm::jinja

#endif // XLSTM_RUNTIME_TEXT_JINJA_LEXER_H
