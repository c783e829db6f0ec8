//===- HybridWindow.h - the key blocks that a block of queries sees -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CPU_HYBRIDWINDOW_H
#define XLSTM_KERNELS_CPU_HYBRIDWINDOW_H

#include "kernels/cpu/HybridHead.h"

namespace xlstm::cpu::hybrid {

/// The sinks of the document that `base` begins, in tiles of 64 keys like the blocks'.
struct Sinks {
  Keys keys;
  int64_t base, tiles;
  bool isFilled;

  static Sinks make(Arena &arena, const Call &call, bool withTurnedValues) {
    int64_t tiles = blocksFor(call.s.S);
    return {Keys::make(arena, call, most(tiles, 1), withTurnedValues), 0, tiles, false};
  }

  void fill(const Head &head, int64_t newBase) {
    if (isFilled && newBase == base)
      return;
    base = newBase, isFilled = true;
    const Call &call = head.call;
    int64_t size = Block * call.dp;
    clear(keys.k, most(tiles, 1) * size), clear(keys.v, most(tiles, 1) * size);
    for (int64_t s = 0; s < call.s.S && base + s < call.s.T; ++s) {
      float *k = keys.k + s * call.dp, *v = keys.v + s * call.dp;
      int64_t row = (head.b * call.s.S + s) * call.s.Hkv + head.g;
      if (base + s >= 0) {
        readRow(call.in.k, call.s.type, head.key(base + s), call.s.d, k);
        readRow(call.in.v, call.s.type, head.key(base + s), call.s.d, v);
      } else {
        readRow(call.state->sink_k, call.s.ring_type, row, call.s.d, k);
        readRow(call.state->sink_v, call.s.ring_type, row, call.s.d, v);
      }
    }
    for (int64_t n = 0; n < tiles; ++n)
      keys.turn(head, n * size);
  }
};

/// One block of keys: its first token, or its first sink, and where it lies in its Keys.
struct KeyBlock {
  int64_t first, at;
  bool isSinks;
};

/// A block of queries and the range of key blocks that its windows reach.
struct Queries {
  const Head &head;
  int64_t t0, count, base, firstBlock;

  Queries(const Head &head, int64_t t0, int64_t count)
      : head(head), t0(t0), count(count), base(head.base(t0)), firstBlock(blockOf(most(base, t0 - head.call.s.W + 1))) {
  }

  /// Sinks before this token are not among the blocks.
  int64_t reach() const { return most(0, firstBlock * Block); }
  /// A sink of the first document is out of some query's window, and not among the blocks.
  bool needsSinks() const { return head.call.s.S > 0 && base < reach() && base <= t0 + count - 1 - head.call.s.W; }
  bool seesAll(const KeyBlock &block) const {
    int64_t last = block.first + Block - 1, lastQuery = t0 + count - 1;
    return !block.isSinks && last <= t0 && block.first > lastQuery - head.call.s.W &&
           head.base(lastQuery) <= block.first && base <= block.first;
  }

  /// Calls body(block) for every block of keys that some query sees.
  template <typename Body>
  XLSTM_ALWAYS_INLINE void forBlocks(const Keys &keys, Sinks &sinks, Body body) const {
    int64_t size = Block * head.call.dp;
    if (needsSinks()) {
      sinks.fill(head, base);
      for (int64_t n = 0; n < sinks.tiles; ++n)
        body(KeyBlock{base + n * Block, n * size, true});
    }
    for (int64_t n = firstBlock; n <= blockOf(t0 + count - 1); ++n)
      body(KeyBlock{n * Block, keys.slot(n) * size, false});
  }

  /// Scores [count, Block] times `scale`, -inf where the query does not see the key.
  void mask(float *scores, const KeyBlock &block) const {
    float factor = head.call.s.scale;
    bool all = seesAll(block);
    for (int64_t r = 0; r < count; ++r) {
      float *row = scores + r * Block;
      if (all)
        scale(row, factor, Block);
      else
        maskRow(row, block, t0 + r, factor);
    }
  }

private:
  XLSTM_ALWAYS_INLINE void maskRow(float *row, const KeyBlock &block, int64_t t, float factor) const {
    const xlstm_hybrid_shape &s = head.call.s;
    int64_t own = head.base(t), windowFrom = most(own, t - s.W + 1);
    // Two ranges of tokens: [windowFrom, t], and sinks [sinkFrom, sinkTo).
    int64_t sinkFrom = block.isSinks ? own : most(own, reach());
    int64_t sinkTo = least(own + s.S, windowFrom);
    if (block.isSinks)
      windowFrom = t + 1, sinkTo = own == base ? least(sinkTo, reach()) : sinkFrom;
    auto local = [&](int64_t token) { return int32_t(least(most(token - block.first, -1), Block)); };
    IntVector from = IntVector{} + local(windowFrom), to = IntVector{} + local(t + 1);
    IntVector from2 = IntVector{} + local(sinkFrom), to2 = IntVector{} + local(sinkTo);
    for (int64_t c = 0; c < Block; c += Width) {
      IntVector n = countFrom(int32_t(c));
      IntVector sees = ((n >= from) & (n < to)) | ((n >= from2) & (n < to2));
      put(row + c, sees ? get(row + c) * factor : splat(-Infinity));
    }
  }
};

} // namespace xlstm::cpu::hybrid

#endif // XLSTM_KERNELS_CPU_HYBRIDWINDOW_H
