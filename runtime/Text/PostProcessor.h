//===- PostProcessor.h - the tokens put around a text ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_POSTPROCESSOR_H
#define XLSTM_RUNTIME_TEXT_POSTPROCESSOR_H

#include "runtime/Text/Vocabulary.h"

namespace xlstm::text {

/// The post_processor of a tokenizer.json for a single text: what comes before it (such as a bos) and after it.
struct PostProcessor {
  std::vector<int32_t> before, after;

  /// TemplateProcessing (one), ByteLevel (which moves offsets only) and Sequences of them; every id must have a token.
  PostProcessor(const Node &node, const Vocabulary &vocabulary);

private:
  bool hasTemplate = false;

  void add(const Node &node, const Vocabulary &vocabulary);
};

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_POSTPROCESSOR_H
