//===- Strings.h - Python's methods of strings, on UTF-8 ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_JINJA_STRINGS_H
#define XLSTM_RUNTIME_TEXT_JINJA_STRINGS_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xlstm::jinja {

enum class Side { Left, Right, Both };
/// Without the characters of `chars` (white space when absent) at its ends.
std::string_view strip(std::string_view text, Side side = Side::Both,
                       std::optional<std::string_view> chars = std::nullopt);

/// At `separator` (not empty), or at runs of white space; `most` splits at most, from the right with `fromRight`.
std::vector<std::string> split(std::string_view text, std::optional<std::string_view> separator, int64_t most = -1,
                               bool fromRight = false);
std::vector<std::string> splitLines(std::string_view text, bool keepEnds = false);

/// The first `most` places, all when negative; an empty `from` stands between all characters.
std::string replaced(std::string_view text, std::string_view from, std::string_view to, int64_t most = -1);
/// How often replaced() replaces.
size_t countOf(std::string_view text, std::string_view part);

std::string upper(std::string_view text);
std::string lower(std::string_view text);
/// Upper case where a word begins, lower case elsewhere: words are runs of letters, or, as the filter has it, of all
/// but white space, '-', '(', '{', '[' and '<'.
std::string title(std::string_view text, bool asFilter);
std::string capitalized(std::string_view text);
/// Whether there is a cased character and all cased ones are upper (lower) case.
bool isCased(std::string_view text, bool upperCase);

/// Where each character begins, and the end.
std::vector<size_t> characterOffsets(std::string_view text);

} // namespace xlstm::jinja

#endif // XLSTM_RUNTIME_TEXT_JINJA_STRINGS_H
