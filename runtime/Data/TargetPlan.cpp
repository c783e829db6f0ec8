//===- TargetPlan.cpp - what the teacher has to read for missing targets --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TargetPlan.h"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <numeric>
#include <unordered_set>

namespace xlstm {

void TargetRequests::add(const TokenCorpus &corpus, const TokenRows &rows) {
  for (int64_t row = 0; row < rows.size(); ++row)
    for (const TokenPiece &piece : rows.pieces(row))
      all.push_back({corpus.document(piece.number).ids, piece.at, piece.at + piece.count});
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
  int64_t size = format.blockTokens(), stored = tokens;
  for (const TargetRequests::Part &part : wanted.parts()) {
    DocumentKey document = DocumentKey::of(part.document);
    int64_t all = int64_t(part.document.size());
    for (int64_t at = part.begin / size * size; at < part.end; at += size) {
      // Always as far as the document or the block goes, so that nobody who wants more of it finds it short.
      int64_t count = std::min(size, all - at);
      if (isThere({document, at}, count) || !planned.insert({document, at}).second)
        continue;
      int64_t begin = format.beginFor(at);
      bool isNext = !groups.empty() && !groups.back().empty() && groups.back().back().document == document &&
                    groups.back().back().begin == begin;
      if (!isNext) {
        if (stored >= tokens) {
          groups.emplace_back();
          stored = 0;
        }
        groups.back().push_back({document, {}, begin, {}});
      }
      TargetWindow &window = groups.back().back();
      window.ids = part.document.subspan(size_t(begin),
                                         size_t(std::max(at + count, begin + int64_t(window.ids.size())) - begin));
      window.blocks.push_back({at, count});
      stored += count;
    }
  }
  return groups;
}

std::vector<WindowPlace> placeWindows(const TargetGroup &group, int64_t length) {
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

TokenRows rowsOf(const TargetGroup &group, const std::vector<WindowPlace> &places, int64_t length, int64_t first,
                 int64_t count) {
  TokenRows rows{at::zeros({count, length}, at::kLong), at::zeros({count, length}, at::kInt), {}};
  auto *ids = rows.ids_NT.mutable_data_ptr<int64_t>();
  auto *starts = rows.docStart_NT.mutable_data_ptr<int32_t>();
  for (const WindowPlace &place : places) {
    if (place.row < first || place.row >= first + count)
      continue;
    int64_t row = place.row - first;
    std::ranges::copy(group[place.window].ids, ids + row * length + place.column);
    // What stands behind it in the row overwrites the rest, which else is padding: a piece of its own.
    int64_t end = place.column + int64_t(group[place.window].ids.size());
    std::fill(starts + row * length + place.column, starts + row * length + end, int32_t(place.column));
    std::fill(starts + row * length + end, starts + (row + 1) * length, int32_t(end));
  }
  return rows;
}

} // namespace xlstm
