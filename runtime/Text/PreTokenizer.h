//===- PreTokenizer.h - text to words -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_PRETOKENIZER_H
#define XLSTM_RUNTIME_TEXT_PRETOKENIZER_H

#include "runtime/Text/JsonFields.h"
#include "runtime/Text/Regex.h"

#include <algorithm>
#include <deque>
#include <memory>

namespace xlstm::text {

/// A part of a text, and how many of its first bytes stand for the start of the text (see Normalized).
struct Piece {
  std::string_view text;
  size_t atStart = 0;

  Piece part(size_t begin, size_t length) const {
    return {text.substr(begin, length), std::min(atStart > begin ? atStart - begin : 0, length)};
  }
};

/// What a pre-tokenizer writes to; one for each thread.
struct SplitScratch {
  RegexScratch regex;
  std::vector<Part> parts;
  std::vector<Piece> pieces, next;
  /// Pieces that are not part of the text given (a space was put before them).
  std::deque<std::string> made;
};

/// One step of the pre-tokenizer: cuts a piece further.
class SplitStep {
public:
  virtual ~SplitStep() = default;
  virtual void split(const Piece &piece, SplitScratch &scratch, std::vector<Piece> &out) const = 0;
};

/// True when the tokens are written in GPT-2's alphabet of bytes: the pre_tokenizer is ByteLevel or has such a step.
bool isByteLevel(const Node &preTokenizer);

/// The pre_tokenizer of a tokenizer.json: Split, Digits, ByteLevel (the last step), Metaspace, Whitespace,
/// WhitespaceSplit, Punctuation, CharDelimiterSplit and Sequences of them; or none.
class PreTokenizer {
public:
  explicit PreTokenizer(const Node &node);

  /// The words of a piece of text, never empty; they hold until the next call with this scratch.
  const std::vector<Piece> &split(const Piece &piece, SplitScratch &scratch) const;

private:
  void add(const Node &node);
  std::unique_ptr<SplitStep> read(const std::string &type, const Node &node);

  std::vector<std::unique_ptr<SplitStep>> steps;
  bool byteLevel = false;
};

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_PRETOKENIZER_H
