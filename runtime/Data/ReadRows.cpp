//===- ReadRows.cpp - rows of tokens out of a corpus ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Data/TokenRows.h"
#include "xlstm/Support/Error.h"

#include <cmath>

namespace xlstm {

static TokenRows pack(const std::string &corpus, const std::vector<TokenView> &documents, const PackOptions &options,
                      std::span<const uint32_t> numbers = {}) {
  try {
    return packDocuments(documents, options, numbers);
  } catch (const Error &error) {
    fail(corpus, ": ", error.what());
  }
}

void checkFirstRow(const CorpusFiles &files, const Encoder &encoder, int64_t length) {
  std::vector<TokenDocument> documents;
  int64_t tokens = 0;
  forEachDocument(files, [&](const Document &document) {
    if (document.weight == 0) // never taken
      return true;
    documents.push_back(encoder.encode(document));
    tokens += int64_t(documents.back().ids.size());
    return tokens < length;
  });
  std::vector<TokenView> views;
  for (const TokenDocument &document : documents)
    views.push_back({document.ids, {}});
  pack(nameOf(files), views, {.length = length, .dropPartial = true, .maxRows = 1});
}

/// How often document `number` is taken: its weight, whose fraction is a chance.
static size_t copiesOf(double weight, uint64_t number, uint64_t seed) {
  uint64_t state = seed ^ (0x9e3779b97f4a7c15 * (number + 1));
  double chance = double(splitmix64(state) >> 11) * 0x1p-53, whole = std::floor(weight);
  return size_t(whole) + (chance < weight - whole ? 1 : 0);
}

TokenRows readRows(const TokenCorpus &corpus, const PackOptions &options) {
  std::vector<uint32_t> order;
  for (uint32_t number = 0; number < corpus.size(); ++number)
    order.insert(order.end(), copiesOf(corpus.weight(number), number, options.seed), number);
  uint64_t state = options.seed;
  shuffle(order, state);
  std::vector<TokenView> documents;
  int64_t tokens = 0, enough = options.maxRows * options.length;
  for (uint32_t number : order) {
    documents.push_back(corpus.document(number));
    tokens += int64_t(documents.back().ids.size());
    if (enough > 0 && tokens >= enough)
      break;
  }
  return pack(corpus.name(), documents, options, order);
}

} // namespace xlstm
