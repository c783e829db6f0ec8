//===- HybridWindowBackward.h - gradients of the window branch ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CPU_HYBRIDWINDOWBACKWARD_H
#define XLSTM_KERNELS_CPU_HYBRIDWINDOWBACKWARD_H

#include "kernels/cpu/HybridGradients.h"

namespace xlstm::cpu::hybrid {

/// Scores become weights, and dScoresT, the gradients of the weights, those of the unscaled scores.
XLSTM_APART void softmaxBackward(const Queries &queries, const KeyBlock &block, const Seen &seen, float *scoresT,
                                 float *dScoresT, const float *logSums, const float *deltas) {
  float scale = queries.head.call.s.scale, factor = scale * Log2e;
  for (int64_t r = 0; r < padded(queries.count); r += Width) {
    Vector logSum = get(logSums + r) * Log2e, delta = get(deltas + r);
    for (int64_t at = seen.keysFrom[r / Group] * Block + r; at < seen.keysTo[r / Group] * Block; at += Block) {
      Vector score = get(scoresT + at);
      if (!seen.all)
        score = queries.masked(score, block, at / Block, r);
      Vector weight = exp2Of(score * factor - logSum);
      put(scoresT + at, weight);
      put(dScoresT + at, weight * (get(dScoresT + at) - delta) * scale);
    }
  }
}

/// From the branch's gradient in chunk.dh and chunk.deltas: adds to chunk.dq and to the keys' sums. logSums [Block].
XLSTM_APART void windowBackward(const Queries &queries, const Chunk &chunk, const Keys &keys, Sinks &sinks,
                                const KeySums &sums, const float *logSums, Ahead &ahead) {
  int64_t d = queries.head.call.s.d, dp = queries.head.call.dp;
  transpose(chunk.dh, dp, chunk.dhT, Block, Block, d);
  if (queries.needsSinks() && sinks.base != queries.base)
    sums.flush(queries.head, sinks);
  queries.forBlocks(keys, sinks, [&](const KeyBlock &block) XLSTM_ALWAYS_INLINE {
    const Keys &from = block.isSinks ? sinks.keys : keys;
    const KeyGradients &to = block.isSinks ? sums.sinks : sums.keys;
    ahead.ask();
    Seen seen = queries.seen(block);
    scoreKeys(seen, rows(from.k + block.at, dp), chunk.qT, chunk.scoresT, d);
    scoreKeys(seen, rows(from.v + block.at, dp), chunk.dhT, chunk.dScoresT, d);
    softmaxBackward(queries, block, seen, chunk.scoresT, chunk.dScoresT, logSums, chunk.deltas);
    addToKeys(seen, chunk.scoresT, chunk.dh, to.dv + block.at, dp);
    addToKeys(seen, chunk.dScoresT, chunk.q, to.dk + block.at, dp);
    addToQueries(seen, chunk.dScoresT, from.k + block.at, chunk.dq, dp);
  });
}

} // namespace xlstm::cpu::hybrid

#endif // XLSTM_KERNELS_CPU_HYBRIDWINDOWBACKWARD_H
