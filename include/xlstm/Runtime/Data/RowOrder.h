//===- RowOrder.h - which rows a training step takes ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order is a pure function of counts, weights and seed: a resumed run needs no generator's state.

#ifndef XLSTM_RUNTIME_DATA_ROWORDER_H
#define XLSTM_RUNTIME_DATA_ROWORDER_H

#include "xlstm/Runtime/Data/TokenRows.h"

namespace xlstm {

/// The first `total` rows of an endless order over several domains, whose rows are numbered one domain after the other.
/// Among any first n rows a domain of share w has less than n w + 1 and more than n w - (D - 1), D domains; a domain's
/// rows come shuffled, each once before any comes again, in another order every time. They are shuffled `block` rows
/// after the other: as long as a domain has whole blocks of them, or all that there are, its first rows are the same
/// however many more there are, so that a longer run begins as a shorter one.
std::vector<int64_t> rowOrder(const std::vector<int64_t> &counts, const std::vector<double> &weights, uint64_t seed,
                              int64_t total, int64_t block);

/// The block for rows of `length` tokens: two million tokens, which cost 42 MB.
constexpr int64_t shuffledTogether(int64_t length) { return length < (1 << 15) ? (1 << 21) / length : 64; }

/// Rows of several domains and the shares in which training takes them.
struct MixedRows {
  TokenRows rows;
  std::vector<int64_t> counts; // rows a domain
  std::vector<double> weights; // sum 1
};

/// `weights` are relative and not negative; without any, a domain's weight is its number of rows. Throws Error.
MixedRows mixRows(const std::vector<TokenRows> &domains, std::vector<double> weights = {});

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_ROWORDER_H
