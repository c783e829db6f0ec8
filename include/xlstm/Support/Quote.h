//===- Quote.h - words of a file inside a one-line message ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_SUPPORT_QUOTE_H
#define XLSTM_SUPPORT_QUOTE_H

#include <string>
#include <string_view>

namespace xlstm {

/// 'text' for a message: control characters as '?', cut after 80 bytes.
inline std::string quote(std::string_view text) {
  constexpr size_t longest = 80;
  size_t length = text.size();
  if (length > longest)
    for (length = longest; length && (text[length] & 0xC0) == 0x80;)
      --length;
  std::string out = "'";
  for (char c : text.substr(0, length))
    out += (c >= 0 && c < 32) || c == 127 ? '?' : c;
  return out + (length < text.size() ? "...'" : "'");
}

} // namespace xlstm

#endif // XLSTM_SUPPORT_QUOTE_H
