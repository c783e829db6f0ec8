//===- Utf8.h - which bytes are UTF-8 -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_UTF8_H
#define XLSTM_RUNTIME_FILES_UTF8_H

#include <cstddef>
#include <string_view>

namespace xlstm {

/// What stands at the start of a text: a character, a part of one that the text's end cuts, or bytes that begin none.
/// `length` is that of the character, of the cut part, or of the bytes that make one U+FFFD (Unicode 15, table 3-7 and
/// "substitution of maximal subparts"); 0 for an empty text.
struct Utf8Step {
  enum Kind { Whole, Cut, Invalid } kind;
  size_t length;
};
Utf8Step stepUtf8(std::string_view text);

/// The number of leading bytes that are valid UTF-8.
size_t validUtf8Prefix(std::string_view text);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_UTF8_H
