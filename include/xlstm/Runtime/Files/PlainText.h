//===- PlainText.h - text files of any system -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_PLAINTEXT_H
#define XLSTM_RUNTIME_FILES_PLAINTEXT_H

#include <string>
#include <string_view>

namespace xlstm {

/// What a text file may begin with, and is not part of its text.
inline constexpr std::string_view byteOrderMark = "\xEF\xBB\xBF";

/// What to say of a text that is not UTF-8 and begins so; empty where nothing is known.
std::string hintOfEncoding(std::string_view text);

/// What a person wrote into a text file, whatever the system wrote around it: without a byte order mark, every line end
/// (CRLF, a lone CR) a line feed, as Python's open() reads text. Throws Error for bytes that are not UTF-8; `origin`
/// names them.
std::string plainText(std::string bytes, const std::string &origin);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_PLAINTEXT_H
