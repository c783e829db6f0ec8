//===- HybridHead.h - one head's inputs, documents, keys and gates -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tokens are taken in blocks of 64, for chunks of the memory, queries and keys alike. Tokens of the state's document
// that came before the piece have negative numbers; key blocks of the ring are those below 0. A name that ends in T is
// of a matrix whose rows run along the block's tokens: [channels, Block], or [keys, queries] for scores and weights, so
// that every maximum and sum over channels or keys is one of whole vectors.

#ifndef XLSTM_KERNELS_CPU_HYBRIDHEAD_H
#define XLSTM_KERNELS_CPU_HYBRIDHEAD_H

#include "kernels/cpu/HybridIsa.h"
#include "kernels/cpu/HybridStorage.h"
#include "kernels/cpu/HybridVector.h"

namespace xlstm::cpu::hybrid {

constexpr int64_t Block = 64;
constexpr int64_t MatrixSize = Block * Block;
constexpr float LeastDenominator = 1e-30f;
constexpr double Nothing = -__builtin_inf(); // a maximum over nothing

XLSTM_INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
XLSTM_INLINE int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
XLSTM_INLINE int64_t padded(int64_t n) { return (n + 15) / 16 * 16; }
XLSTM_INLINE int64_t blockOf(int64_t token) { return token >> 6; } // towards minus infinity
XLSTM_INLINE int64_t blocksFor(int64_t tokens) { return blockOf(tokens + Block - 1); }

/// Hands out a thread's workspace, 64 bytes aligned. From null it only counts.
struct Arena {
  char *next;

  template <typename T>
  T *take(int64_t count) {
    char *result = next;
    next += (count * int64_t(sizeof(T)) + 63) / 64 * 64;
    return reinterpret_cast<T *>(result);
  }
  float *floats(int64_t count) { return take<float>(count); }
};

/// Row b and query head h with its key head g.
struct Head {
  const Call &call;
  int64_t b, h, g;

  int64_t past() const { return call.state ? call.state->pos[b] : 0; }
  /// Where the document of token t begins.
  int64_t base(int64_t t) const {
    int64_t start = call.in.doc_start ? call.in.doc_start[b * call.s.T + t] : -1;
    return start < 0 ? -past() : start;
  }
  int64_t token(int64_t t) const { return b * call.s.T + t; }
  int64_t query(int64_t t) const { return token(t) * call.s.H + h; }
  int64_t key(int64_t t) const { return token(t) * call.s.Hkv + g; }
  int64_t memory() const { return b * call.s.H + h; }
  bool hasMemory() const { return call.state && call.state->m[memory()] != -Infinity; }

  /// Rows t0 on of a [B,T,H,d] array; the block's other rows are zero. The caller has cleared the padding.
  void readQueries(const void *from, int64_t t0, int64_t count, float *to) const {
    for (int64_t r = 0; r < count; ++r)
      readRow(from, call.s.type, query(t0 + r), call.s.d, to + r * call.dp);
    clear(to + count * call.dp, (Block - count) * call.dp);
  }
  /// Key or value of token t, which may be one of the ring.
  void readKey(const void *fresh, const void *ring, int64_t t, float *to) const {
    if (t >= 0)
      return readRow(fresh, call.s.type, key(t), call.s.d, to);
    int64_t slot = (t + past()) % call.s.W;
    readRow(ring, call.s.ring_type, (b * call.s.W + slot) * call.s.Hkv + g, call.s.d, to);
  }
};

/// The block of tokens that comes next, asked for a few at a time between the products: the rows of one head lie too
/// far apart for the hardware to foresee them, and all at once they would wait for each other.
struct Ahead {
  const Head &head;
  int64_t next, end;
  const void *queries[3] = {}, *keys[2] = {}; // [B,T,H,d], [B,T,Hkv,d] or null

  Ahead(const Head &head, int64_t t0) : head(head), next(most(t0, 0)), end(least(t0 + Block, head.call.s.T)) {}

  void ask(int64_t count = 8) {
    const xlstm_hybrid_shape &s = head.call.s;
    for (int64_t stop = least(next + count, end); next < stop; ++next) {
      for (const void *from : queries)
        if (from)
          prefetchRow(from, s.type, head.query(next), s.d);
      for (const void *from : keys)
        if (from)
          prefetchRow(from, s.type, head.key(next), s.d);
    }
  }
};

/// One map [d,d] padded to [d,dp].
XLSTM_INLINE void readMap(const Head &head, const void *map, float *to) {
  int64_t d = head.call.s.d, dp = head.call.dp;
  clear(to, d * dp);
  for (int64_t a = 0; a < d; ++a)
    readRow(map, head.call.s.type, head.h * d + a, d, to + a * dp);
}

/// yT [d, Block] = softmax over d of map x, from xT [d, Block].
XLSTM_APART void features(const float *xT, const float *map, float *yT, int64_t d, int64_t dp) {
  product<false>(rows(map, dp), xT, Block, yT, Block, d, Block, d);
  for (int64_t t = 0; t < Block; t += Width) {
    Vector top = splat(-Infinity), sum = {};
    for (int64_t a = 0; a < d; ++a)
      top = larger(top, get(yT + a * Block + t));
    Vector shift = top * Log2e;
    for (int64_t a = 0; a < d; ++a) {
      Vector e = exp2Of(get(yT + a * Block + t) * Log2e - shift);
      put(yT + a * Block + t, e);
      sum += e;
    }
    Vector factor = 1.0f / sum;
    for (int64_t a = 0; a < d; ++a)
      put(yT + a * Block + t, get(yT + a * Block + t) * factor);
  }
}

/// Blocks of keys and values [Block, dp], block n in slot n mod `slots`. What stands for no token is 0.
struct Keys {
  float *k, *v;
  int64_t slots;

