//===- Attention.cpp - window and sink attention with a ring of keys ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Queries are taken in tiles: the heads that share a key head when there is one token, the tokens of one head
// otherwise. The keys of a tile are at most five stretches of memory (sinks and window, stored and new), each read in
// blocks with a running softmax; what a single query may not see is masked by its absolute position.

#include "kernels/cpu/Products.h"
#include "kernels/cpu/Share.h"
#include "xlstm/Kernels/CpuCalls.h"

using namespace xlstm::cpu;

namespace {

constexpr int64_t QueryTile = 24; // a multiple of both register tiles' rows
constexpr int64_t KeyBlock = 64;
constexpr int64_t PackedWidth = 128;
constexpr int64_t PackedRows = 8;

struct Shape {
  int64_t T, H, Hkv, d, dv, W, S, qStride;
  float scale;
};

/// Keys and values of one key head at positions first, first + 1, ...
template <typename Format>
struct Keys {
  WeightRows<Format> k, v;
  int64_t first;
};

/// Query r is at position first + r * step; h accumulates its output.
struct Queries {
  ConstRows q;
  MutableRows h;
  int64_t rows, first, step;
  float top[QueryTile], total[QueryTile];
};

/// Of one row and key head: where the keys of a position lie.
template <typename Format>
struct Storage {
  Keys<F32> fresh;
  Keys<Format> ring, sinks; // ring: the row's slot 0
};

} // namespace

XLSTM_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
XLSTM_INLINE int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

/// Turns one query's raw scores of `count` keys from position `first` on into weights, -inf where it may not look.
/// Returns what the earlier sums have to be multiplied with.
XLSTM_INLINE float weigh(float *scores, int64_t count, int64_t first, int64_t position, const Shape &shape, float &top,
                         float &total) {
  // Counted from `first`, clamped so that they fit a lane: the last visible key, the last before the window, the sinks.
  int32_t last = int32_t(smaller(position - first, count - 1));
  int32_t before = int32_t(smaller(larger(position - shape.W - first, -1), KeyBlock));
  int32_t sinks = int32_t(smaller(larger(shape.S - first, 0), KeyBlock));
  const IntVec ramp = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const Vec hidden = Vec{} - Infinity;
  Vec highest = hidden;
  for (int64_t c = 0; c < count; c += Lanes) {
    IntVec key = ramp + int32_t(c);
    Vec score = (key <= last) & ((key > before) | (key < sinks)) ? load(scores + c) * shape.scale : hidden;
    store(scores + c, score);
    highest = maximum(highest, score);
  }
  float newTop = maximum(top, maximumLane(highest));
  float base = newTop == -Infinity ? 0.0f : newTop; // nothing seen yet: every weight below is 0
  Vec sums = {};
  for (int64_t c = 0; c < count; c += Lanes) {
    Vec weight = exponential(load(scores + c) - base);
    store(scores + c, weight);
    sums += weight;
  }
  float decay = exponential(top - base);
  total = total * decay + sum(sums);
  top = newTop;
  return decay;
}

/// Rows as they are, or side by side where there is room; what is stored in fewer bits is widened.
template <typename Format>
XLSTM_INLINE ConstRows readable(WeightRows<Format> from, int64_t rows, int64_t n, float *buffer, int64_t room) {
  if constexpr (sizeof(typename Format::Stored) == sizeof(float)) {
    return packed(from, rows, n, buffer, room);
  } else {
    for (int64_t r = 0; r < rows; ++r)
      forVecs(n, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
        store(buffer + r * n + c, load<Format>(from[r] + c, count), count);
      });
    return {buffer, n};
  }
}

template <typename Format>
XLSTM_INLINE void attendBlock(Queries &queries, const Keys<Format> &keys, int64_t count, const Shape &shape) {
  constexpr int64_t Room = KeyBlock * PackedWidth;
  float scores[QueryTile * KeyBlock], decay[QueryTile];
  float *buffer = static_cast<float *>(__builtin_alloca_with_align(
      sizeof(float) * larger(Room, KeyBlock * larger(shape.d, shape.dv)), 512));
  MutableRows rows = {scores, KeyBlock};
  if (count % Lanes)
    for (int64_t r = 0; r < queries.rows; ++r)
      store(rows[r] + count / Lanes * Lanes, Vec{});   // weigh() reads whole vectors
  int64_t room = queries.rows < PackedRows ? 0 : Room; // few rows would not repay the copy
  dotRows<F32>(queries.q, readable<Format>(keys.k, count, shape.d, buffer, room), queries.rows, shape.d, count, rows);
  for (int64_t r = 0; r < queries.rows; ++r)
    decay[r] =
        weigh(rows[r], count, keys.first, queries.first + r * queries.step, shape, queries.top[r], queries.total[r]);
  ConstRows v = readable<Format>(keys.v, count, shape.dv, buffer, room);
  addRows(decay, {scores, KeyBlock}, v, queries.rows, count, shape.dv, queries.h);
}

