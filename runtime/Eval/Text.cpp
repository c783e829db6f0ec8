//===- Text.cpp - numbers and characters of the report --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/Text.h"

#include <cmath>
#include <cstdio>
#include <iterator>

namespace xlstm {

std::string escapeHtml(std::string_view text) {
  std::string out;
  for (char c : text) {
    unsigned char byte = static_cast<unsigned char>(c);
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f)
      out += "\xef\xbf\xbd";
    else
      out += c;
  }
  return out;
}

template <typename... Values>
static std::string print(const char *format, Values... values) {
  char text[400]; // a double of 300 digits fits
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string fixedNumber(double value, int digits) {
  if (!std::isfinite(value))
    return "–";
  std::string text = print("%.*f", digits, value);
  return text.find_first_not_of("-0.") == text.npos && text[0] == '-' ? text.substr(1) : text;
}

std::string percent(double share, int digits, bool sign) {
  std::string text = fixedNumber(100 * share, digits);
  bool positive = text[0] != '-' && text.find_first_not_of("0.") != text.npos;
  return (sign && positive ? "+" : "") + text + " %";
}

std::string shortNumber(double value) { return print("%.6g", value == 0 ? 0 : value); }

std::string grouped(uint64_t value) {
  std::string digits = std::to_string(value), text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0)
      text += ',';
    text += digits[i];
  }
  return text;
}

std::string byteSize(uint64_t bytes) {
  static const char *units[] = {"bytes", "kB", "MB", "GB", "TB"};
  double value = double(bytes);
  size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < std::size(units); ++unit)
    value /= 1000;
  return (unit == 0 ? std::to_string(bytes)
                    : print(value < 9.995   ? "%.2f"
                            : value < 99.95 ? "%.1f"
                                            : "%.0f",
                            value)) +
         " " + units[unit];
}

} // namespace xlstm
