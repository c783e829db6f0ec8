//===- HybridBranches.h - both branches of a block of 64 tokens, forward -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CPU_HYBRIDBRANCHES_H
#define XLSTM_KERNELS_CPU_HYBRIDBRANCHES_H

#include "kernels/cpu/HybridWindow.h"

namespace xlstm::cpu::hybrid {

constexpr float LeastTop = -0x1p126f; // stands for a maximum over nothing where it is subtracted

/// y = x times each token's weight, one row [Block]; returns its sum in lanes.
XLSTM_INLINE Vector scaleTokens(const float *x, const float *weights, float *y) {
  Vector sum = {};
  for (int64_t t = 0; t < Block; t += Width) {
    Vector value = get(x + t) * get(weights + t);
    put(y + t, value);
    sum += value;
  }
  return sum;
}

/// Scores become weights 2^(factor score - top) for the queries of each vector; an output so far is rescaled where the
/// maximum rises by more than 8, so weights stay below 2^8.
XLSTM_APART void runningSoftmax(const Queries &queries, const KeyBlock &block, const Seen &seen, float *scoresT,
                                float *top, float *sum, float *output) {
  int64_t dp = queries.head.call.dp;
  float factor = queries.head.call.s.scale * Log2e, corrections[Width];
  for (int64_t r = 0; r < padded(queries.count); r += Width) {
    int64_t from = seen.keysFrom[r / Group], to = seen.keysTo[r / Group];
    Vector best = splat(-Infinity), before = get(top + r), all = {};
    for (int64_t n = from; n < to; ++n) {
      Vector score = get(scoresT + n * Block + r) * factor;
      if (!seen.all) {
        score = queries.masked(score, block, n, r);
        put(scoresT + n * Block + r, score);
      }
      best = larger(best, score);
    }
    if (greatest(best - larger(before, splat(LeastTop))) > 8.0f) {
      best = larger(best, before);
      Vector correction = exp2Of(before - larger(best, splat(LeastTop)));
      put(top + r, best), put(sum + r, get(sum + r) * correction), put(corrections, correction);
      for (int64_t n = 0; n < Width; ++n)
        scale(output + (r + n) * dp, corrections[n], dp);
      before = best;
    }
    Vector shift = larger(before, splat(LeastTop)), multiplier = splat(seen.all ? factor : 1.0f);
    for (int64_t n = from; n < to; ++n) {
      Vector e = exp2Of(get(scoresT + n * Block + r) * multiplier - shift);
      put(scoresT + n * Block + r, e);
      all += e;
    }
    put(sum + r, get(sum + r) + all);
  }
}

/// The window branch of a block of queries: output [count, dp] and, unless null, the log-sums. `scoresT` has room for
/// one matrix, `output` for a block.
XLSTM_APART void windowForward(const Queries &queries, const float *qT, const Keys &keys, Sinks &sinks, float *scoresT,
                               float *output, float *logSums, Ahead &ahead) {
  int64_t d = queries.head.call.s.d, dp = queries.head.call.dp;
  float top[Block], sum[Block] = {};
  for (float &each : top)
    each = -Infinity;
  clear(output, Block * dp);
  queries.forBlocks(keys, sinks, [&](const KeyBlock &block) XLSTM_ALWAYS_INLINE {
    const Keys &from = block.isSinks ? sinks.keys : keys;
    ahead.ask();
    Seen seen = queries.seen(block);
    scoreKeys(seen, rows(from.k + block.at, dp), qT, scoresT, d);
    runningSoftmax(queries, block, seen, scoresT, top, sum, output);
    addToQueries(seen, scoresT, from.v + block.at, output, dp);
  });
  for (int64_t r = 0; r < queries.count; ++r) {
    scale(output + r * dp, 1.0f / sum[r], dp);
    if (logSums)
      logSums[r] = float((double(top[r]) + log2(double(sum[r]))) / double(Log2e));
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

  /// After a chunk of mapped keys and its values; `scaledT` [d, Block] is room for the weighted keys.
  void update(const Gates &gates, const float *keysT, const float *values, int64_t count, int64_t d, int64_t dp,
              float *scaledT) const {
    float weights[Block], decay = kept(gates, count);
    weighState(gates, count, weights);
    if (decay == 0)
      clear(S, d * dp), clear(z, dp);
    else
      scale(S, decay, d * dp), scale(z, decay, dp);
    for (int64_t a = 0; a < d; a += 4) {
      Vector sums[4] = {};
      float added[4];
      for (int64_t n = a; n < a + 4; ++n)
        sums[n - a] = scaleTokens(keysT + n * Block, weights, scaledT + n * Block);
      totals(sums, 1.0f, added);
      for (int64_t n = a; n < a + 4; ++n)
        z[n] += added[n - a];
    }
    product<true>(rows(scaledT, Block), values, dp, S, dp, d, dp, padded(count));
  }
};

/// Scores of a chunk, weighed by the gates in place, 0 where nothing is seen; sums [Block] over the keys. `weightsT`
/// receives the gates' part alone.
XLSTM_INLINE void weigh(const Gates &gates, float *scoresT, float *weightsT, float *sums) {
  clear(sums, Block);
  for (int64_t s = 0; s < Block; ++s) {
    float *weight = weightsT + s * Block, *score = scoresT + s * Block;
    weighToken(gates, s, weight);
    for (int64_t t = 0; t < Block; t += Width) {
      Vector gate = get(weight + t), value = gate == 0.0f ? Vector{} : gate * get(score + t);
      put(score + t, value);
      put(sums + t, get(sums + t) + value);
    }
  }
}

/// scaledT [d, Block] = mappedQT times what the state weighs on each token; sums [Block] += it times z.
XLSTM_INLINE void readState(const float *mappedQT, const float *weights, const float *z, int64_t d, float *scaledT,
                            float *sums) {
  for (int64_t t = 0; t < Block; t += Width) {
    Vector weight = get(weights + t), sum = {};
    for (int64_t a = 0; a < d; ++a) {
      Vector q = get(mappedQT + a * Block + t) * weight;
      put(scaledT + a * Block + t, q);
      sum += q * z[a];
    }
    put(sums + t, get(sums + t) + sum);
  }
}

} // namespace xlstm::cpu::hybrid

#endif // XLSTM_KERNELS_CPU_HYBRIDBRANCHES_H
