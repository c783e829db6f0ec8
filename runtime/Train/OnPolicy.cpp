//===- OnPolicy.cpp - rows that the student writes itself -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Train/OnPolicy.h"

#include "xlstm/Runtime/Data/ContentHash.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace xlstm {

/// Tokens that a row may get before the host looks which rows have ended: a copy from a GPU for so many.
constexpr int64_t chunkTokens = 32;
/// Rows that decode together: on a GPU a token costs as many launches for one as for all, on a CPU each thread has
/// some.
constexpr size_t rowsOnGpu = 256, rowsOnCpu = 8;

/// Tokens of a piece in front of what the assistant says first; 0 where nothing of it begins in the piece. `labels` are
/// the piece's: a token's label is the next one where that is learned.
static int64_t beforeAnswer(std::span<const int64_t> labels, bool isBeginning) {
  for (size_t n = isBeginning ? 0 : 1; n + 1 < labels.size(); ++n)
    if (labels[n] >= 0 && (n == 0 || labels[n - 1] < 0))
      return int64_t(n) + 1;
  return 0;
}

/// Where the prompt of a piece ends, counted from its first token.
static int64_t endOfPrompt(const TokenPiece &piece, std::span<const int64_t> labels, int64_t most) {
  auto inside = labels.first(labels.size() - 1); // the last has no label
  bool isText = std::ranges::all_of(inside, [](int64_t label) { return label >= 0; });
  if (!isText)
    return beforeAnswer(labels, piece.at == 0);
  return std::clamp<int64_t>(piece.count / 2, 1, most);
}

TokenIds promptOf(const TokenRows &rows, int64_t row, int64_t most) {
  at::Tensor ids = rows.ids_NT.select(0, row).contiguous(), labels = rows.labels_NT.select(0, row).contiguous();
  std::span<const int64_t> all(ids.const_data_ptr<int64_t>(), size_t(ids.numel())),
      labelled(labels.const_data_ptr<int64_t>(), all.size());
  int64_t first = 0, count = std::min<int64_t>(most, int64_t(all.size()) - 1); // where no piece has one
  std::vector<TokenPiece> pieces = rows.pieces(row);
  std::ranges::stable_sort(pieces, std::greater<>(),
                           [](const TokenPiece &piece) { return std::pair(piece.at == 0, piece.count); });
  for (const TokenPiece &piece : pieces) {
    int64_t end = endOfPrompt(piece, labelled.subspan(size_t(piece.column), size_t(piece.count)), most);
    if (end < 1 || end > most)
      continue;
    first = piece.column, count = end;
    break;
  }
  std::span<const int64_t> prompt = all.subspan(size_t(first), size_t(count));
  return {prompt.begin(), prompt.end()};
}

StudentWriter::StudentWriter(Program program, WriteOptions options, uint64_t seed, at::ScalarType type)
    : program(std::move(program)), settings(std::move(options)), seed(seed), type(type) {}

Json StudentWriter::identity() const {
  return {{"prompt", settings.prompt},
          {"write", settings.write},
          {"temperature", settings.temperature},
          {"every", settings.every},
          {"ends", settings.ends}};
}

static uint64_t seedOf(uint64_t seed, const RowKey &key) {
  ContentHash hash;
  const uint64_t words[] = {seed, uint64_t(key.step), uint64_t(key.row)};
  hash.update(std::as_bytes(std::span(words)));
  return hash.value();
}

/// One row of each prompt and what is behind it.
static TokenRows rowsOf(const std::vector<TokenIds> &prompts, const std::vector<TokenIds> &written, int64_t length) {
  auto count = int64_t(prompts.size());
  TokenRows rows{at::zeros({count, length}, at::kLong), at::zeros({count, length}, at::kInt),
                 at::full({count, length}, -1, at::kLong)};
  auto *ids = rows.ids_NT.mutable_data_ptr<int64_t>(), *labels = rows.labels_NT.mutable_data_ptr<int64_t>();
  for (int64_t row = 0; row < count; ++row, ids += length, labels += length) {
    const TokenIds &prompt = prompts[size_t(row)], &text = written[size_t(row)];
    std::ranges::copy(text, std::ranges::copy(prompt, ids).out);
    std::ranges::copy(text, labels + prompt.size() - 1);
    auto used = int64_t(prompt.size() + text.size());
    if (used < length)
      rows.docStart_NT.select(0, row).slice(0, used, length).fill_(used);
  }
  return rows;
}

TokenRows StudentWriter::write(const TokenRows &rows, const std::vector<RowKey> &keys, const ParamMap &params) const {
  GenerateOptions options;
  options.newTokens = settings.write;
  options.ends = settings.ends;
  options.keepsEnd = true;
  options.temperature = settings.temperature;
  options.chunk = chunkTokens;
  options.rows = !params.empty() && params.begin()->second.is_cuda() ? rowsOnGpu : rowsOnCpu;
  options.type = type;
  std::vector<TokenIds> prompts;
  for (int64_t row = 0; row < rows.size(); ++row) {
    prompts.push_back(promptOf(rows, row, settings.prompt));
    options.seeds.push_back(seedOf(seed, keys.at(size_t(row))));
  }
  return rowsOf(prompts, generateTokens(program, params, prompts, options), settings.length());
}

TokenRows withoutPadding(const TokenRows &rows) {
  int64_t used = 0;
  for (int64_t row = 0; row < rows.size(); ++row)
    used = std::max<int64_t>(used, rows.pieces(row).front().count);
  used = std::min((used + 63) / 64 * 64, rows.length());
  return {rows.ids_NT.slice(1, 0, used), rows.docStart_NT.slice(1, 0, used), rows.labels_NT.slice(1, 0, used)};
}

} // namespace xlstm
