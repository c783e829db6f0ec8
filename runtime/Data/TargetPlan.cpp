//===- TargetPlan.cpp - what the teacher has to read for missing targets --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TargetPlan.h"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <numeric>
#include <unordered_set>

namespace xlstm {

void TargetRequests::add(const TokenCorpus &corpus, const std::vector<TokenPiece> &pieces) {
  for (const TokenPiece &piece : pieces)
    add(corpus.document(piece.number).ids, piece.at, piece.at + piece.count);
}

void TargetRequests::add(const TokenRows &rows) {
  for (int64_t row = 0; row < rows.size(); ++row) {
    at::Tensor ids = rows.ids_NT.select(0, row).to(at::kInt).contiguous();
    for (const TokenPiece &piece : rows.pieces(row)) {
      const int32_t *first = ids.const_data_ptr<int32_t>() + piece.column;
      own.emplace_back(first, first + piece.count);
      add(own.back());
    }
  }
}

int64_t TargetWindow::numStored() const {
  return std::accumulate(blocks.begin(), blocks.end(), int64_t{0},
                         [](int64_t sum, const Block &block) { return sum + block.tokens; });
}

std::vector<TargetGroup> planTargets(const TargetRequests &wanted, const TargetFormat &format, int64_t tokens,
                                     const std::function<bool(const BlockKey &key, int64_t tokens)> &isThere) {
  std::vector<TargetGroup> groups;
  std::unordered_set<BlockKey, BlockKey::Hash> planned;
  int64_t stored = tokens;
  forEachWanted(wanted, format, [&](const TargetRequests::Part &part, const BlockKey &key, int64_t count) {
    if (isThere(key, count) || !planned.insert(key).second)
      return;
    int64_t begin = format.beginFor(key.at);
    bool isNext = !groups.empty() && !groups.back().empty() && groups.back().back().document == key.document &&
                  groups.back().back().begin == begin;
    if (!isNext) {
      if (stored >= tokens) {
        groups.emplace_back();
        stored = 0;
      }
      // All of it, whatever is wanted of it: what the teacher answers does not depend on who asks.
      std::span<const int32_t> ids = part.document.subspan(size_t(begin));
      groups.back().push_back({key.document, ids.first(std::min(ids.size(), size_t(format.context))), begin, {}});
    }
    groups.back().back().blocks.push_back({key.at, count});
    stored += count;
  });
  return groups;
}

/// Windows in rows of `length` tokens, the longest first, each in the first row that has room (Johnson 1974): the rows
/// are full but for a few in a hundred.
static std::vector<WindowPlace> placeWindows(const TargetGroup &group, int64_t length) {
  std::vector<size_t> order(group.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater<>(), [&](size_t window) { return group[window].ids.size(); });
  std::vector<WindowPlace> places;
  std::vector<int64_t> used; // columns of each row
  for (size_t window : order) {
    int64_t size = int64_t(group[window].ids.size());
    auto row = std::ranges::find_if(used, [&](int64_t columns) { return columns + size <= length; });
    if (row == used.end())
      row = used.insert(used.end(), 0);
    places.push_back({window, row - used.begin(), *row});
    *row += size;
  }
  std::ranges::stable_sort(places, {}, &WindowPlace::row);
  return places;
}

std::vector<WindowBatch> batchesOf(const TargetGroup &group, int64_t length, int64_t rows) {
  std::vector<WindowBatch> batches;
  if (rows == 0) {
    for (size_t window = 0; window < group.size(); ++window)
      batches.push_back({{{window, 0, 0}}, 1, int64_t(group[window].ids.size())});
    return batches;
  }
  for (WindowPlace place : placeWindows(group, length)) {
    if (place.row / rows == int64_t(batches.size()))
      batches.push_back({{}, 0, length});
    place.row %= rows;
    batches.back().places.push_back(place);
    batches.back().rows = place.row + 1;
  }
  return batches;
}

TokenRows rowsOf(const TargetGroup &group, const WindowBatch &batch) {
  int64_t length = batch.length;
  TokenRows rows{at::zeros({batch.rows, length}, at::kLong), at::zeros({batch.rows, length}, at::kInt), {}};
  auto *ids = rows.ids_NT.mutable_data_ptr<int64_t>();
  auto *starts = rows.docStart_NT.mutable_data_ptr<int32_t>();
  for (const WindowPlace &place : batch.places) {
    std::span<const int32_t> read = group[place.window].ids;
    std::ranges::copy(read, ids + place.row * length + place.column);
    // What stands behind it in the row overwrites the rest, which else is padding: a piece of its own.
    int64_t end = place.column + int64_t(read.size());
    std::fill(starts + place.row * length + place.column, starts + place.row * length + end, int32_t(place.column));
    std::fill(starts + place.row * length + end, starts + (place.row + 1) * length, int32_t(end));
  }
  return rows;
}

} // namespace xlstm
