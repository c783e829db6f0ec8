//===- CompleteTokenizer.h - one tokenizer.json out of a folder's files ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_TOKENIZER_COMPLETETOKENIZER_H
#define LIB_IMPORT_TOKENIZER_COMPLETETOKENIZER_H

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace xlstm {

struct CompleteTokenizer {
  /// The text of the bundle's tokenizer.json; nothing where the folder has no tokenizer that is read.
  std::optional<std::string> json;
  /// One line each.
  std::vector<std::string> warnings;

  /// Writes it over what was carried into a bundle's folder.
  void write(const std::filesystem::path &folder) const;
};

/// A folder's tokenizer.json, or the one that its vocab.json and merges.txt mean, with all that the files beside it say
/// about it, so that nobody else has to look at them:
/// - tokens of tokenizer_config.json's added_tokens_decoder, or of added_tokens.json where there is no such key, and
///   those called by name (NamedTokens.h), with the ids and flags that transformers 4 and 5 give them;
/// - add_bos_token and add_eos_token, where they are present, in the post-processor. transformers follows these keys
/// for
///   some classes and versions, llama.cpp's converter for all: here they hold for all. Where they are absent the
///   post-processor of tokenizer.json holds as it is, for every class.
/// The text of the file is kept to the byte where nothing is missing in it. `rows` are the embedding's; tokens beyond
/// them are warned of, as are ids of config.json and generation_config.json without a token. Throws Error for files
/// that are malformed and for a tokenizer that is not supported; SentencePiece's BPE (`byte_fallback`) only causes a
/// warning.
CompleteTokenizer completeTokenizer(const std::filesystem::path &folder, int64_t rows);

} // namespace xlstm

#endif // LIB_IMPORT_TOKENIZER_COMPLETETOKENIZER_H
