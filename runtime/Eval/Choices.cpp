//===- Choices.cpp - log-likelihoods of continuations ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/Parallel.h"
#include "runtime/Eval/Rows.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>

namespace xlstm {

/// The number of leading tokens that all of the item's sequences share and that are inputs of all, the last one before
/// the first scored token left out: its logits are needed.
static size_t sharedPrefix(const std::vector<ScoredSequence> &item) {
  const TokenIds &front = item.front().ids;
  size_t shared = front.size();
  for (const ScoredSequence &sequence : item) {
    auto differs = std::mismatch(front.begin(), front.begin() + std::min(shared, front.size()), sequence.ids.begin(),
                                 sequence.ids.end());
    shared = std::min<size_t>(differs.first - front.begin(), sequence.scored - 1);
  }
  return shared;
}

static std::vector<double> scoreItem(const Program &last, const Program &all, const ParamMap &params,
                                     const std::vector<ScoredSequence> &item) {
  int64_t C = item.size();
  size_t shared = sharedPrefix(item);
  ReadRows rows = startRows(all, "prefill", C);
  if (shared > 0) {
    TokenIds prefix(item.front().ids.begin(), item.front().ids.begin() + shared);
    ReadRows start = startRows(last, "prefill", 1);
    rows = advance(last, "prefill", params, stackRows({&prefix}, 0), std::move(start)).rows;
    rows.pos_B = rows.pos_B.repeat({C});
    for (at::Tensor &state : rows.states)
      state = state.repeat_interleave(C, 0);
  }
  std::vector<const TokenIds *> sequences;
  for (const ScoredSequence &sequence : item)
    sequences.push_back(&sequence.ids);
  // Short sequences end in padding: nothing behind it is read, the states are dropped.
  at::Tensor ids_CT = stackRows(sequences, shared);
  at::Tensor inputs_CT = ids_CT.narrow(1, 0, ids_CT.size(1) - 1).contiguous();
  at::Tensor logits_CTV = advance(all, "prefill", params, inputs_CT, std::move(rows)).logits;
  at::Tensor labels_CT1 = ids_CT.narrow(1, 1, ids_CT.size(1) - 1).unsqueeze(2).to(logits_CTV.device());
  at::Tensor log_CT = (logits_CTV.gather(2, labels_CT1).squeeze(2) - logits_CTV.logsumexp(2)).to(at::kDouble);
  std::vector<double> sums;
  for (int64_t c = 0; c < C; ++c) {
    int64_t from = item[c].scored - 1 - shared, count = item[c].ids.size() - item[c].scored;
    sums.push_back(log_CT.select(0, c).narrow(0, from, count).sum().item<double>());
  }
  return sums;
}

std::vector<std::vector<double>> logLikelihoods(const Program &last, const Program &all, const ParamMap &params,
                                                const std::vector<std::vector<ScoredSequence>> &items) {
  std::vector<std::vector<double>> result(items.size());
  forEachParallel(items.size(), [&](size_t i) { result[i] = scoreItem(last, all, params, items[i]); });
  return result;
}

} // namespace xlstm
