//===- Lexer.cpp - a template's text as tokens ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Lexer.h"
#include "runtime/Text/Jinja/Strings.h"
#include "runtime/Text/Unicode.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace xlstm::jinja {

namespace {

constexpr size_t mostTokens = 1'000'000;

/// As in jinja2/lexer.py.
class Lexer {
public:
  explicit Lexer(std::string source) : source(std::move(source)) {}
  std::vector<Token> run();

private:
  std::string_view rest() const { return std::string_view(source).substr(at); }
  bool startsWith(std::string_view text) const { return rest().starts_with(text); }
  [[noreturn]] void complain(const std::string &text) const { throw SyntaxProblem(line, text); }
  void advance(size_t count) {
    line += int(std::count(source.begin() + at, source.begin() + at + count, '\n'));
    at += count;
  }
  void push(Token::Kind kind, std::string text = {}, Value number = {}) {
    if (tokens.size() >= mostTokens)
      complain("the template is too long");
    tokens.push_back({kind, std::move(text), std::move(number), line});
  }
  void skipSpace() { advance(rest().size() - strip(rest(), Side::Left).size()); }

  void readText();
  void pushText(std::string_view text, char sign, bool isPrint);
  char readSign() {
    char sign = startsWith("-") || startsWith("+") ? source[at] : 0;
    advance(sign ? 1 : 0);
    return sign;
  }
  void skipComment();
  bool readRaw();
  /// The end of a block, comment or raw block at `at`: white space behind it goes as its sign says.
  bool readEnd(std::string_view delimiter, bool isPrint);
  void readCode(bool isPrint);
  void readToken();
  void readName();
  void readNumber();
  bool readPrefixedNumber();
  void readString();
  void readOperator();
  void readEscape(std::string &out);

  std::string source;
  size_t at = 0;
  int line = 1;
  bool lineStarts = true; // what was read last ends in a line break
  std::string brackets;
  std::vector<Token> tokens;
};

} // namespace

/// Text before a tag that begins with `sign`.
void Lexer::pushText(std::string_view text, char sign, bool isPrint) {
  std::string_view kept = text;
  if (sign == '-') {
    kept = strip(text, Side::Right);
  } else if (sign != '+' && !isPrint) {
    size_t start = text.rfind('\n') + 1; // 0 when there is none
    if ((start > 0 || lineStarts) && strip(text.substr(start)).empty())
      kept = text.substr(0, start);
  }
  if (!kept.empty())
    push(Token::Text, std::string(kept));
}

bool Lexer::readEnd(std::string_view delimiter, bool isPrint) {
  size_t sign = startsWith("-") || (startsWith("+") && !isPrint) ? 1 : 0;
  if (!rest().substr(sign).starts_with(delimiter))
    return false;
  bool strips = startsWith("-"), keeps = startsWith("+");
  advance(sign + delimiter.size());
  if (strips)
    skipSpace();
  else if (!keeps && !isPrint && startsWith("\n"))
    advance(1);
  lineStarts = source[at - 1] == '\n';
  return true;
}

void Lexer::readText() {
  std::string_view text = rest();
  size_t begin = text.find('{');
  while (begin != text.npos && (begin + 1 == text.size() || std::string_view("{%#").find(text[begin + 1]) == text.npos))
    begin = text.find('{', begin + 1);
  if (begin == text.npos) {
    push(Token::Text, std::string(text));
    return advance(text.size());
  }
  char kind = text[begin + 1], sign = begin + 2 < text.size() ? text[begin + 2] : 0;
  int textLine = line;
  size_t before = tokens.size();
  pushText(text.substr(0, begin), sign, kind == '{');
  if (tokens.size() > before)
    tokens.back().line = textLine;
  advance(begin + 2);
  readSign();
  lineStarts = false;
  if (kind == '#')
    return skipComment();
  if (kind == '%' && readRaw())
    return;
  push(kind == '%' ? Token::BlockBegin : Token::PrintBegin);
  readCode(kind == '{');
}

void Lexer::skipComment() {
  size_t end = rest().find("#}");
  if (end == rest().npos)
    complain("a comment is not closed");
  if (end > 0 && (rest()[end - 1] == '-' || rest()[end - 1] == '+'))
    --end;
  advance(end);
  readEnd("#}", false);
}

