//===- Vocabulary.h - how text becomes the tokens that a model is scored on ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVAL_VOCABULARY_H
#define XLSTM_RUNTIME_EVAL_VOCABULARY_H

#include "xlstm/Runtime/Text/Tokenizer.h"

#include <filesystem>

namespace xlstm {

/// A tokenizer with the ids that begin and end a document. Teacher and students share it.
struct Vocabulary {
  std::shared_ptr<const Tokenizer> tokenizer;
  /// Some families have none; a document then begins with the end token, as lm-evaluation-harness does it.
  std::optional<int32_t> bos;
  /// Each of them ends a generation; the first one ends a document. Not empty.
  std::vector<int32_t> eos;

  int32_t documentStart() const { return bos ? *bos : eos.front(); }
  bool isEnd(int32_t id) const;

  /// Reads tokenizer.json and the bos_token_id and eos_token_id of generation_config.json, or else config.json.
  /// Throws Error when a file is damaged or there is no eos_token_id.
  static Vocabulary load(const std::filesystem::path &modelFolder);

  /// bos, the text's tokens, eos.
  std::vector<int32_t> encodeDocument(std::string_view text) const;
  /// The text's tokens behind one bos (where the family has one).
  std::vector<int32_t> encodePrompt(std::string_view text) const;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_VOCABULARY_H
