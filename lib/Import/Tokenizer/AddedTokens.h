//===- AddedTokens.h - the added tokens of a tokenizer.json ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_TOKENIZER_ADDEDTOKENS_H
#define LIB_IMPORT_TOKENIZER_ADDEDTOKENS_H

#include "xlstm/Runtime/Files/Json.h"

#include <map>
#include <unordered_map>
#include <vector>

namespace xlstm {

/// The tokens of a tokenizer.json, to which those that other files name are added as the PyPI package `tokenizers` adds
/// them: a token of the vocabulary keeps its id, a new one gets the next.
class AddedTokens {
public:
  /// `root` is the content of the file, which outlives this; its added_tokens are an array, null or absent.
  explicit AddedTokens(Json &root);

  /// A token as added_tokens_decoder writes it; the flags of one that is there already are replaced. Returns its id.
  int64_t add(const std::string &content, const Json &flags);
  bool isAdded(const std::string &content) const { return placeOf.contains(content); }
  std::optional<int64_t> idOf(const std::string &content) const;
  /// The token with this id; empty where there is none.
  std::string contentOf(int64_t id) const;
  /// The tokens with ids from `least` on, in their order.
  std::map<int64_t, std::string> from(int64_t least) const;
  bool changed() const { return isChanged; }

private:
  int64_t nextId() const;
  Json &list() const; // a reference kept would not outlive a key that somebody adds

  Json &root;
  std::unordered_map<std::string, size_t> placeOf; // in the list
  std::unordered_map<std::string, int64_t> vocabulary;
  bool isChanged = false;
};

} // namespace xlstm

#endif // LIB_IMPORT_TOKENIZER_ADDEDTOKENS_H
