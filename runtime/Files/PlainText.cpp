//===- PlainText.cpp - text files of any system ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/PlainText.h"

#include "xlstm/Runtime/Files/Utf8.h"
#include "xlstm/Support/Error.h"

#include <string_view>

std::string xlstm::plainText(std::string bytes, const std::string &origin) {
  if (size_t valid = validUtf8Prefix(bytes); valid != bytes.size()) {
    bool isUtf16 = bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF");
    fail(origin, ": invalid UTF-8 at byte ", valid, isUtf16 ? "; it begins as UTF-16 does, save it as UTF-8" : "");
  }
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  size_t from = bytes.starts_with(mark) ? mark.size() : 0;
  if (from == 0 && bytes.find('\r') == bytes.npos)
    return bytes;
  size_t to = 0;
  for (; from < bytes.size(); ++from) {
    if (bytes[from] == '\r' && from + 1 < bytes.size() && bytes[from + 1] == '\n')
      continue;
    bytes[to++] = bytes[from] == '\r' ? '\n' : bytes[from];
  }
  bytes.resize(to);
  return bytes;
}
