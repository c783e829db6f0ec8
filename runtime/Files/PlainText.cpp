//===- PlainText.cpp - text files of any system ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/PlainText.h"

#include "xlstm/Runtime/Files/Utf8.h"
#include "xlstm/Support/Error.h"

std::string xlstm::hintOfEncoding(std::string_view text) {
  bool isUtf16 = text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
  return isUtf16 ? "; it begins as UTF-16 does, save it as UTF-8" : "";
}

std::string xlstm::plainText(std::string bytes, const std::string &origin) {
  if (size_t valid = validUtf8Prefix(bytes); valid != bytes.size())
    fail(origin, ": invalid UTF-8 at byte ", valid, hintOfEncoding(bytes));
  size_t from = bytes.starts_with(byteOrderMark) ? byteOrderMark.size() : 0;
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
