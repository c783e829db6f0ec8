//===- TextAround.h - the post-processor of a tokenizer.json --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_TOKENIZER_TEXTAROUND_H
#define LIB_IMPORT_TOKENIZER_TEXTAROUND_H

#include "xlstm/Runtime/Files/Json.h"

#include <vector>

namespace xlstm {

/// A token that stands before or behind a text.
struct PlacedToken {
  std::string content;
  std::vector<int64_t> ids;
  bool operator==(const PlacedToken &) const = default;
};

struct TextAround {
  std::vector<PlacedToken> before, after;
  bool operator==(const TextAround &) const = default;

  /// What a post-processor's template puts around a single text; nothing where it has no template.
  static TextAround read(const Json &postProcessor);
  /// `postProcessor` with a template that puts this around a text in place of its own.
  Json applyTo(const Json &postProcessor) const;
};

} // namespace xlstm

#endif // LIB_IMPORT_TOKENIZER_TEXTAROUND_H
