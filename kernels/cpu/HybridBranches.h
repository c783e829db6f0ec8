//===- HybridBranches.h - both branches of a block of 64 tokens, forward -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CPU_HYBRIDBRANCHES_H
#define XLSTM_KERNELS_CPU_HYBRIDBRANCHES_H

#include "kernels/cpu/HybridWindow.h"

namespace xlstm::cpu::hybrid {

/// The window branch of a block of queries q [count, dp]: output [count, dp] and, unless null, the log-sums. `scores`
/// has room for one matrix.
XLSTM_APART void windowForward(const Queries &queries, const float *q, const Keys &keys, Sinks &sinks, float *scores,
                               float *output, float *logSums) {
  int64_t count = queries.count, d = queries.head.call.s.d, dp = queries.head.call.dp;
  float top[Block], sum[Block];
  for (int64_t r = 0; r < count; ++r)
    top[r] = -Infinity, sum[r] = 0;
  clear(output, count * dp);
  queries.forBlocks(keys, sinks, [&](const KeyBlock &block) {
    const Keys &from = block.isSinks ? sinks.keys : keys;
    product<false>(rows(q, dp), from.kT + block.at, Block, scores, Block, count, Block, d);
    queries.mask(scores, block);
    for (int64_t r = 0; r < count; ++r)
      runningSoftmax(scores + r * Block, top[r], sum[r], output + r * dp, dp);
    product<true>(rows(scores, Block), from.v + block.at, dp, output, dp, count, dp, Block);
  });
  for (int64_t r = 0; r < count; ++r) {
    scale(output + r * dp, 1.0f / sum[r], dp);
    if (logSums)
      logSums[r] = float(top[r] + log(double(sum[r])));
  }
}

/// One head's memory in the workspace: S [d, dp] and z [dp].
struct Memory {
  float *S, *z;

  static Memory make(Arena &arena, const Call &call) {
    return {arena.floats(call.s.d * call.dp), arena.floats(call.dp)};
  }

  /// Returns the maximum, -inf for an empty memory.
  float load(const Head &head) const {
    int64_t d = head.call.s.d, dp = head.call.dp;
    clear(S, d * dp), clear(z, dp);
    if (!head.hasMemory())
      return -Infinity;
    for (int64_t a = 0; a < d; ++a)
      readRow(head.call.state->S, XLSTM_F32, head.memory() * d + a, d, S + a * dp);
    readRow(head.call.state->z, XLSTM_F32, head.memory(), d, z);
    return head.call.state->m[head.memory()];
  }

  void store(const Head &head, float *toS, float *toz) const {
    int64_t d = head.call.s.d;
    for (int64_t a = 0; toS && a < d; ++a)
      writeRow(toS, XLSTM_F32, head.memory() * d + a, d, S + a * head.call.dp);
    if (toz)
      writeRow(toz, XLSTM_F32, head.memory(), d, z);
  }

  /// After a chunk of mapped keys and its values; `scaled` [Block, dp] is room for the weighted keys.
  void update(const Gates &gates, const float *keys, const float *values, int64_t count, int64_t d, int64_t dp,
              float *scaled) const {
    float weights[Block], decay = kept(gates, count);
    weighState(gates, count, weights);
    if (decay == 0)
      clear(S, d * dp), clear(z, dp);
    else
      scale(S, decay, d * dp), scale(z, decay, dp);
    for (int64_t s = 0; s < count; ++s)
      for (int64_t c = 0; c < dp; c += Width) {
        Vector key = get(keys + s * dp + c) * weights[s];
        put(scaled + s * dp + c, key);
        put(z + c, get(z + c) + key);
      }
    product<true>(turned(scaled, dp), values, dp, S, dp, d, dp, count);
  }
};

/// Scores q k^T of a chunk weighed by the gates, [Block, Block], zero where nothing is seen; their sums by row.
/// Unless null, `weights` receives the gates' part alone.
XLSTM_INLINE void weigh(const Gates &gates, float *scores, float *weights, int64_t count, float *sums) {
  float row[Block];
  for (int64_t r = 0; r < count; ++r) {
    float *weight = weights ? weights + r * Block : row, *score = scores + r * Block;
    weighRow(gates, r, weight);
    Vector all = {};
    for (int64_t s = 0; s < Block; s += Width) {
      Vector gate = get(weight + s), value = gate == 0.0f ? Vector{} : gate * get(score + s);
      put(score + s, value);
      all += value;
    }
    sums[r] = total(all);
  }
}

} // namespace xlstm::cpu::hybrid

#endif // XLSTM_KERNELS_CPU_HYBRIDBRANCHES_H