/// Positions [from, to) of `keys`.
template <typename Format>
XLSTM_INLINE void attendStretch(Queries &queries, const Keys<Format> &keys, int64_t from, int64_t to,
                                const Shape &shape) {
  for (int64_t j = from; j < to; j += KeyBlock) {
    int64_t row = j - keys.first;
    attendBlock<Format>(queries, {keys.k.from(row), keys.v.from(row), j}, smaller(KeyBlock, to - j), shape);
  }
}

/// All keys of a tile, once each: the sinks before its first window, then from there to its last query.
template <typename Format>
XLSTM_INLINE void attendKeys(Queries &queries, const Storage<Format> &storage, const Shape &shape) {
  int64_t p = storage.fresh.first;
  int64_t window = larger(0, queries.first - shape.W + 1);
  int64_t end = queries.first + (queries.rows - 1) * queries.step + 1;
  int64_t sinks = smaller(shape.S, window);
  attendStretch(queries, storage.sinks, 0, smaller(sinks, p), shape);
  attendStretch(queries, storage.fresh, p, sinks, shape);
  for (int64_t j = window; j < p;) { // twice at most: the ring may wrap
    int64_t slot = j % shape.W, to = smaller(p, j + shape.W - slot);
    attendStretch<Format>(queries, {storage.ring.k.from(slot), storage.ring.v.from(slot), j}, j, to, shape);
    j = to;
  }
  attendStretch(queries, storage.fresh, larger(window, p), end, shape);
}

