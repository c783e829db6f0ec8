//===- Class.cpp - character classes --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// PCRE2 has neither nested classes nor intersections: the first become alternatives that give nothing back, the second
// look ahead for every operand.

#include "runtime/Text/Oniguruma/Reader.h"

using namespace xlstm::text;
using namespace xlstm::text::oniguruma;

namespace {

constexpr int deepest = 100;

/// What was read of one operand.
struct Operand {
  std::string body;                // of a PCRE2 class
  std::vector<std::string> others; // expressions that take one character

  bool empty() const { return body.empty() && others.empty(); }
  void add(const NamedSet &set);
  std::string expression() const;
};

class ClassReader {
public:
  ClassReader(Reader &reader, bool ignoreCase, int depth) : reader(reader), ignoreCase(ignoreCase), depth(depth) {}

  /// Reads up to the closing bracket; `complement` says that all characters but these are meant.
  Operand read(bool &complement);

private:
  void readElement(Operand &operand, bool isFirst);
  void readBracket(Operand &operand);
  void readRange(Operand &operand, int32_t from);
  /// A character that may begin or end a range; nothing where a set stands.
  std::optional<int32_t> readCharacter(Operand &operand);
  void addSet(Operand &operand, const NamedSet &set);

  Reader &reader;
  bool ignoreCase;
  int depth;
};

} // namespace

void Operand::add(const NamedSet &set) {
  bool isProperty = set.body.starts_with("\\p{") && set.body.find('}') + 1 == set.body.size();
  if (!set.complement)
    body += set.body;
  else if (isProperty)
    body += "\\P" + set.body.substr(2);
  else
    others.push_back(toClass(set));
}

std::string Operand::expression() const {
  std::string flat = body.empty() ? "" : "[" + body + "]";
  if (others.empty())
    return flat;
  std::string out = "(?>" + flat;
  for (const std::string &other : others)
    out += (out.size() > 3 ? "|" : "") + other;
  return out + ")";
}

void ClassReader::addSet(Operand &operand, const NamedSet &set) {
  // Under (?i) Oniguruma adds what the members fold to. Digits, spaces and hexadecimal digits have it already.
  if (ignoreCase && set.body != digitSet().body && set.body != spaceSet().body && set.body != hexSet().body)
    reader.refuse("a named set in a class under (?i)");
  operand.add(set);
}

std::optional<int32_t> ClassReader::readCharacter(Operand &operand) {
  int32_t code = reader.next();
  if (code != '\\')
    return code;
  if (reader.atEnd())
    reader.invalid("it ends with a backslash");
  code = reader.next();
  if (code < 0x80)
    if (std::optional<NamedSet> set = escapedSet(char(code), reader, /*inClass=*/true)) {
      addSet(operand, *set);
      return std::nullopt;
    }
  if (code >= '1' && code <= '7') {
    reader.rewind(reader.position() - 1);
    auto [value, count] = reader.digits(8, 3);
    if (value > 0x7F)
      reader.refuse("a byte of UTF-8");
    return int32_t(value);
  }
  return code == 'b' ? '\b' : escapedCharacter(code, reader);
}

void ClassReader::readRange(Operand &operand, int32_t from) {
  int32_t to = from;
  size_t before = reader.position();
  if (reader.peek() == '-' && reader.peek(1) == '[')
    reader.refuse("a range that ends with a class");
  if (reader.peek() == '-' && reader.peek(1) != ']' && !(reader.peek(1) == '&' && reader.peek(2) == '&')) {
    reader.take("-");
    Operand set;
    std::optional<int32_t> end = readCharacter(set);
    if (end)
      to = *end;
    else
      reader.rewind(before); // "[a-\d]": the minus is one of the characters
  }
  if (to < from)
    reader.invalid("a range that ends before it begins");
  if (ignoreCase && to != from && to > 0x7F)
    reader.refuse("a range beyond ASCII under (?i)");
  if (ignoreCase)
    checkFolds(to, reader);
  operand.body += toLiteral(from) + (to == from ? "" : "-" + toLiteral(to));
}

void ClassReader::readBracket(Operand &operand) {
  if (reader.take(":")) {
    bool complement = reader.take("^");
    std::string_view name = reader.takeUntil(":]", "[:");
    std::optional<NamedSet> set = posixSet(name);
    if (!set)
      reader.refuse("the POSIX class [:" + std::string(name.substr(0, 20)) + ":]");
    set->complement ^= complement;
    return addSet(operand, *set);
  }
  if (depth == deepest)
    reader.refuse("classes nested too deeply");
  bool complement = false;
  Operand inner = ClassReader(reader, ignoreCase, depth + 1).read(complement);
  if (!complement) {
    operand.body += inner.body;
    operand.others.insert(operand.others.end(), inner.others.begin(), inner.others.end());
  } else if (ignoreCase) {
    reader.refuse("a negated class in a class under (?i)");
  } else if (inner.others.empty()) {
    operand.others.push_back("[^" + inner.body + "]");
  } else {
    operand.others.push_back("(?:(?!" + inner.expression() + ")(?s:.))");
  }
}

void ClassReader::readElement(Operand &operand, bool isFirst) {
  if (reader.peek() == ']' && isFirst) {
    reader.take("]");
    return readRange(operand, ']');
  }
  if (reader.take("["))
    return readBracket(operand);
  if (std::optional<int32_t> code = readCharacter(operand))
    return readRange(operand, *code);
  if (reader.peek() == '-' && reader.peek(1) != ']' && !(reader.peek(1) == '&' && reader.peek(2) == '&'))
    reader.invalid("a range that begins with a set");
}

Operand ClassReader::read(bool &complement) {
  complement = reader.take("^");
  std::vector<Operand> operands(1);
  for (bool isFirst = true; isFirst || reader.peek() != ']'; isFirst = false) {
    if (reader.atEnd())
      reader.invalid("missing terminating ] for character class");
    if (!reader.take("&&")) {
      readElement(operands.back(), isFirst);
      continue;
    }
    if (operands.back().empty())
      reader.refuse("an empty side of &&");
    operands.emplace_back();
  }
  reader.take("]");
  if (operands.back().empty())
    reader.refuse("an empty side of &&");
  if (operands.size() == 1)
    return operands[0];
  std::string all = "(?:";
  for (size_t n = 0; n + 1 < operands.size(); ++n)
    all += "(?=" + operands[n].expression() + ")";
  return {"", {all + operands.back().expression() + ")"}};
}

std::string oniguruma::readClass(Reader &reader, bool ignoreCase) {
  bool complement = false;
  Operand all = ClassReader(reader, ignoreCase, 0).read(complement);
  if (!complement)
    return all.expression();
  return all.others.empty() ? "[^" + all.body + "]" : "(?:(?!" + all.expression() + ")(?s:.))";
}
