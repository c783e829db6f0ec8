//===- PreTokenizers.h - how llama.cpp's names of them split text ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_GGUF_PRETOKENIZERS_H
#define LIB_IMPORT_GGUF_PRETOKENIZERS_H

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xlstm::gguf {

/// One way to split text. llama.cpp knows no normalizer; where the tokenizers of this kind have one it is added.
struct PreTokenizer {
  /// Values of tokenizer.ggml.pre.
  std::vector<std::string_view> names;
  /// Regexes that cut out what they match, one after the other.
  std::vector<std::string_view> splits = {};
  /// GPT-2's own regex comes last (use_regex of the ByteLevel step).
  bool gpt2 = false;
  bool nfc = false;
  /// Words that are tokens are taken whole, without merges.
  bool ignoreMerges = false;
  /// A text begins with bos unless add_bos_token says no.
  bool addBos = false;
};

/// Nothing for a name that is not known.
const PreTokenizer *findPreTokenizer(std::string_view name);
/// The known names, for messages.
std::string preTokenizerNames();

} // namespace xlstm::gguf

#endif // LIB_IMPORT_GGUF_PRETOKENIZERS_H
