//===- Tokenizer.h - the tokenizer inside a GGUF file ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_GGUF_TOKENIZER_H
#define LIB_IMPORT_GGUF_TOKENIZER_H

#include "xlstm/Runtime/Files/Gguf.h"
#include "xlstm/Runtime/Files/Json.h"

namespace xlstm::gguf {

/// Ids of tokens with a meaning; those that are given and in the vocabulary.
struct SpecialIds {
  std::optional<int64_t> bos, pad, unknown;
  /// Ends of a text: eos, end of turn, end of message, each once.
  std::vector<int64_t> ends;
};

/// What a GGUF file says of its tokenizer, as the files of a Hugging Face folder.
struct TokenizerFiles {
  std::string tokenizer;    // tokenizer.json
  Json config;              // tokenizer_config.json
  std::string chatTemplate; // chat_template.jinja; may be empty
  SpecialIds ids;
  std::vector<std::string> warnings;
};

/// Rebuilds the tokenizer of byte-level BPE models (tokenizer.ggml.model gpt2), of SentencePiece's BPE (llama) and of
/// Unigram (t5), for a model with `vocabSize` rows in its table; nothing when the file has no tokenizer. Throws Error
/// naming the key: more tokens than rows, lists that do not fit each other, an id out of range; and text::Unsupported
/// for other models and a pre-tokenizer that is not known.
std::optional<TokenizerFiles> readTokenizer(const GgufFile &file, int64_t vocabSize);

} // namespace xlstm::gguf

#endif // LIB_IMPORT_GGUF_TOKENIZER_H
