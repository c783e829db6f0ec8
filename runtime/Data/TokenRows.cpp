//===- TokenRows.cpp - documents packed into rows of tokens ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/TokenRows.h"

#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Data/TensorBytes.h"
#include "xlstm/Support/Error.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstring>

namespace xlstm {

std::vector<TokenPiece> TokenRows::pieces(int64_t row) const {
  if (!pieces_N.empty())
    return pieces_N.at(size_t(row));
  std::vector<TokenPiece> pieces;
  at::Tensor starts = docStart_NT.select(0, row).contiguous(), ids = ids_NT.select(0, row).to(at::kInt).contiguous();
  const int32_t *start = starts.const_data_ptr<int32_t>();
  for (int32_t column = 0, end; column < length(); column = end) {
    for (end = column + 1; end < length() && start[end] == start[column];)
      ++end;
    std::span<const int32_t> piece(ids.const_data_ptr<int32_t>() + column, size_t(end - column));
    pieces.push_back({DocumentKey::of(piece), 0, 0, column, end - column});
  }
  return pieces;
}

int64_t TokenRows::numLabels() const {
  if (size() == 0)
    return 0;
  at::Tensor labels = labels_NT.contiguous();
  std::span<const int64_t> all(labels.const_data_ptr<int64_t>(), size_t(labels.numel()));
  return std::count_if(all.begin(), all.end(), [](int64_t label) { return label >= 0; });
}

TokenRows TokenRows::select(std::span<const int64_t> rows) const {
  TokenRows chosen;
  for (at::Tensor TokenRows::*part : {&TokenRows::ids_NT, &TokenRows::docStart_NT, &TokenRows::labels_NT}) {
    at::Tensor from = (this->*part).contiguous();
    at::Tensor into = at::empty({int64_t(rows.size()), length()}, from.options());
    size_t bytes = size_t(length()) * from.element_size();
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] < 0 || rows[i] >= size())
        fail("row ", rows[i], " does not exist; there are ", size());
      std::memcpy(static_cast<std::byte *>(into.mutable_data_ptr()) + i * bytes,
                  static_cast<const std::byte *>(from.const_data_ptr()) + size_t(rows[i]) * bytes, bytes);
    }
    chosen.*part = into;
  }
  for (int64_t row : pieces_N.empty() ? std::span<const int64_t>() : rows)
    chosen.pieces_N.push_back(pieces_N[size_t(row)]);
  return chosen;
}

TokenRows TokenRows::slice(int64_t begin, int64_t end) const {
  TokenRows rows{ids_NT.slice(0, begin, end), docStart_NT.slice(0, begin, end), labels_NT.slice(0, begin, end)};
  if (!pieces_N.empty())
    rows.pieces_N.assign(pieces_N.begin() + begin, pieces_N.begin() + end);
  return rows;
}

std::vector<TokenRows> TokenRows::batches(int64_t most) const {
  std::vector<TokenRows> result;
  for (int64_t first = 0; first < size(); first += most)
    result.push_back(slice(first, std::min(first + most, size())));
  return result;
}

std::vector<uint64_t> TokenRows::hashes() const {
  std::vector<uint64_t> result(size());
  for (int64_t row = 0; row < size(); ++row) {
    ContentHash hash;
    hash.update(bytesOf(ids_NT.select(0, row).contiguous()));
    hash.update(bytesOf(docStart_NT.select(0, row).contiguous()));
    result[row] = hash.value();
  }
  return result;
}

TokenRows concatenate(const std::vector<TokenRows> &parts) {
  std::vector<at::Tensor> ids, docStart, labels;
  std::vector<std::vector<TokenPiece>> pieces;
  for (const TokenRows &part : parts) {
    for (int64_t row = 0; row < part.size(); ++row)
      pieces.push_back(part.pieces(row));
    if (part.length() != parts[0].length())
      fail("rows of ", part.length(), " tokens cannot follow rows of ", parts[0].length());
    ids.push_back(part.ids_NT);
    docStart.push_back(part.docStart_NT);
    labels.push_back(part.labels_NT);
  }
  return {at::cat(ids), at::cat(docStart), at::cat(labels), std::move(pieces)};
}

/// Pieces of `document` from column `column` of row `row` on; false when the rows are full.
static bool packDocument(const TokenView &document, uint32_t number, TokenRows &rows, int64_t &row, int64_t &column) {
  int64_t T = rows.length();
  DocumentKey key = DocumentKey::of(document.ids);
  auto *ids = rows.ids_NT.mutable_data_ptr<int64_t>();
  auto *docStart = rows.docStart_NT.mutable_data_ptr<int32_t>();
  auto *labels = rows.labels_NT.mutable_data_ptr<int64_t>();
  auto labelOf = [&](size_t token) {
    return document.learned.empty() || document.learned[token] ? document.ids[token] : -1;
  };
  for (size_t at = 0; at < document.ids.size();) {
    if (row == rows.size())
      return false;
    size_t n = std::min<size_t>(document.ids.size() - at, T - column);
    for (size_t i = 0; i < n; ++i) {
      int64_t place = row * T + column + int64_t(i);
      ids[place] = document.ids[at + i];
      docStart[place] = int32_t(column);
      labels[place] = i + 1 < n ? labelOf(at + i + 1) : -1;
    }
    rows.pieces_N[size_t(row)].push_back({key, number, int32_t(at), int32_t(column), int32_t(n)});
    at += n;
    column += int64_t(n);
    if (column == T) {
      ++row;
      column = 0;
    }
  }
  return true;
}

TokenRows packDocuments(const std::vector<TokenView> &documents, const PackOptions &options,
                        std::span<const uint32_t> numbers) {
  int64_t T = options.length, total = 0;
  if (T < 2 || options.maxRows < 0)
    fail("rows to pack: expected a length of at least 2 and maxRows of at least 0, found ", T, " and ",
         options.maxRows);
  for (const TokenView &document : documents)
    total += int64_t(document.ids.size());
  int64_t count = options.dropPartial ? total / T : (total + T - 1) / T;
  if (options.maxRows != 0)
    count = std::min(count, options.maxRows);
  if (count == 0)
    fail("no row of ", T, " tokens comes out of ", documents.size(), " documents of ", total, " tokens");

  TokenRows rows{at::zeros({count, T}, at::kLong), at::zeros({count, T}, at::kInt), at::full({count, T}, -1, at::kLong),
                 std::vector<std::vector<TokenPiece>>(size_t(count))};
  int64_t row = 0, column = 0;
  for (size_t n = 0; n < documents.size(); ++n)
    if (!packDocument(documents[n], numbers.empty() ? uint32_t(n) : numbers[n], rows, row, column))
      break;
  if (row < count) // padding: a piece of its own, so that no document's state or positions reach into it
    rows.docStart_NT.select(0, row).slice(0, column, T).fill_(column);
  return rows;
}

TokenRows packDocuments(const std::vector<std::vector<int32_t>> &documents, const PackOptions &options) {
  std::vector<TokenView> views;
  for (const std::vector<int32_t> &document : documents)
    views.push_back({document, {}});
  return packDocuments(views, options);
}

} // namespace xlstm
