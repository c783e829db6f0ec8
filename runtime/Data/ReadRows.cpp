//===- ReadRows.cpp - rows of tokens out of a corpus file -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Data/TokenRows.h"
#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Runtime/Text/EncodeText.h"
#include "xlstm/Support/Error.h"

#include <numeric>

namespace xlstm {

/// Bytes of every document of a corpus, in the order of the file.
static std::vector<uint32_t> documentSizes(const std::filesystem::path &corpus) {
  std::vector<uint32_t> sizes;
  forEachDocument(corpus, [&](const std::string &document) {
    sizes.push_back(uint32_t(document.size()));
    return true;
  });
  if (sizes.empty())
    fail(corpus.string(), ": holds no document");
  return sizes;
}

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

/// The first `count` documents of an order of the file's.
static std::vector<std::string> takeDocuments(const std::filesystem::path &corpus, const std::vector<uint32_t> &order,
                                              size_t count) {
  std::vector<uint32_t> places(order.size(), uint32_t(count));
  for (size_t i = 0; i < count; ++i)
    places[order[i]] = uint32_t(i);
  std::vector<std::string> documents(count);
  size_t number = 0;
  forEachDocument(corpus, [&](std::string &document) {
    if (number >= places.size())
      fail(corpus.string(), ": the file changed while it was read");
    if (uint32_t place = places[number++]; place < count)
      documents[place] = std::move(document);
    return true;
  });
  return documents;
}

TokenRows readRows(const std::filesystem::path &corpus, const Vocabulary &vocabulary, int64_t modelIds,
                   const PackOptions &options) {
  std::vector<uint32_t> sizes = documentSizes(corpus), order(sizes.size());
  std::iota(order.begin(), order.end(), 0);
  uint64_t state = options.seed;
  shuffle(order, state);
  int64_t enough = options.maxRows * options.length;
  // Tokens have four bytes or so. Where they turn out longer, more documents are read.
  for (uint64_t bytesPerToken = 8;; bytesPerToken *= 4) {
    size_t count = countFor(sizes, order, enough * bytesPerToken, corpus);
    std::vector<std::vector<int32_t>> documents;
    int64_t tokens = 0;
    for (const std::string &text : takeDocuments(corpus, order, count)) {
      documents.push_back(vocabulary.encodeDocument(text));
      checkTokens(documents.back(), modelIds, *vocabulary.tokenizer, corpus.string());
      tokens += int64_t(documents.back().size());
      if (enough > 0 && tokens >= enough)
        break;
    }
    if (tokens < enough && count < order.size())
      continue;
    try {
      return packDocuments(documents, options);
    } catch (const Error &error) {
      fail(corpus.string(), ": ", error.what());
    }
  }
}

} // namespace xlstm
