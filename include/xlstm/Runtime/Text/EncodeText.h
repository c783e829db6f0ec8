//===- EncodeText.h - what stands before and behind a text ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one rule for the beginning and the end of a text: tokenizer.json's post-processor says it. Import has put there
// what the other files of a teacher say about it (lib/Import/Tokenizer/CompleteTokenizer.h), so that training,
// evaluation, generation and executables, which all encode here, cannot differ.

#ifndef XLSTM_RUNTIME_TEXT_ENCODETEXT_H
#define XLSTM_RUNTIME_TEXT_ENCODETEXT_H

#include "xlstm/Runtime/Text/Tokenizer.h"

namespace xlstm {

/// The tokens of a text that a model reads from its start. What the post-processor puts before and behind it is not put
/// where the text has it already: a rendered chat begins with its own bos. Throws Error on invalid UTF-8.
std::vector<int32_t> encodeText(const Tokenizer &tokenizer, std::string_view text);

/// Those of a whole document: a text with the first of `ends` behind it, where the tokenizer puts nothing behind a text
/// and the text has it not. `ends`: the tokens that end a text.
std::vector<int32_t> encodeDocument(const Tokenizer &tokenizer, std::span<const int32_t> ends, std::string_view text);

/// Throws Error for the first token that a model of `rows` ids does not have; `origin` says where it came from.
void checkTokens(std::span<const int32_t> ids, int64_t rows, const Tokenizer &tokenizer, const std::string &origin);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TEXT_ENCODETEXT_H
