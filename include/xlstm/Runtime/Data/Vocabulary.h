//===- Vocabulary.h - how text becomes the tokens of a model --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_VOCABULARY_H
#define XLSTM_RUNTIME_DATA_VOCABULARY_H

#include "xlstm/Runtime/Text/Tokenizer.h"

#include <filesystem>

namespace xlstm {

/// The tokenizer of a model folder with the ids that have a meaning. Teacher and students share it. What begins and
/// ends a text is the tokenizer's to say, here as in an executable (EncodeText.h).
struct Vocabulary {
  std::shared_ptr<const Tokenizer> tokenizer;
  /// bos_token_id; a text begins with it only where the tokenizer says so.
  std::optional<int32_t> bos;
  /// Each of them ends a generation; the first one ends a document. May be empty: then nothing does.
  std::vector<int32_t> eos;

  bool isEnd(int32_t id) const;

  /// Reads tokenizer.json and the ids of SpecialIds.h. Throws Error when a file is damaged, when there is no tokenizer,
  /// and for ids that it does not have.
  static Vocabulary load(const std::filesystem::path &modelFolder);

  /// A text that the model goes on with: encodeText().
  std::vector<int32_t> encodePrompt(std::string_view text) const;
  /// A whole text: a prompt with the end token behind it, where the tokenizer puts none and the text has none.
  std::vector<int32_t> encodeDocument(std::string_view text) const;
  /// What a text's first token is predicted from where the tokenizer puts nothing before it, as lm-evaluation-harness
  /// has it: bos, else the end token; empty where the tokenizer does, and where the model has neither.
  std::vector<int32_t> context() const;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_VOCABULARY_H