/// {% raw %} ... {% endraw %}, of which `{%` has been read.
bool Lexer::readRaw() {
  std::string_view tag = strip(rest(), Side::Left);
  if (!tag.starts_with("raw"))
    return false;
  std::string_view end = strip(tag.substr(3), Side::Left);
  bool strips = end.starts_with("-%}");
  if (!strips && !end.starts_with("%}"))
    return false;
  advance(rest().size() - end.size() + (strips ? 3 : 2));
  if (strips)
    skipSpace();
  lineStarts = source[at - 1] == '\n';
  for (size_t from = 0;; ++from) {
    from = rest().find("{%", from);
    if (from == rest().npos)
      complain("a raw block is not closed");
    std::string_view behind = rest().substr(from + 2);
    char sign = behind.starts_with("-") || behind.starts_with("+") ? behind[0] : 0;
    std::string_view word = strip(behind.substr(sign ? 1 : 0), Side::Left);
    if (!word.starts_with("endraw"))
      continue;
    word = strip(word.substr(6), Side::Left);
    if (!word.starts_with("%}") && !word.starts_with("-%}") && !word.starts_with("+%}"))
      continue;
    pushText(rest().substr(0, from), sign, false);
    advance(rest().size() - word.size());
    return readEnd("%}", false);
  }
}

void Lexer::readCode(bool isPrint) {
  for (;;) {
    skipSpace();
    if (at == source.size())
      complain(isPrint ? "'{{' is not closed" : "'{%' is not closed");
    if (brackets.empty() && readEnd(isPrint ? "}}" : "%}", isPrint))
      return push(isPrint ? Token::PrintEnd : Token::BlockEnd);
    readToken();
  }
}

void Lexer::readToken() {
  auto [code, length] = text::firstCharacter(rest());
  if (code == '\'' || code == '"')
    readString();
  else if (code >= '0' && code <= '9')
    readNumber();
  else if (code == '_' || text::isWord(code))
    readName();
  else
    readOperator();
}

void Lexer::readName() {
  size_t end = 0;
  for (std::string_view text = rest(); end < text.size();) {
    auto [code, length] = text::firstCharacter(text.substr(end));
    if (!text::isWord(code))
      break;
    end += length;
  }
  std::string name(rest().substr(0, end));
  push(Token::Name, std::move(name));
  advance(end);
}

/// Digits with single underscores between them, from `from` on.
static size_t digitsEnd(std::string_view text, size_t from) {
  auto isDigit = [&](size_t n) { return n < text.size() && text[n] >= '0' && text[n] <= '9'; };
  while (isDigit(from) || (from < text.size() && text[from] == '_' && isDigit(from + 1)))
    ++from;
  return from;
}

/// 0x1f, 0o17 and 0b11.
bool Lexer::readPrefixedNumber() {
  std::string_view text = rest();
  char letter = text.size() > 1 && text[0] == '0' ? char(text[1] | 0x20) : 0;
  int base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  if (!base)
    return false;
  size_t end = 2;
  while (end < text.size() && (std::isxdigit(static_cast<unsigned char>(text[end])) || text[end] == '_'))
    ++end;
  std::string digits(text.substr(2, end - 2));
  bool isWrong = digits.ends_with('_') || digits.find("__") != digits.npos;
  std::erase(digits, '_');
  int64_t value = 0;
  auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (isWrong || result.ec != std::errc() || result.ptr != digits.data() + digits.size())
    complain("the number " + quote(text.substr(0, end)) + " is not supported");
  push(Token::Integer, digits, Value(value));
  advance(end);
  return true;
}

