//===- Number.h - numbers as text that gives them again -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_SUPPORT_NUMBER_H
#define XLSTM_SUPPORT_NUMBER_H

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace xlstm {

/// The shortest text that reads back as the same number, such as "0.1" or "1e-07".
inline std::string shortest(double value) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

/// The number that all of `text` is, or nothing.
template <typename Number>
std::optional<Number> toNumber(std::string_view text) {
  Number value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// With zeros in front where it has fewer digits, such as "00012", so that names sort as numbers do.
inline std::string padded(int64_t number, size_t digits) {
  std::string text = std::to_string(number);
  return std::string(text.size() < digits ? digits - text.size() : 0, '0') + text;
}

} // namespace xlstm

#endif // XLSTM_SUPPORT_NUMBER_H
