//===- Format.cpp - Python's two ways to format a string ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Jinja/Format.h"
#include "runtime/Text/Jinja/Strings.h"
#include "runtime/Text/Unicode.h"
#include "xlstm/Support/Quote.h"

#include <charconv>
#include <cmath>

namespace xlstm::jinja {

namespace {

/// [[fill]align][sign][#][0][width][grouping][.precision][type] of a format specification, or what stands behind '%'.
struct Spec {
  std::string fill = " ";
  char align = 0, sign = '-', group = 0, type = 0;
  bool alternate = false;
  int64_t width = 0, precision = -1;
};

/// Reads a format one part after the other.
struct Cursor {
  std::string_view rest;

  bool skip(char c) {
    if (!rest.starts_with(c))
      return false;
    rest.remove_prefix(1);
    return true;
  }
  /// The next character when it is one of `set`, else 0.
  char oneOf(std::string_view set) {
    char c = !rest.empty() && set.find(rest[0]) != set.npos ? rest[0] : 0;
    rest.remove_prefix(c ? 1 : 0);
    return c;
  }
  int64_t number(int64_t absent) {
    int64_t value = absent;
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (rest.starts_with('-') || error != std::errc())
      return absent;
    rest.remove_prefix(size_t(end - rest.data()));
    if (value > 1'000'000)
      throw Problem("a format asks for " + std::to_string(value) + " characters");
    return value;
  }
};

} // namespace

std::string padded(const std::string &text, int64_t width, char align, std::string_view fill, Budget &budget) {
  int64_t length = int64_t(characterOffsets(text).size()) - 1;
  if (width <= length)
    return text;
  budget.spendBytes(size_t(std::min<int64_t>(width, int64_t{1} << 40)) * fill.size());
  size_t lacking = size_t(width - length);
  size_t left = align == '>' ? lacking : align == '^' ? lacking / 2 : 0;
  std::string out;
  for (size_t n = 0; n < left; ++n)
    out += fill;
  size_t head = align == '=' && !text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == ' ') ? 1 : 0;
  if (align == '=' && text.size() > head + 1 && text[head] == '0' && (text[head + 1] | 0x20) == 'x')
    head += 2;
  out.append(text, 0, head);
  for (size_t n = left; n < lacking && align == '='; ++n)
    out += fill;
  out.append(text, head);
  for (size_t n = left; n < lacking && align != '='; ++n)
    out += fill;
  return out;
}

/// Separators between groups of three digits in front of the point.
static std::string grouped(const std::string &digits, char separator) {
  size_t point = digits.find_first_not_of("0123456789");
  size_t whole = point == digits.npos ? digits.size() : point;
  std::string out;
  for (size_t n = 0; n < whole; ++n) {
    if (n && (whole - n) % 3 == 0)
      out += separator;
    out += digits[n];
  }
  return out + digits.substr(whole);
}

static std::string inBase(uint64_t value, const Spec &spec) {
  char digits[80];
  int base = spec.type == 'b' ? 2 : spec.type == 'o' ? 8 : (spec.type | 0x20) == 'x' ? 16 : 10;
  std::string text(digits, std::to_chars(digits, digits + sizeof digits, value, base).ptr);
  if (spec.type == 'X')
    text = upper(text);
  bool isPrefixed = spec.alternate && base != 10;
  return isPrefixed ? std::string("0") + (base == 2 ? 'b' : base == 8 ? 'o' : spec.type) + text : text;
}

static std::string fixed(double value, char type, int64_t precision, bool alternate) {
  std::string format = std::string("%") + (alternate ? "#" : "") + ".*" + type, text(400 + size_t(precision), '\0');
  if (precision > 1000)
    throw Problem("a format asks for " + std::to_string(precision) + " digits");
  text.resize(size_t(std::snprintf(text.data(), text.size(), format.c_str(), int(precision), value)));
  return text;
}

/// The digits of a number without its sign.
static std::string magnitude(const Value &value, const Spec &spec, Budget &budget) {
  if (value.isInteger() && (!spec.type || std::string_view("dboxX").find(spec.type) != std::string_view::npos)) {
    if (spec.precision >= 0)
      throw Problem("a precision of an integer is not supported");
    int64_t number = value.integer();
    return inBase(number < 0 ? ~uint64_t(number) + 1 : uint64_t(number), spec);
  }
  double number = std::fabs(value.number());
  if (!spec.type && spec.precision < 0)
    return toText(Value(number), budget);
  if (spec.type == '%')
    return fixed(number * 100, 'f', spec.precision < 0 ? 6 : spec.precision, spec.alternate) + "%";
  if (!spec.type || std::string_view("fFeEgG").find(spec.type) == std::string_view::npos)
    throw Problem("the format " + quote(std::string(1, spec.type)) + " of " + value.typeName() + " is not supported");
  return fixed(number, spec.type, spec.precision < 0 ? 6 : spec.precision, spec.alternate);
}

