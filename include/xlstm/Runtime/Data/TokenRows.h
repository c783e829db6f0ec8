//===- TokenRows.h - documents packed into rows of tokens -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_TOKENROWS_H
#define XLSTM_RUNTIME_DATA_TOKENROWS_H

#include "xlstm/Runtime/Files/DocumentKey.h"
#include "xlstm/Runtime/Data/TokenCorpus.h"

#include <ATen/core/Tensor.h>

#include <optional>

namespace xlstm {

/// A part of a document in a row.
struct TokenPiece {
  DocumentKey document;
  uint32_t number = 0;           // of the document in the corpus that it comes from
  int32_t at = 0;                // position of the piece's first token in the document
  int32_t column = 0, count = 0; // where it stands in the row
};

/// N rows of T tokens. Every token of a document's piece is labelled with the piece's next token, where that is
/// learned.
struct TokenRows {
  at::Tensor ids_NT;      // int64
  at::Tensor docStart_NT; // int32: the column where the token's piece begins
  at::Tensor labels_NT;   // int64; -1: no label (a piece's last token, one before what is not learned, padding)
  /// The pieces of each row, without padding. None at all: each piece is taken for a document of its own.
  std::vector<std::vector<TokenPiece>> pieces_N = {};

  int64_t size() const { return ids_NT.defined() ? ids_NT.size(0) : 0; }
  int64_t length() const { return ids_NT.defined() ? ids_NT.size(1) : 0; }
  /// Tokens that have a label.
  int64_t numLabels() const;
  /// The rows of these numbers, in this order. Throws Error for a number out of range.
  TokenRows select(std::span<const int64_t> rows) const;
  TokenRows slice(int64_t begin, int64_t end) const;
  /// All rows in order, `most` at a time.
  std::vector<TokenRows> batches(int64_t most) const;
  std::vector<TokenPiece> pieces(int64_t row) const;
  /// A hash of every row's ids and borders.
  std::vector<uint64_t> hashes() const;
};

/// The rows of all parts, one part after the other. Throws Error when their lengths differ.
TokenRows concatenate(const std::vector<TokenRows> &parts);

struct PackOptions {
  int64_t length = 512;
  /// Leave the last row out when documents do not fill it; otherwise the rest of it is padding, a piece of its own.
  bool dropPartial = false;
  /// Stop after so many rows; 0: take all.
  int64_t maxRows = 0;
  /// Of the order in which readRows takes a file's documents: files are often sorted by source.
  uint64_t seed = 0;
};

/// Packs whole documents (bos and eos included by the caller) one behind the other. A document cut at a row's end goes
/// on in the next row as a new piece, without context and without another bos. `numbers`: those of the documents in
/// their corpus, where they are not counted from 0. Throws Error when no row results.
TokenRows packDocuments(const std::vector<TokenView> &documents, const PackOptions &options,
                        std::span<const uint32_t> numbers = {});
TokenRows packDocuments(const std::vector<std::vector<int32_t>> &documents, const PackOptions &options);

/// A corpus's documents packed into rows, in an order shuffled by the options' seed, no more of them than maxRows need.
/// A document of weight w is in it w times, the fraction by chance: a function of seed and place alone. Throws Error.
TokenRows readRows(const TokenCorpus &corpus, const PackOptions &options);

/// Throws Error where the files have no whole row of `length` tokens to give, or the documents that they begin with,
/// read up to such a row, cannot be encoded.
void checkFirstRow(const CorpusFiles &files, const Encoder &encoder, int64_t length);

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_TOKENROWS_H
