//===- DistillKitRows.cpp - documents and targets out of DistillKit's rows ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "DistillKitRows.h"

#include "xlstm/Support/Error.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace xlstm {

/// What a token that the rows say nothing of has, and what is left where they say more than all: as askTeacher has it.
static const double least = std::log(1e-30);

struct DistillKitRows::Values {
  size_t tokens = 0, k = 0;
  std::vector<int64_t> ids;     // k a token
  std::vector<double> logprobs; // k a token
};

const std::vector<std::string> &DistillKitRows::columns() {
  static const std::vector<std::string> names = {
      "input_ids",          "labels",    "attention_mask", "compressed_logprobs",
      "bytepacked_indices", "token_ids", "top_values",     "packed_indices"};
  return names;
}

static const NumberList *find(const NumberRow &row, const char *column) {
  auto found = row.find(column);
  return found == row.end() ? nullptr : &found->second;
}

static std::vector<uint8_t> bytesOf(const NumberList &list, size_t width, const char *column,
                                    const std::string &origin) {
  if (!list.reals.empty() || (list.items > 0 && list.width != width))
    fail(origin, ": '", column, "': expected ", width, " bytes a token, as its compression_config.yaml says, found ",
         list.width);
  std::vector<uint8_t> bytes(list.integers.size());
  std::ranges::transform(list.integers, bytes.begin(), [](int64_t byte) { return uint8_t(byte); });
  return bytes;
}

DistillKitRows::Values DistillKitRows::valuesOf(const NumberRow &row, const std::string &origin) const {
  const NumberList *coded = find(row, "compressed_logprobs"), *packed = find(row, "bytepacked_indices"),
                   *ids = find(row, "token_ids"), *plain = find(row, "top_values");
  Values values;
  if (ids && plain) {
    if (ids->items != plain->items || ids->width != plain->width)
      fail(origin, ": expected as many 'token_ids' as 'top_values', found ", ids->items, " of ", ids->width, " and ",
           plain->items, " of ", plain->width);
    return {ids->items, ids->width, ids->integers, plain->reals};
  }
  if (find(row, "packed_indices"))
    fail(origin, ": these are DistillKit's legacy rows, whose values are logits: expected 'compressed_logprobs' and "
                 "'bytepacked_indices', or 'top_values' and 'token_ids'");
  if (!coded || !packed)
    fail(origin, ": expected 'compressed_logprobs' and 'bytepacked_indices', or 'top_values' and 'token_ids', found "
                 "neither");
  if (!code)
    fail(origin, ": expected the compression_config.yaml that DistillKit wrote beside its rows; name it by --config");
  std::vector<uint8_t> logprobBytes = bytesOf(*coded, code->bytes(), "compressed_logprobs", origin),
                       idBytes = bytesOf(*packed, code->idBytes(), "bytepacked_indices", origin);
  if (coded->items != packed->items)
    fail(origin, ": expected as many 'bytepacked_indices' as 'compressed_logprobs', found ", packed->items, " and ",
         coded->items);
  values.tokens = coded->items;
  values.k = size_t(code->k());
  values.ids.resize(values.tokens * values.k);
  values.logprobs.resize(values.tokens * values.k);
  for (size_t token = 0; token < values.tokens; ++token) {
    code->decode(std::span(logprobBytes).subspan(token * code->bytes(), code->bytes()),
                 std::span(values.logprobs).subspan(token * values.k, values.k));
    code->decodeIds(std::span(idBytes).subspan(token * code->idBytes(), code->idBytes()),
                    std::span(values.ids).subspan(token * values.k, values.k));
  }
  return values;
}

/// The first `kept` of a token's, by id. What has no probability there stands for nothing: others take its place.
void DistillKitRows::addTarget(const Values &values, size_t token, const std::string &origin, RowTargets &into) const {
  std::vector<std::pair<int64_t, double>> likeliest;
  double sum = 0;
  for (size_t n = 0; n < size_t(kept); ++n) {
    int64_t id = values.ids[token * values.k + n];
    double logprob = values.logprobs[token * values.k + n];
    if (std::isnan(logprob) || logprob > 1)
      fail(origin, ": token ", token, ": expected log-probabilities, found ", logprob);
    if (logprob < least)
      continue;
    logprob = std::min(logprob, 0.0); // a fit may be above
    if (id < 0 || id >= vocabulary)
      fail(origin, ": token ", token, ": expected ids of a vocabulary of ", vocabulary, ", found ", id);
    likeliest.emplace_back(id, logprob);
    sum += std::exp(logprob);
  }
  std::ranges::sort(likeliest);
  if (std::ranges::adjacent_find(likeliest, {}, &std::pair<int64_t, double>::first) != likeliest.end())
    fail(origin, ": token ", token, ": expected each id once, found one twice");
  for (int64_t id = 0, n = 0; likeliest.size() < size_t(kept); ++id) { // the least ids that are free
    while (n < int64_t(likeliest.size()) && likeliest[size_t(n)].first < id)
      ++n;
    if (n == int64_t(likeliest.size()) || likeliest[size_t(n)].first != id)
      likeliest.insert(likeliest.begin() + n, {id, least});
  }
  double above = std::max(0.0, std::log(sum));
  for (auto [id, logprob] : likeliest) {
    into.ids.push_back(int32_t(id));
    into.logprobs.push_back(float(std::max(logprob - above, least)));
  }
  into.tails.push_back(float(sum < 1 ? std::max(std::log1p(-sum), least) : least));
}

std::vector<RowDocument> DistillKitRows::documents(const NumberRow &row, const std::string &origin) {
  Values values = valuesOf(row, origin);
  const NumberList *ids = find(row, "input_ids"), *labels = find(row, "labels"), *mask = find(row, "attention_mask");
  for (const NumberList *list : {ids, labels, mask})
    if (list && (list->items < values.tokens || list->width != 1 || !list->reals.empty()))
      fail(origin, ": expected 'input_ids', and what is beside them, for ", values.tokens, " tokens, found ",
           list->items);
  if (!ids)
    fail(origin, ": expected 'input_ids', found none");
  if (kept == 0)
    kept = int64_t(values.k);
  if (values.tokens > 0 && (kept > int64_t(values.k) || kept > vocabulary))
    fail(origin, ": expected ", kept, " targets a token of a vocabulary of ", vocabulary, ", found ", values.k);
  std::vector<RowDocument> documents;
  int64_t last = 0;
  for (size_t token = 0; token < values.tokens; ++token) {
    int64_t part = mask ? mask->integers[token] : 1, id = ids->integers[token];
    if (part != std::exchange(last, part) && part != 0)
      documents.emplace_back();
    if (part == 0)
      continue;
    if (id < 0 || id >= vocabulary)
      fail(origin, ": token ", token, ": expected ids of a vocabulary of ", vocabulary, ", found ", id);
    documents.back().ids.push_back(int32_t(id));
    if (labels)
      documents.back().learned.push_back(labels->integers[token] >= 0);
    addTarget(values, token, origin, documents.back().targets);
  }
  return documents;
}

} // namespace xlstm