template <typename Format>
XLSTM_INLINE void attendTile(Queries &queries, const Storage<Format> &storage, const Shape &shape) {
  float buffer[QueryTile * PackedWidth];
  queries.q = packed(queries.q, queries.rows, shape.d, buffer, QueryTile * PackedWidth);
  for (int64_t r = 0; r < queries.rows; ++r) {
    queries.top[r] = -Infinity;
    queries.total[r] = 0;
    memset(queries.h[r], 0, shape.dv * sizeof(float));
  }
  attendKeys(queries, storage, shape);
  for (int64_t r = 0; r < queries.rows; ++r) {
    float scale = 1.0f / queries.total[r];
    float *h = queries.h[r];
    forVecs(shape.dv,
            [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE { store(h + c, load(h + c, count) * scale, count); });
  }
}

/// Queries of one row, of heads that use key head g; q and h are the row's.
template <typename Format>
XLSTM_INLINE void attendHeads(const float *q, float *h, const Storage<Format> &storage, Share heads, Share tokens,
                              const Shape &shape) {
  bool across = shape.T == 1; // a tile is across heads, or along one head's tokens
  for (int64_t head = heads.begin; head < heads.end; head += across ? QueryTile : 1)
    for (int64_t t = tokens.begin; t < tokens.end; t += QueryTile) {
      Queries queries;
      queries.q = {q + t * shape.qStride + head * shape.d, across ? shape.d : shape.qStride};
      queries.h = {h + (t * shape.H + head) * shape.dv, (across ? 1 : shape.H) * shape.dv};
      queries.rows = smaller(QueryTile, across ? heads.end - head : tokens.end - t);
      queries.first = storage.fresh.first + t;
      queries.step = across ? 0 : 1;
      attendTile(queries, storage, shape);
    }
}

/// Rounded to the nearest, ties to even.
template <typename Format>
XLSTM_INLINE void narrowRow(typename Format::Stored *to, const float *from, int64_t n) {
  if constexpr (sizeof(typename Format::Stored) == sizeof(float))
    memcpy(to, from, n * sizeof(float));
  else
    forVecs(n, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE { storeBf16(to + c, load(from + c, count), count); });
}

/// Keeps the new rows [T, width], `stride` apart, that later queries of this row need.
template <typename Format>
XLSTM_INLINE void remember(const float *fresh, int64_t stride, typename Format::Stored *ring,
                           typename Format::Stored *sinks, int64_t p, int64_t width,
                           const Shape &shape, const xlstm_team *team) {
  int64_t kept = smaller(shape.T, shape.W);
  Share share = shareOf(team, kept);
  for (int64_t t = shape.T - kept + share.begin; t < shape.T - kept + share.end; ++t)
    narrowRow<Format>(ring + (p + t) % shape.W * width, fresh + t * stride, width);
  for (int64_t t = 0; isFirst(team) && t < smaller(shape.T, shape.S - p); ++t)
    narrowRow<Format>(sinks + (p + t) * width, fresh + t * stride, width);
}

template <typename Format, typename Stored = typename Format::Stored>
XLSTM_INLINE void attention(const float *__restrict q, const float *__restrict k, const float *__restrict v,
                            const int32_t *__restrict pos, Stored *__restrict ring_k, Stored *__restrict ring_v,
                            Stored *__restrict sink_k, Stored *__restrict sink_v, float *__restrict h, int64_t B,
                            int64_t T, int64_t H, int64_t Hkv, int64_t d, int64_t dv, int64_t W, int64_t S,
                            int64_t q_stride, int64_t k_stride, int64_t v_stride, float scale,
                            const xlstm_team *team) {
  Shape shape = {T, H, Hkv, d, dv, W, S, q_stride, scale};
  int64_t kWidth = Hkv * d, vWidth = Hkv * dv, group = H / Hkv;
  // Tiles of many tokens are shared, or the heads of few.
  Share tiles = shareOf(team, (T + QueryTile - 1) / QueryTile), heads = {0, H};
  if (T < partsOf(team) * QueryTile)
    tiles = {0, (T + QueryTile - 1) / QueryTile}, heads = shareOf(team, H);
  Share tokens = {tiles.begin * QueryTile, smaller(tiles.end * QueryTile, T)};
  for (int64_t b = 0; b < B; ++b) {
    const float *rowK = k + b * T * k_stride, *rowV = v + b * T * v_stride;
    Stored *ringK = ring_k + b * W * kWidth, *ringV = ring_v + b * W * vWidth;
    Stored *sinkK = S ? sink_k + b * S * kWidth : ring_k, *sinkV = S ? sink_v + b * S * vWidth : ring_v;
    for (int64_t g = 0; g < Hkv; ++g) {
      Storage<Format> storage = {{{rowK + g * d, k_stride}, {rowV + g * dv, v_stride}, pos[b]},
                         {{ringK + g * d, kWidth}, {ringV + g * dv, vWidth}, 0},
                         {{sinkK + g * d, kWidth}, {sinkV + g * dv, vWidth}, 0}};
      Share own = {larger(heads.begin, g * group), smaller(heads.end, (g + 1) * group)};
      attendHeads(q + b * T * q_stride, h + b * T * H * dv, storage, own, tokens, shape);
    }
    if (T != 1)
      meet(team); // the keys of one token lie where no query of it looks; others' may
    remember<Format>(rowK, k_stride, ringK, sinkK, pos[b], kWidth, shape, team);
    remember<Format>(rowV, v_stride, ringV, sinkV, pos[b], vWidth, shape, team);
  }
}

#define XLSTM_DEFINE_ATTENTION(suffix, Format)                                                                         \
  void xlstm_cpu_attention_##suffix(                                                                                   \
      const float *q, const float *k, const float *v, const int32_t *pos, Format::Stored *ring_k,                      \
      Format::Stored *ring_v, Format::Stored *sink_k, Format::Stored *sink_v, float *h, int64_t B, int64_t T,          \
      int64_t H, int64_t Hkv, int64_t d, int64_t dv, int64_t W, int64_t S, int64_t q_stride, int64_t k_stride,         \
      int64_t v_stride, float scale, const xlstm_team *team) {                                                         \
    attention<Format>(q, k, v, pos, ring_k, ring_v, sink_k, sink_v, h, B, T, H, Hkv, d, dv, W, S, q_stride, k_stride,  \
                      v_stride, scale, team);                                                                          \
  }

XLSTM_DEFINE_ATTENTION(f32, F32)
XLSTM_DEFINE_ATTENTION(bf16, Bf16)
