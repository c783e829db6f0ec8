//===- PlainText.h - text files of any system -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_PLAINTEXT_H
#define XLSTM_RUNTIME_FILES_PLAINTEXT_H

#include <string>

namespace xlstm {

/// What a person wrote into a text file, whatever the system wrote around it: without a byte order mark, every line end
/// (CRLF, a lone CR) a line feed, as Python's open() reads text. Throws Error for bytes that are not UTF-8; `origin`
/// names them.
std::string plainText(std::string bytes, const std::string &origin);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_PLAINTEXT_H
