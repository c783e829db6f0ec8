//===- ReadRows.cpp - rows of tokens out of a corpus file -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Data/TokenRows.h"
#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Runtime/Text/EncodeText.h"
#include "xlstm/Support/Error.h"

#include <numeric>

namespace xlstm {

/// How many documents, in this order, have `enough` bytes; all where that is 0.
static size_t countFor(const std::vector<uint32_t> &sizes, const std::vector<uint32_t> &order, uint64_t enough,
                       const std::filesystem::path &corpus) {
  size_t count = 0;
  uint64_t bytes = 0, memory = 0;
  for (; count < order.size() && (enough == 0 || bytes < enough); ++count) {
    bytes += sizes[order[count]];
    memory += memoryOf(sizes[order[count]]);
  }
  if (uint64_t most = CorpusLimits().memory; memory > most)
    fail(corpus.string(), ": expected at most ", most, " bytes of documents for the rows that are asked for, found ",
         memory);
  return count;
}

/// A document of a corpus in tokens, all of them the model's.
static std::vector<int32_t> encode(const std::string &document, const CorpusFile &corpus, const Vocabulary &vocabulary,
                                   int64_t modelIds) {
  std::vector<int32_t> ids = vocabulary.encodeDocument(document);
  checkTokens(ids, modelIds, *vocabulary.tokenizer, corpus.path().string());
  return ids;
}

static TokenRows pack(const CorpusFile &corpus, const std::vector<std::vector<int32_t>> &documents,
                      const PackOptions &options) {
  try {
    return packDocuments(documents, options);
  } catch (const Error &error) {
    fail(corpus.path().string(), ": ", error.what());
  }
}

void checkFirstRow(const CorpusFile &corpus, const Vocabulary &vocabulary, int64_t modelIds, int64_t length) {
  std::vector<std::vector<int32_t>> documents;
  int64_t tokens = 0;
  forEachDocument(corpus.path(), [&](const std::string &text) {
    documents.push_back(encode(text, corpus, vocabulary, modelIds));
    tokens += int64_t(documents.back().size());
    return tokens < length;
  });
  pack(corpus, documents, {.length = length, .dropPartial = true, .maxRows = 1});
}

TokenRows readRows(const CorpusFile &corpus, const Vocabulary &vocabulary, int64_t modelIds,
                   const PackOptions &options) {
  std::vector<uint32_t> order(corpus.sizes().size());
  std::iota(order.begin(), order.end(), 0);
  uint64_t state = options.seed;
  shuffle(order, state);
  int64_t enough = options.maxRows * options.length;
  // Tokens have four bytes or so. Where they turn out longer, more documents are read.
  for (uint64_t bytesPerToken = 8;; bytesPerToken *= 4) {
    size_t count = countFor(corpus.sizes(), order, enough * bytesPerToken, corpus.path());
    std::vector<std::vector<int32_t>> documents;
    int64_t tokens = 0;
    for (const std::string &text : corpus.take(std::span(order).first(count))) {
      documents.push_back(encode(text, corpus, vocabulary, modelIds));
      tokens += int64_t(documents.back().size());
      if (enough > 0 && tokens >= enough)
        break;
    }
    if (tokens >= enough || count == order.size())
      return pack(corpus, documents, options);
  }
}

} // namespace xlstm