void Lexer::readNumber() {
  if (readPrefixedNumber())
    return;
  std::string_view text = rest();
  size_t whole = digitsEnd(text, 0), end = whole;
  bool isFloat = false;
  if (end + 1 < text.size() && text[end] == '.' && text[end + 1] >= '0' && text[end + 1] <= '9') {
    end = digitsEnd(text, end + 1);
    isFloat = true;
  }
  if (end < text.size() && (text[end] | 0x20) == 'e') {
    size_t sign = end + 1 < text.size() && (text[end + 1] == '+' || text[end + 1] == '-') ? 1 : 0;
    if (size_t exponent = digitsEnd(text, end + 1 + sign); exponent > end + 1 + sign) {
      end = exponent;
      isFloat = true;
    }
  }
  std::string digits(text.substr(0, end));
  std::erase(digits, '_');
  int64_t integer = 0;
  double real = 0;
  auto result = isFloat ? std::from_chars(digits.data(), digits.data() + digits.size(), real)
                        : std::from_chars(digits.data(), digits.data() + digits.size(), integer);
  bool octal = !isFloat && digits.size() > 1 && digits[0] == '0' && digits.find_first_not_of('0') != digits.npos;
  bool prefixed = whole < text.size() && text::isWord(text::firstCharacter(text.substr(end)).code);
  if (result.ec != std::errc() || octal || (prefixed && end < text.size()))
    complain("the number " + quote(text.substr(0, std::min<size_t>(end + 1, text.size()))) + " is not supported");
  push(isFloat ? Token::Float : Token::Integer, digits, isFloat ? Value(real) : Value(integer));
  advance(end);
}

void Lexer::readEscape(std::string &out) {
  static constexpr std::string_view letters = "\\'\"abfnrtv\n", meanings = "\\'\"\a\b\f\n\r\t\v";
  if (at + 1 >= source.size())
    complain("a string is not closed");
  char letter = source[at + 1];
  if (size_t known = letters.find(letter); known != letters.npos) {
    if (letter != '\n') // a line break behind a backslash says nothing
      out += meanings[known];
    return advance(2);
  }
  size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0, from = at + 2;
  int base = 16;
  if (letter >= '0' && letter <= '7') {
    base = 8;
    from = at + 1;
    while (digits < 3 && from + digits < source.size() && source[from + digits] >= '0' && source[from + digits] <= '7')
      ++digits;
  }
  if (letter == 'N')
    complain("the escape \\N is not supported");
  if (!digits) { // an unknown escape stands for itself
    out += '\\';
    return advance(1);
  }
  uint32_t code = 0;
  const char *first = source.data() + from, *last = source.data() + std::min(from + digits, source.size());
  auto result = std::from_chars(first, last, code, base);
  if (result.ec != std::errc() || result.ptr != first + digits || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
    complain("expected a character's number behind '\\" + std::string(1, letter) + "'");
  text::appendUtf8(out, int32_t(code));
  advance(from + digits - at);
}

void Lexer::readString() {
  int start = line;
  char mark = source[at];
  std::string out;
  advance(1);
  while (at < source.size() && source[at] != mark) {
    if (source[at] == '\\') {
      readEscape(out);
    } else {
      out += source[at];
      advance(1);
    }
  }
  if (at == source.size())
    throw SyntaxProblem(start, "a string is not closed");
  advance(1);
  push(Token::String, std::move(out));
}

void Lexer::readOperator() {
  static constexpr std::string_view operators[] = {"//", "**", "==", "!=", "<=", ">=", "+", "-", "*",
                                                   "/",  "%",  "~",  "<",  ">",  "=",  "(", ")", "[",
                                                   "]",  "{",  "}",  ",",  ".",  ":",  "|", ";"};
  auto found = std::ranges::find_if(operators, [&](std::string_view text) { return startsWith(text); });
  if (found == std::end(operators))
    complain("unexpected character " + quote(rest().substr(0, text::firstCharacter(rest()).length)));
  std::string_view open = "([{", close = ")]}";
  if (size_t kind = open.find((*found)[0]); kind != open.npos) {
    brackets += close[kind];
  } else if (close.find((*found)[0]) != close.npos) {
    if (brackets.empty() || brackets.back() != (*found)[0])
      complain("unexpected " + quote(*found));
    brackets.pop_back();
  }
  push(Token::Operator, std::string(*found));
  advance(found->size());
}

std::vector<Token> Lexer::run() {
  while (at < source.size())
    readText();
  push(Token::End);
  return std::move(tokens);
}

std::vector<Token> tokenize(std::string_view source) {
  std::string text = replaced(replaced(source, "\r\n", "\n"), "\r", "\n");
  if (text.ends_with('\n'))
    text.pop_back();
  return Lexer(std::move(text)).run();
}

} // namespace xlstm::jinja