  int64_t slot(int64_t n) const { return (n % slots + slots) % slots; }

  static Keys make(Arena &arena, const Call &call, int64_t slots) {
    int64_t size = slots * Block * call.dp;
    return {arena.floats(size), arena.floats(size), slots};
  }

  void fill(const Head &head, int64_t n) const {
    int64_t size = Block * head.call.dp, at = slot(n) * size, dp = head.call.dp;
    clear(k + at, size), clear(v + at, size);
    int64_t first = n < 0 ? most(n * Block, -least(head.past(), head.call.s.W)) : n * Block;
    const xlstm_hybrid_state *state = head.call.state;
    for (int64_t t = first; t < least((n + 1) * Block, n < 0 ? 0 : head.call.s.T); ++t) {
      head.readKey(head.call.in.k, state ? state->ring_k : nullptr, t, k + at + (t - n * Block) * dp);
      head.readKey(head.call.in.v, state ? state->ring_v : nullptr, t, v + at + (t - n * Block) * dp);
    }
  }
};

/// The first block that holds keys of the ring, or 0.
XLSTM_INLINE int64_t firstKeyBlock(const Head &head) { return blockOf(-least(head.past(), head.call.s.W)); }

/// What tokens of a chunk weigh, from the gates alone. Within a document F sums log f and level = i - F; the running
/// maximum is F + top, so token s weighs exp(level_s - top_t) on t and the state exp(before - top_t). In float64: the
/// terms may be in the thousands. F starts anew with every document, so that none can round another's.
struct Gates {
  double level[Block], top[Block], sum[Block];
  int32_t first[Block]; // of the token's document, in the chunk
  double before, after; // maximum before the chunk; the stored new maximum less the last F
  bool carries[Block];  // the state belongs to the token's document
};

XLSTM_INLINE double logSigmoid(double x) {
  double y = x < 0 ? x - log1p(exp(x)) : -log1p(exp(-x));
  return y < -1e6 ? -1e6 : y; // keeps sums exact enough to tell later tokens apart
}

XLSTM_INLINE float weightOf(double level, double top) {
  return top == Nothing ? 0.0f : exponential(float(level - top));
}

/// Returns the maximum after the chunk. The callee's padding weighs nothing.
XLSTM_APART float openGates(const Head &head, int64_t t0, int64_t count, float before, Gates &gates) {
  gates.before = before;
  double F = 0, top = before;
  int32_t first = 0;
  bool carries = true;
  for (int64_t r = 0; r < count; ++r) {
    int64_t at = head.query(t0 + r);
    if (head.base(t0 + r) == t0 + r)
      F = 0, top = Nothing, first = int32_t(r), carries = false;
    else
      F += logSigmoid(head.call.in.f_gate[at]);
    double level = head.call.in.i_gate[at] - F;
    top = level > top ? level : top;
    gates.level[r] = level, gates.top[r] = top, gates.sum[r] = F, gates.first[r] = first, gates.carries[r] = carries;
  }
  for (int64_t r = count; r < Block; ++r)
    gates.level[r] = Nothing, gates.top[r] = 0, gates.first[r] = Block; // sees nothing and is seen by none
  float after = float(F + top);
  gates.after = after - F; // of the rounded maximum: the state is scaled by that one
  return after;
}

/// What the state weighs on each token [Block], and behind the chunk.
XLSTM_INLINE void carry(const Gates &gates, int64_t count, float *weights) {
  for (int64_t r = 0; r < Block; ++r)
    weights[r] = r < count && gates.carries[r] && gates.before != Nothing ? weightOf(gates.before, gates.top[r]) : 0.0f;
}
XLSTM_INLINE float kept(const Gates &gates, int64_t count) {
  return gates.carries[count - 1] && gates.before != Nothing ? weightOf(gates.before, gates.after) : 0.0f;
}

/// What token s of the chunk weighs on all its tokens, row s of the weightsT.
XLSTM_INLINE void weighToken(const Gates &gates, int64_t s, float *row) {
  int64_t start = s / 16 * 16; // nobody before sees it
  clear(row, start);
  double level = gates.level[s];
  for (int64_t t = start; t < Block; ++t)
    row[t] = float(level - (gates.top[t] == Nothing ? 0.0 : gates.top[t]));
  for (int64_t t = start; t < Block; t += Width) {
    IntVector first;
    memcpy(&first, gates.first + t, sizeof first);
    IntVector sees = (countFrom(int32_t(t)) >= int32_t(s)) & (first <= int32_t(s));
    put(row + t, sees ? exp2Of(get(row + t) * Log2e) : Vector{});
  }
}

/// What every token of the chunk weighs in the state behind it.
XLSTM_INLINE void weighState(const Gates &gates, int64_t count, float *weights) {
  for (int64_t s = 0; s < Block; ++s)
    weights[s] = s < count && s >= gates.first[count - 1] ? weightOf(gates.level[s], gates.after) : 0.0f;
}

} // namespace xlstm::cpu::hybrid

#endif // XLSTM_KERNELS_CPU_HYBRIDHEAD_H
