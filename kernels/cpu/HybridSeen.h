//===- HybridSeen.h - products of tiles of which only a part is seen -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tile of 64 keys by 64 queries in groups of 16: at the window's ends, in a chunk's own triangle and behind the last
// sink, whole groups do not meet, and no product touches them.

#ifndef XLSTM_KERNELS_CPU_HYBRIDSEEN_H
#define XLSTM_KERNELS_CPU_HYBRIDSEEN_H

#include "kernels/cpu/HybridHead.h"

namespace xlstm::cpu::hybrid {

constexpr int64_t Group = 16, Groups = Block / Group;

/// Which queries a group of keys may meet, and the reverse: a range of tokens of the block, empty where from = to.
struct Seen {
  int64_t from[Groups], to[Groups], keysFrom[Groups] = {}, keysTo[Groups] = {};
  int64_t keys = Block; // those behind are none
  bool all;             // nothing is masked

  /// Group `g` of keys, in order, meets the queries of [first, last).
  void meet(int64_t g, int64_t first, int64_t last) {
    from[g] = first, to[g] = g * Group < keys ? most(first, last) : first;
    for (int64_t q = first / Group; q < to[g] / Group; ++q) {
      if (keysFrom[q] == keysTo[q])
        keysFrom[q] = g * Group;
      keysTo[q] = least((g + 1) * Group, keys);
    }
  }

  /// A chunk's tokens among themselves.
  static Seen triangle(int64_t count) {
    Seen seen;
    seen.all = false;
    for (int64_t g = 0; g < Groups; ++g)
      seen.meet(g, least(g * Group, padded(count)), padded(count));
    return seen;
  }
};

/// body(first, rows, from, to) for runs of groups that meet the same range; there are `count` rows.
template <typename Body>
XLSTM_INLINE void forRuns(const int64_t *from, const int64_t *to, int64_t count, Body body) {
  for (int64_t g = 0, next; g < Groups; g = next) {
    for (next = g + 1; next < Groups && from[next] == from[g] && to[next] == to[g];)
      ++next;
    if (from[g] < to[g])
      body(g * Group, least(next * Group, count) - g * Group, from[g], to[g]);
  }
}

/// scoresT [keys, queries] = keys (d wide) times queriesT [d, Block].
XLSTM_APART void scoreKeys(const Seen &seen, Left keys, const float *queriesT, float *scoresT, int64_t d) {
  forRuns(seen.from, seen.to, seen.keys,
          [&](int64_t first, int64_t count, int64_t from, int64_t to) XLSTM_ALWAYS_INLINE {
            Left some = {keys.data + first * keys.row, keys.row, keys.column};
            product<false>(some, queriesT + from, Block, scoresT + first * Block + from, Block, count, to - from, d);
          });
}

/// sums [keys, dp] += weightsT [keys, queries] times queries [Block, dp].
XLSTM_APART void addToKeys(const Seen &seen, const float *weightsT, const float *queries, float *sums, int64_t dp) {
  forRuns(seen.from, seen.to, seen.keys,
          [&](int64_t first, int64_t count, int64_t from, int64_t to) XLSTM_ALWAYS_INLINE {
            product<true>(rows(weightsT + first * Block + from, Block), queries + from * dp, dp, sums + first * dp, dp,
                          count, dp, to - from);
          });
}

/// sums [queries, dp] += the turned weightsT times keys [Block, dp].
XLSTM_APART void addToQueries(const Seen &seen, const float *weightsT, const float *keys, float *sums, int64_t dp) {
  forRuns(seen.keysFrom, seen.keysTo, Block,
          [&](int64_t first, int64_t count, int64_t from, int64_t to) XLSTM_ALWAYS_INLINE {
            product<true>(turned(weightsT + from * Block + first, Block), keys + from * dp, dp, sums + first * dp, dp,
                          count, dp, to - from);
          });
}

} // namespace xlstm::cpu::hybrid

#endif // XLSTM_KERNELS_CPU_HYBRIDSEEN_H
