//===- Regex.h - Unicode regular expressions ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_REGEX_H
#define XLSTM_RUNTIME_TEXT_REGEX_H

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace xlstm::text {

/// A part of a text that a regex matches, or that lies between matches.
struct Part {
  size_t begin, end;
  bool isMatch;
};

/// What a search writes to; one for each thread.
class RegexScratch {
public:
  RegexScratch();
  ~RegexScratch();
  RegexScratch(const RegexScratch &) = delete;
  RegexScratch &operator=(const RegexScratch &) = delete;

private:
  friend class Regex;
  struct Data;
  std::unique_ptr<Data> data;
};

/// A compiled regex in Oniguruma's syntax, as tokenizer.json has it; PCRE2 searches. Immutable: threads may share it.
class Regex {
public:
  /// Throws Error with the reason and `place` when `pattern` is not valid or too large, Unsupported when it has what
  /// cannot be translated.
  Regex(const std::string &pattern, const std::string &place);
  Regex(Regex &&) noexcept;
  ~Regex();

  /// Cuts valid UTF-8 into matches and what lies between, as the package's find_matches. Throws Error when the search
  /// takes too many steps.
  void cut(std::string_view text, RegexScratch &scratch, std::vector<Part> &parts) const;

private:
  struct Code;
  std::unique_ptr<Code> code;
  std::string place;
};

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_REGEX_H
