//===- HybridWindow.h - the key blocks that a block of queries sees -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CPU_HYBRIDWINDOW_H
#define XLSTM_KERNELS_CPU_HYBRIDWINDOW_H

#include "kernels/cpu/HybridSeen.h"

namespace xlstm::cpu::hybrid {

/// The sinks of the document that `base` begins, in tiles of 64 keys like the blocks'.
struct Sinks {
  Keys keys;
  int64_t base, tiles;
  bool isFilled;

  static Sinks make(Arena &arena, const Call &call) {
    int64_t tiles = blocksFor(call.s.S);
    return {Keys::make(arena, call, most(tiles, 1)), 0, tiles, false};
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
  int32_t own[Block], windowFrom[Block], sinkTo[Block]; // of each query, less t0; a query behind `count` sees nothing

  Queries(const Head &head, int64_t t0, int64_t count)
      : head(head), t0(t0), count(count), base(head.base(t0)), firstBlock(blockOf(most(base, t0 - head.call.s.W + 1))) {
    for (int64_t r = 0; r < Block; ++r) {
      int64_t start = r < count ? head.base(t0 + r) : t0 + Block, from = most(start, t0 + r - head.call.s.W + 1);
      own[r] = local(start), windowFrom[r] = local(from), sinkTo[r] = local(least(start + head.call.s.S, from));
    }
  }

  /// Sinks before this token are not among the blocks.
  int64_t reach() const { return most(0, firstBlock * Block); }
  /// A sink of the first document is out of some query's window, and not among the blocks.
  bool needsSinks() const { return head.call.s.S > 0 && base < reach() && base <= t0 + count - 1 - head.call.s.W; }

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

  /// Which groups of the block's keys and of the queries can meet.
  Seen seen(const KeyBlock &block) const {
    const xlstm_hybrid_shape &s = head.call.s;
    int64_t end = padded(count);
    bool holdsSinks = s.S > 0 && (block.first >= t0 || (base < block.first + Block && base + s.S > block.first));
    Seen seen;
    seen.all = seesAll(block);
    if (block.isSinks)
      seen.keys = least(base + s.S - block.first, Block);
    for (int64_t g = 0; g < Groups; ++g) {
      int64_t key = block.first + g * Group - t0; // less t0, as the queries
      if (block.isSinks)
        seen.meet(g, 0, end);
      else
        seen.meet(g, least(most(key, 0), end), holdsSinks ? end : least(end, most(0, padded(key + Group - 1 + s.W))));
    }
    return seen;
  }

  /// Scores of key n of the block, -inf for the queries (from lane r on) that do not see it.
  XLSTM_ALWAYS_INLINE Vector masked(Vector scores, const KeyBlock &block, int64_t n, int64_t r) const {
    auto at = [&](const int32_t *from) XLSTM_ALWAYS_INLINE {
      IntVector v;
      memcpy(&v, from + r, sizeof v);
      return v;
    };
    int32_t key = int32_t(block.first + n - t0), border = local(reach());
    IntVector sees = (at(own) <= key) & (key < at(sinkTo));
    if (block.isSinks) // of the first document, as any other begins behind t0; what is among the blocks is not seen twice
      sees &= key < IntVector{} + border;
    else
      sees = (sees & (key >= IntVector{} + border)) | ((at(windowFrom) <= key) & (key <= countFrom(int32_t(r))));
    return sees ? scores : splat(-Infinity);
  }

private:
  /// A token less t0; what is far away stays so.
  int32_t local(int64_t token) const { return int32_t(most(token - t0, -(int64_t(1) << 31))); }
  bool seesAll(const KeyBlock &block) const {
    int64_t last = block.first + Block - 1, lastQuery = t0 + count - 1;
    return !block.isSinks && last <= t0 && block.first > lastQuery - head.call.s.W &&
           head.base(lastQuery) <= block.first && base <= block.first;
  }
};

} // namespace xlstm::cpu::hybrid

#endif // XLSTM_KERNELS_CPU_HYBRIDWINDOW_H
