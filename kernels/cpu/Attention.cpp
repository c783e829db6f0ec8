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
struct Keys {
  ConstRows k, v;
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
struct Storage {
  Keys fresh, ring, sinks; // ring: the row's slot 0
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

XLSTM_INLINE void attendBlock(Queries &queries, const Keys &keys, int64_t count, const Shape &shape) {
  constexpr int64_t Room = KeyBlock * PackedWidth;
  float scores[QueryTile * KeyBlock], decay[QueryTile], buffer[Room];
  MutableRows rows = {scores, KeyBlock};
  if (count % Lanes)
    for (int64_t r = 0; r < queries.rows; ++r)
      store(rows[r] + count / Lanes * Lanes, Vec{});   // weigh() reads whole vectors
  int64_t room = queries.rows < PackedRows ? 0 : Room; // few rows would not repay the copy
  dotRows<F32>(queries.q, packed(keys.k, count, shape.d, buffer, room), queries.rows, shape.d, count, rows);
  for (int64_t r = 0; r < queries.rows; ++r)
    decay[r] =
        weigh(rows[r], count, keys.first, queries.first + r * queries.step, shape, queries.top[r], queries.total[r]);
  ConstRows v = packed(keys.v, count, shape.dv, buffer, room);
  addRows(decay, {scores, KeyBlock}, v, queries.rows, count, shape.dv, queries.h);
}

/// Keys of one stretch of memory: positions [from, to) of `keys`.
struct Stretch {
  Keys keys;
  int64_t from, to;
};

/// All keys of a tile, once each: the sinks before its first window, then from there to its last query.
XLSTM_INLINE int findKeys(const Queries &queries, const Storage &storage, const Shape &shape, Stretch *stretches) {
  int64_t p = storage.fresh.first;
  int64_t window = larger(0, queries.first - shape.W + 1);
  int64_t end = queries.first + (queries.rows - 1) * queries.step + 1;
  int64_t sinks = smaller(shape.S, window);
  int count = 0;
  stretches[count++] = {storage.sinks, 0, smaller(sinks, p)};
  stretches[count++] = {storage.fresh, p, sinks};
  for (int64_t j = window; j < p;) { // twice at most: the ring may wrap
    int64_t slot = j % shape.W, to = smaller(p, j + shape.W - slot);
    stretches[count++] = {{storage.ring.k.from(slot), storage.ring.v.from(slot), j}, j, to};
    j = to;
  }
  stretches[count++] = {storage.fresh, larger(window, p), end};
  return count;
}

XLSTM_INLINE void attendTile(Queries &queries, const Storage &storage, const Shape &shape) {
  float buffer[QueryTile * PackedWidth];
  queries.q = packed(queries.q, queries.rows, shape.d, buffer, QueryTile * PackedWidth);
  for (int64_t r = 0; r < queries.rows; ++r) {
    queries.top[r] = -Infinity;
    queries.total[r] = 0;
    memset(queries.h[r], 0, shape.dv * sizeof(float));
  }
  Stretch stretches[5];
  int count = findKeys(queries, storage, shape, stretches);
  for (int s = 0; s < count; ++s)
    for (int64_t j = stretches[s].from; j < stretches[s].to; j += KeyBlock) {
      const Keys &keys = stretches[s].keys;
      int64_t row = j - keys.first;
      attendBlock(queries, {keys.k.from(row), keys.v.from(row), j}, smaller(KeyBlock, stretches[s].to - j), shape);
    }
  for (int64_t r = 0; r < queries.rows; ++r) {
    float scale = 1.0f / queries.total[r];
    float *h = queries.h[r];
    forVecs(shape.dv,
            [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE { store(h + c, load(h + c, count) * scale, count); });
  }
}

/// Queries of one row, of heads that use key head g; q and h are the row's.
XLSTM_INLINE void attendHeads(const float *q, float *h, const Storage &storage, Share heads, Share tokens,
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

/// Keeps the new rows [T, width], `stride` apart, that later queries of this row need.
XLSTM_INLINE void remember(const float *fresh, int64_t stride, float *ring, float *sinks, int64_t p, int64_t width,
                           const Shape &shape, const xlstm_team *team) {
  int64_t kept = smaller(shape.T, shape.W);
  Share share = shareOf(team, kept);
  for (int64_t t = shape.T - kept + share.begin; t < shape.T - kept + share.end; ++t)
    memcpy(ring + (p + t) % shape.W * width, fresh + t * stride, width * sizeof(float));
  for (int64_t t = 0; isFirst(team) && t < smaller(shape.T, shape.S - p); ++t)
    memcpy(sinks + (p + t) * width, fresh + t * stride, width * sizeof(float));
}

void xlstm_cpu_attention(const float *__restrict q, const float *__restrict k, const float *__restrict v,
                         const int32_t *__restrict pos, float *__restrict ring_k, float *__restrict ring_v,
                         float *__restrict sink_k, float *__restrict sink_v, float *__restrict h, int64_t B, int64_t T,
                         int64_t H, int64_t Hkv, int64_t d, int64_t dv, int64_t W, int64_t S, int64_t q_stride,
                         int64_t k_stride, int64_t v_stride, float scale,
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
    float *ringK = ring_k + b * W * kWidth, *ringV = ring_v + b * W * vWidth;
    float *sinkK = S ? sink_k + b * S * kWidth : ring_k, *sinkV = S ? sink_v + b * S * vWidth : ring_v;
    for (int64_t g = 0; g < Hkv; ++g) {
      Storage storage = {{{rowK + g * d, k_stride}, {rowV + g * dv, v_stride}, pos[b]},
                         {{ringK + g * d, kWidth}, {ringV + g * dv, vWidth}, 0},
                         {{sinkK + g * d, kWidth}, {sinkV + g * dv, vWidth}, 0}};
      Share own = {larger(heads.begin, g * group), smaller(heads.end, (g + 1) * group)};
      attendHeads(q + b * T * q_stride, h + b * T * H * dv, storage, own, tokens, shape);
    }
    if (T != 1)
      meet(team); // the keys of one token lie where no query of it looks; others' may
    remember(rowK, k_stride, ringK, sinkK, pos[b], kWidth, shape, team);
    remember(rowV, v_stride, ringV, sinkV, pos[b], vWidth, shape, team);
  }
}
