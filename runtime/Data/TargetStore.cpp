//===- TargetStore.cpp - a teacher's stored targets as tensors ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/TargetStore.h"

#include "xlstm/Support/Error.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <numeric>

namespace xlstm {

bool TargetStore::hasAll(const TokenRows &rows) const {
  for (int64_t row = 0; row < rows.size(); ++row)
    for (const TokenPiece &piece : rows.pieces(row))
      if (firstMissing(piece.document, piece.at, piece.count))
        return false;
  return true;
}

void TargetStore::check(const TokenRows &rows) const {
  std::vector<int64_t> all(size_t(rows.size()));
  std::iota(all.begin(), all.end(), 0);
  check(rows, all);
}

void TargetStore::check(const TokenRows &rows, std::span<const int64_t> which) const {
  for (int64_t row : which)
    for (const TokenPiece &piece : rows.pieces(row))
      if (std::optional<int64_t> missing = firstMissing(piece.document, piece.at, piece.count))
        fail(folder.string(), ": no targets for row ", row, ", column ", piece.column + *missing - piece.at,
             ": the store was written for other documents");
}

Targets TargetStore::batch(const TokenRows &rows) const {
  check(rows);
  int64_t B = rows.size(), T = rows.length(), K = k();
  Targets targets{at::empty({B, T, K}, at::kInt), at::empty({B, T, K}), at::empty({B, T})};
  int32_t *ids = targets.ids_BTK.mutable_data_ptr<int32_t>();
  float *logprobs = targets.logprobs_BTK.mutable_data_ptr<float>(), *tail = targets.tail_BT.mutable_data_ptr<float>();
  for (int64_t row = 0; row < B; ++row) {
    int64_t filled = 0;
    for (const TokenPiece &piece : rows.pieces(row)) {
      int64_t token = row * T + piece.column;
      read(piece.document, piece.at, piece.count, ids + token * K, logprobs + token * K, tail + token);
      filled = piece.column + piece.count;
    }
    for (int64_t token = row * T + filled; token < (row + 1) * T; ++token) { // padding, which has no label
      std::iota(ids + token * K, ids + (token + 1) * K, 0);
      std::fill(logprobs + token * K, logprobs + (token + 1) * K, -69.0f);
      tail[token] = 0;
    }
  }
  return targets;
}

std::vector<at::Tensor> TargetStore::prepare(const TokenRows &rows) const {
  Targets targets = batch(rows);
  return {targets.ids_BTK, targets.logprobs_BTK, targets.tail_BT};
}

} // namespace xlstm