static std::string formatNumber(const Value &value, Spec spec, Budget &budget) {
  std::string text = magnitude(value, spec, budget);
  if (spec.group)
    text = grouped(text, spec.group);
  bool isNegative = value.asFloat() ? std::signbit(value.number()) : value.integer() < 0;
  std::string sign = isNegative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
  if (spec.group && spec.align == '=')
    throw Problem("zeros in front of grouped digits are not supported");
  return padded(sign + text, spec.width, spec.align ? spec.align : '>', spec.fill, budget);
}

static std::string formatText(const std::string &text, const Spec &spec, Budget &budget) {
  std::vector<size_t> offsets = characterOffsets(text);
  std::string kept = text;
  if (spec.precision >= 0 && size_t(spec.precision) + 1 < offsets.size())
    kept.resize(offsets[size_t(spec.precision)]);
  return padded(kept, spec.width, spec.align ? spec.align : '<', spec.fill, budget);
}

//===----------------------------------------------------------------------===//
// text % value
//===----------------------------------------------------------------------===//

static std::string convert(const Value &value, Spec spec, Budget &budget) {
  if (value.isUndefined())
    throw Problem(value.whyUndefined());
  if (spec.type == 's' || spec.type == 'r') {
    spec.align = spec.align == '<' ? '<' : '>';
    spec.fill = " ";
    return formatText(spec.type == 's' ? toText(value, budget) : toRepr(value, budget), spec, budget);
  }
  if (!value.isNumber())
    throw Problem("'%" + std::string(1, spec.type) + "' expects a number, found " + value.typeName());
  bool wantsInteger = std::string_view("diu").find(spec.type) != std::string_view::npos;
  if (!wantsInteger)
    return formatNumber(value, spec, budget);
  spec.type = 'd';
  if (spec.precision >= 0)
    throw Problem("a precision of '%d' is not supported");
  if (value.asFloat() && !(std::fabs(value.number()) < 0x1p63))
    throw Problem("an integer leaves 64 bits");
  return formatNumber(value.asFloat() ? Value(int64_t(value.number())) : Value(value.integer()), spec, budget);
}

/// What stands behind '%' and, where there is one, its name.
static Spec readConversion(Cursor &cursor) {
  Spec spec;
  spec.align = '>';
  while (char flag = cursor.oneOf("-0+ #")) {
    if (flag == '-')
      spec.align = '<', spec.fill = " ";
    else if (flag == '0' && spec.align != '<')
      spec.align = '=', spec.fill = "0";
    else if (flag == '+' || (flag == ' ' && spec.sign != '+'))
      spec.sign = flag;
    spec.alternate |= flag == '#';
  }
  spec.width = cursor.number(0);
  if (cursor.skip('.'))
    spec.precision = cursor.number(0);
  spec.type = cursor.oneOf("srdiufFeEgGxXo%");
  if (!spec.type)
    throw Problem("the format '%" + std::string(cursor.rest.substr(0, 1)) + "' is not supported");
  return spec;
}

std::string percentFormat(const std::string &text, const Value &value, Budget &budget) {
  const List *tuple = value.asList() && value.asList()->kind == List::Tuple ? value.asList() : nullptr;
  size_t used = 0, count = tuple ? tuple->items.size() : 1;
  std::string out;
  bool isNamed = false;
  for (Cursor cursor{text}; !cursor.rest.empty();) {
    size_t at = std::min(cursor.rest.find('%'), cursor.rest.size());
    out += cursor.rest.substr(0, at);
    cursor.rest.remove_prefix(at);
    if (!cursor.skip('%'))
      break;
    std::optional<std::string> name;
    if (cursor.skip('(')) {
      size_t end = cursor.rest.find(')');
      if (end == cursor.rest.npos || !value.asDict())
        throw Problem("'%(' expects a name and a dict");
      name = std::string(cursor.rest.substr(0, end));
      cursor.rest.remove_prefix(end + 1);
      isNamed = true;
    }
    Spec spec = readConversion(cursor);
    if (spec.type == '%') {
      out += '%';
      continue;
    }
    const Value *found = name           ? value.find(Value(*name))
                         : used < count ? tuple ? &tuple->items[used] : &value
                                        : nullptr;
    used += name ? 0 : 1;
    if (!found)
      throw Problem(name ? "'%' finds nothing under " + quote(*name) : "'%' lacks values for its format");
    std::string piece = convert(*found, spec, budget);
    budget.spendBytes(piece.size());
    out += piece;
  }
  if (used < count && !isNamed && !value.asDict())
    throw Problem("'%' has more values than its format takes");
  return out;
}

//===----------------------------------------------------------------------===//
// text.format(...)
//===----------------------------------------------------------------------===//

static Spec readSpec(std::string_view text) {
  Spec spec;
  Cursor cursor{text};
  size_t first = text.empty() ? 0 : text::firstCharacter(text).length;
  if (first && text.size() > first && std::string_view("<>=^").find(text[first]) != std::string_view::npos) {
    spec.fill = std::string(text.substr(0, first));
    cursor.rest.remove_prefix(first);
  }
  spec.align = cursor.oneOf("<>=^");
  if (char sign = cursor.oneOf("-+ "))
    spec.sign = sign;
  spec.alternate = cursor.skip('#');
  if (cursor.rest.starts_with('0') && !spec.align)
    spec.align = '=', spec.fill = "0";
  spec.width = cursor.number(0);
  spec.group = cursor.oneOf(",_");
  if (cursor.skip('.'))
    spec.precision = cursor.number(-2);
  spec.type = cursor.oneOf("sdbouxXfFeEgG%");
  if (!cursor.rest.empty() || spec.precision == -2)
    throw Problem("the format specification " + quote(text) + " is not supported");
  return spec;
}

