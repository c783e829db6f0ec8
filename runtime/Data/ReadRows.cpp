//===- ReadRows.cpp - rows of tokens out of a corpus file -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Data/TokenRows.h"
#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Runtime/Text/EncodeText.h"
#include "xlstm/Support/Error.h"

namespace xlstm {

TokenRows readRows(const std::filesystem::path &corpus, const Vocabulary &vocabulary, int64_t modelIds,
                   const PackOptions &options) {
  std::vector<std::vector<int32_t>> documents;
  int64_t tokens = 0, enough = options.maxRows * options.length;
  std::vector<std::string> texts = readDocuments(corpus);
  uint64_t state = options.seed;
  shuffle(texts, state);
  for (const std::string &text : texts) {
    documents.push_back(vocabulary.encodeDocument(text));
    checkTokens(documents.back(), modelIds, *vocabulary.tokenizer, corpus.string());
    tokens += int64_t(documents.back().size());
    if (enough > 0 && tokens >= enough)
      break;
  }
  if (documents.empty())
    fail(corpus.string(), ": holds no document");
  return packDocuments(documents, options);
}

} // namespace xlstm
