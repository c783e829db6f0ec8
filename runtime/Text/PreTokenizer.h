//===- PreTokenizer.h - text to words -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_PRETOKENIZER_H
#define XLSTM_RUNTIME_TEXT_PRETOKENIZER_H

#include "runtime/Text/JsonFields.h"
#include "runtime/Text/Regex.h"

#include <deque>
#include <memory>

namespace xlstm::text {

/// What a pre-tokenizer writes to; one for each thread.
struct SplitScratch {
  RegexScratch regex;
  std::vector<Part> parts;
  std::vector<std::string_view> pieces, next;
  /// Pieces that are not part of the text given (a space was put before them).
  std::deque<std::string> made;
};

/// One step of the pre-tokenizer: cuts a piece further.
class SplitStep {
public:
  virtual ~SplitStep() = default;
  virtual void split(std::string_view piece, SplitScratch &scratch, std::vector<std::string_view> &out) const = 0;
};

/// The pre_tokenizer of a tokenizer.json: Split, Digits, ByteLevel and Sequences of them. The last step must be
/// ByteLevel.
class PreTokenizer {
public:
  explicit PreTokenizer(const Node &node);

  /// The words of a piece of text, never empty; they hold until the next call with this scratch.
  const std::vector<std::string_view> &split(std::string_view piece, SplitScratch &scratch) const;

private:
  void addStep(const Node &node);

  std::vector<std::unique_ptr<SplitStep>> steps;
  bool byteLevel = false;
};

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_PRETOKENIZER_H
