//===- HybridWindowBackward.h - gradients of the window branch ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CPU_HYBRIDWINDOWBACKWARD_H
#define XLSTM_KERNELS_CPU_HYBRIDWINDOWBACKWARD_H

#include "kernels/cpu/HybridGradients.h"

namespace xlstm::cpu::hybrid {

/// Scores [count, Block] become weights, and dScores, the gradients of the weights, those of the unscaled scores.
XLSTM_INLINE void softmaxBackward(float *scores, float *dScores, const float *logSums, const float *deltas,
                                  int64_t count, float factor) {
  for (int64_t r = 0; r < count; ++r)
    for (int64_t c = r * Block; c < (r + 1) * Block; c += Width) {
      Vector weight = expOf(get(scores + c) - logSums[r]);
      put(scores + c, weight);
      put(dScores + c, weight * (get(dScores + c) - deltas[r]) * factor);
    }
}

/// From the branch's gradient in chunk.dh and its output in chunk.window: adds to chunk.dq and to the keys' sums.
XLSTM_APART void windowBackward(const Queries &queries, const Chunk &chunk, const Keys &keys, Sinks &sinks,
                                const KeySums &sums, const float *logSums) {
  const Call &call = queries.head.call;
  int64_t count = queries.count, d = call.s.d, dp = call.dp;
  float deltas[Block];
  for (int64_t r = 0; r < count; ++r)
    deltas[r] = dotOf(chunk.dh + r * dp, chunk.window + r * dp, dp);
  if (queries.needsSinks() && sinks.base != queries.base)
    sums.flush(queries.head, sinks);
  queries.forBlocks(keys, sinks, [&](const KeyBlock &block) {
    const Keys &from = block.isSinks ? sinks.keys : keys;
    const KeyGradients &to = block.isSinks ? sums.sinks : sums.keys;
    product<false>(rows(chunk.q, dp), from.kT + block.at, Block, chunk.scores, Block, count, Block, d);
    queries.mask(chunk.scores, block);
    product<false>(rows(chunk.dh, dp), from.vT + block.at, Block, chunk.dScores, Block, count, Block, d);
    softmaxBackward(chunk.scores, chunk.dScores, logSums, deltas, count, call.s.scale);
    product<true>(turned(chunk.scores, Block), chunk.dh, dp, to.dv + block.at, dp, Block, dp, count);
    product<true>(turned(chunk.dScores, Block), chunk.q, dp, to.dk + block.at, dp, Block, dp, count);
    product<true>(rows(chunk.dScores, Block), from.k + block.at, dp, chunk.dq, dp, count, dp, Block);
  });
}

} // namespace xlstm::cpu::hybrid

#endif // XLSTM_KERNELS_CPU_HYBRIDWINDOWBACKWARD_H
