//===- Characters.h - classes of Unicode characters -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_CHARACTERS_H
#define XLSTM_RUNTIME_TEXT_CHARACTERS_H

#include <string_view>

namespace xlstm {

/// Whether the text begins with a word character as Python's `\w` takes it: a letter, a number or '_'. An empty text
/// and bytes that are not UTF-8 do not.
bool beginsWithWordCharacter(std::string_view text);

/// The text without the white space at its ends, as Python's str.strip() takes it.
std::string_view stripSpace(std::string_view text);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TEXT_CHARACTERS_H