static std::string formatOne(const Value &value, std::string_view specification, Budget &budget) {
  if (value.isUndefined())
    throw Problem(value.whyUndefined());
  if (specification.empty())
    return toText(value, budget);
  Spec spec = readSpec(specification);
  bool isText = value.isString();
  if (isText ? (spec.type && spec.type != 's') || spec.align == '=' || spec.sign != '-' || spec.group || spec.alternate
             : !value.isNumber() || spec.type == 's')
    throw Problem("the format specification " + quote(specification) + " does not take " + value.typeName());
  if (!isText && value.asFloat() && spec.type && std::string_view("dboxX").find(spec.type) != std::string_view::npos)
    throw Problem("the format specification " + quote(specification) + " does not take a float object");
  return isText ? formatText(*value.asString(), spec, budget)
                : formatNumber(value.asBool() && !spec.type ? Value(value.integer()) : value, spec, budget);
}

namespace {

/// The fields of one call.
class BraceFormatter {
public:
  BraceFormatter(Interpreter &interpreter, const Arguments &arguments)
      : interpreter(interpreter), arguments(arguments) {}
  std::string field(std::string_view text);

private:
  Value first(std::string_view name);
  Value resolve(std::string_view path);

  Interpreter &interpreter;
  const Arguments &arguments;
  size_t next = 0;
  bool isNumbered = false;
};

} // namespace

Value BraceFormatter::first(std::string_view name) {
  bool isIndex = !name.empty() && name.find_first_not_of("0123456789") == name.npos;
  if (!isIndex && !name.empty()) {
    for (const auto &[key, value] : arguments.named)
      if (key == name)
        return value;
    throw Problem("format: there is no argument " + quote(name));
  }
  if (isIndex ? next > 0 : isNumbered)
    throw Problem("format: fields are numbered by hand and by themselves");
  isNumbered |= isIndex;
  size_t index = next;
  if (isIndex)
    std::from_chars(name.data(), name.data() + name.size(), index);
  else
    ++next;
  if (index >= arguments.positional.size())
    throw Problem("format: there is no argument " + std::to_string(index));
  return arguments.positional[index];
}

Value BraceFormatter::resolve(std::string_view path) {
  size_t end = std::min(path.find_first_of(".["), path.size());
  Value value = first(path.substr(0, end));
  for (path.remove_prefix(end); !path.empty();) {
    bool isItem = path[0] == '[';
    size_t close = isItem ? path.find(']') : std::min(path.find_first_of(".[", 1), path.size());
    std::string name(path.substr(1, close == path.npos ? close : close - 1));
    if (close == path.npos || name.empty())
      throw Problem("format: a field is malformed");
    bool isIndex = isItem && name.find_first_not_of("0123456789") == name.npos && name.size() < 10;
    value = !isItem ? interpreter.attribute(value, name)
                    : interpreter.item(value, isIndex ? Value(int64_t(std::stoi(name))) : Value(name));
    path.remove_prefix(close + (isItem ? 1 : 0));
  }
  return value;
}

std::string BraceFormatter::field(std::string_view text) {
  size_t colon = std::min(text.find(':'), text.size()), mark = std::min(text.substr(0, colon).find('!'), colon);
  Value value = resolve(text.substr(0, mark));
  std::string_view conversion = text.substr(mark, colon - mark);
  if (!conversion.empty() && conversion != "!s" && conversion != "!r")
    throw Problem("format: the conversion " + quote(conversion) + " is not supported");
  if (conversion == "!r")
    value = Value(toRepr(value, interpreter.budget));
  else if (conversion == "!s")
    value = Value(toText(value, interpreter.budget));
  return formatOne(value, text.substr(std::min(colon + 1, text.size())), interpreter.budget);
}

std::string braceFormat(Interpreter &interpreter, const std::string &text, const Arguments &arguments) {
  BraceFormatter formatter(interpreter, arguments);
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    size_t at = rest.find_first_of("{}");
    out += rest.substr(0, at);
    if (at == rest.npos)
      break;
    rest.remove_prefix(at);
    if (rest.size() > 1 && rest[1] == rest[0]) {
      out += rest[0];
      rest.remove_prefix(2);
      continue;
    }
    size_t end = rest.find_first_of("{}", 1);
    if (rest[0] == '}' || end == rest.npos || rest[end] == '{')
      throw Problem("format: a brace is not closed, or a field stands within another");
    std::string piece = formatter.field(rest.substr(1, end - 1));
    interpreter.budget.spendBytes(piece.size());
    out += piece;
    rest.remove_prefix(end + 1);
  }
  return out;
}

} // namespace xlstm::jinja
