//===- HybridDecode.cpp - the fused mixer, one token -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A task is one row and key head with its query heads. What is read is read where it lies: state once, ring once for
// two query heads, in tiles of 64 keys with a running softmax.

#include "kernels/cpu/HybridHead.h"

namespace xlstm::cpu::hybrid {

namespace {

constexpr int64_t Widest = 256; // channels of a head
constexpr int Pair = 2;         // query heads that share a pass over the ring

/// One query head of the task.
struct QueryHead {
  float q[Widest], mappedQ[Widest], mappedK[Widest], window[Widest], memory[Widest];
  float top, sum;
};

} // namespace

/// Row `row` where it lies, or in `buffer` [Widest] with zeros up to a multiple of 16.
XLSTM_INLINE const float *rowOf(const void *from, xlstm_dtype type, int64_t row, int64_t d, float *buffer) {
  if (type == XLSTM_F32 && d % 16 == 0)
    return static_cast<const float *>(from) + row * d;
  readRow(from, type, row, d, buffer);
  clear(buffer + d, padded(d) - d);
  return buffer;
}

/// x [d] turned by the row's angles.
XLSTM_INLINE void rotate(const Head &head, const DecodeOutputs &out, float *x) {
  int64_t half = head.call.s.d / 2;
  for (int64_t n = 0; out.cosines && n < half; ++n) {
    float cosine = out.cosines[head.b * half + n], sine = out.sines[head.b * half + n];
    float low = x[n], high = x[n + half];
    x[n] = low * cosine - high * sine;
    x[n + half] = high * cosine + low * sine;
  }
}

/// Softmax of row [d] in place, zero in the padding up to dp.
XLSTM_INLINE void softmaxRow(float *row, int64_t d, int64_t dp) {
  for (int64_t c = d; c < dp; ++c)
    row[c] = -Infinity;
  Vector top = splat(-Infinity), sum = {};
  for (int64_t c = 0; c < dp; c += Width)
    top = larger(top, get(row + c));
  float shift = greatest(top);
  for (int64_t c = 0; c < dp; c += Width) {
    Vector e = exp2Of((get(row + c) - shift) * Log2e);
    put(row + c, e);
    sum += e;
  }
  scale(row, 1.0f / total(sum), dp);
}

/// One query's scores [Block] become weights exp(score - top); its output so far is rescaled where top rises.
XLSTM_INLINE void runningSoftmax(float *row, float &top, float &sum, float *output, int64_t dp) {
  Vector best = splat(top), all = {};
  for (int64_t c = 0; c < Block; c += Width)
    best = larger(best, get(row + c));
  float newTop = greatest(best), shift = newTop == -Infinity ? 0.0f : newTop;
  for (int64_t c = 0; c < Block; c += Width) {
    Vector e = exp2Of((get(row + c) - shift) * Log2e);
    put(row + c, e);
    all += e;
  }
  if (newTop != top) {
    float correction = exponential(top - shift);
    sum *= correction;
    scale(output, correction, dp);
  }
  sum += total(all);
  top = newTop;
}

/// y = softmax(map x) of the head; x and y padded.
XLSTM_INLINE void mapRow(const Head &head, const void *map, const float *x, float *y) {
  int64_t d = head.call.s.d, dp = head.call.dp;
  float buffer[Widest];
  for (int64_t a = 0; a < d; ++a)
    y[a] = dotOf(rowOf(map, head.call.s.type, head.h * d + a, d, buffer), x, dp);
  softmaxRow(y, d, dp);
}

/// S = decay S + k (x) v and memory = q S, V vectors of columns at a time, in one pass.
template <int V>
XLSTM_INLINE void stepColumns(float *S, int64_t d, float decay, const float *k, const float *v, const float *q,
                              float *output) {
  Vector value[V], sum[V] = {};
  for (int n = 0; n < V; ++n)
    value[n] = get(v + n * Width);
  for (int64_t a = 0; a < d; ++a)
    for (int n = 0; n < V; ++n) {
      float *at = S + a * d + n * Width;
      Vector state = get(at) * decay + value[n] * k[a];
      put(at, state);
      sum[n] += state * q[a];
    }
  for (int n = 0; n < V; ++n)
    put(output + n * Width, sum[n]);
}

/// The memory's step: state in place, head.memory its output.
static void stepMemory(const Head &head, const xlstm_hybrid_state &state, QueryHead &query, const float *v) {
  int64_t d = head.call.s.d, at = head.query(0), n = head.memory();
  float *S = state.S + n * d * d, *z = state.z + n * d, weighed[Widest];
  if (state.m[n] == -Infinity)
    clear(S, d * d), clear(z, d);
  double before = state.m[n] + logSigmoid(head.call.in.f_gate[at]), input = head.call.in.i_gate[at];
  state.m[n] = float(before > input ? before : input);
  float decay = weightOf(before, state.m[n]), weight = weightOf(input, state.m[n]), denominator = 0;
  for (int64_t a = 0; a < d; ++a) {
    weighed[a] = weight * query.mappedK[a];
    z[a] = decay * z[a] + weighed[a];
    denominator += z[a] * query.mappedQ[a];
  }
  int64_t c = 0;
  for (; c + 4 * Width <= d; c += 4 * Width)
    stepColumns<4>(S + c, d, decay, weighed, v + c, query.mappedQ, query.memory + c);
  for (; c + Width <= d; c += Width)
    stepColumns<1>(S + c, d, decay, weighed, v + c, query.mappedQ, query.memory + c);
  clear(query.memory + c, head.call.dp - c);
  for (int64_t a = 0; c < d && a < d; ++a)
    for (int64_t e = c; e < d; ++e) {
      float &cell = S[a * d + e];
      cell = decay * cell + weighed[a] * v[e];
      query.memory[e] += query.mappedQ[a] * cell;
    }
  scale(query.memory, 1.0f / maximum(denominator, LeastDenominator), head.call.dp);
}

/// Rows of keys and values of one key head: row n at first + n * step.
struct Rows {
  const void *k, *v;
  xlstm_dtype type;
  int64_t first, step;
};

/// A tile of keys or values in float32: row n at data + n * stride.
struct Tile {
  const float *data;
  int64_t stride;
};

/// Rows n0 on where they lie, or in `buffer` with zeros up to a multiple of 16.
XLSTM_INLINE Tile tileOf(const void *from, const Rows &rows, int64_t n0, int64_t count, int64_t d, int64_t dp,
                         float *buffer) {
  if (rows.type == XLSTM_F32 && d == dp)
    return {static_cast<const float *>(from) + (rows.first + n0 * rows.step) * d, rows.step * d};
  for (int64_t n = 0; n < count; ++n)
    rowOf(from, rows.type, rows.first + (n0 + n) * rows.step, d, buffer + n * dp);
  return {buffer, dp};
}

/// Scores of a tile's keys, four at a time; what stands behind `count` is -inf.
template <int H>
XLSTM_INLINE void scoreTile(const Tile &keys, int64_t count, int64_t dp, float factor, const QueryHead *queries,
                            float (*scores)[Block]) {
  for (int64_t n = 0; n < count; n += 4) {
    const float *k[4];
    for (int64_t j = 0; j < 4; ++j)
      k[j] = keys.data + least(n + j, count - 1) * keys.stride;
    Vector sums[H][4] = {};
    for (int64_t c = 0; c < dp; c += Width)
      for (int j = 0; j < 4; ++j) {
        Vector key = get(k[j] + c);
        for (int h = 0; h < H; ++h)
          sums[h][j] += key * get(queries[h].q + c);
      }
    for (int h = 0; h < H; ++h)
      totals(sums[h], factor, scores[h] + n);
  }
  for (int h = 0; h < H; ++h)
    for (int64_t n = count; n < Block; ++n)
      scores[h][n] = -Infinity;
}

/// Adds the weighted values to V vectors of every head's output.
template <int H, int V>
XLSTM_INLINE void addColumns(const Tile &values, int64_t count, int64_t c, const float (*weights)[Block],
                             QueryHead *queries) {
  Vector sums[H][V];
  for (int h = 0; h < H; ++h)
    for (int v = 0; v < V; ++v)
      sums[h][v] = get(queries[h].window + c + v * Width);
  for (int64_t n = 0; n < count; ++n)
    for (int v = 0; v < V; ++v) {
      Vector value = get(values.data + n * values.stride + c + v * Width);
      for (int h = 0; h < H; ++h)
        sums[h][v] += value * weights[h][n];
    }
  for (int h = 0; h < H; ++h)
    for (int v = 0; v < V; ++v)
      put(queries[h].window + c + v * Width, sums[h][v]);
}

/// A tile of up to Block keys for H query heads.
template <int H>
XLSTM_APART void attendTile(const Rows &from, int64_t n0, int64_t count, int64_t d, int64_t dp, float factor,
                            QueryHead *queries) {
  float scores[H][Block], buffer[Block * Widest];
  scoreTile<H>(tileOf(from.k, from, n0, count, d, dp, buffer), count, dp, factor, queries, scores);
  for (int h = 0; h < H; ++h)
    runningSoftmax(scores[h], queries[h].top, queries[h].sum, queries[h].window, dp);
  Tile values = tileOf(from.v, from, n0, count, d, dp, buffer);
  int64_t c = 0;
  for (; c + 4 * Width <= dp; c += 4 * Width)
    addColumns<H, 4>(values, count, c, scores, queries);
  for (; c < dp; c += Width)
    addColumns<H, 1>(values, count, c, scores, queries);
}

/// Keys 0 to `end` of `from`.
static void attendRows(const Rows &from, int64_t end, const xlstm_hybrid_shape &s, int64_t dp, QueryHead *queries,
                       int heads) {
  for (int64_t n = 0; n < end; n += Block) {
    int64_t count = least(Block, end - n);
    if (heads == Pair)
      attendTile<Pair>(from, n, count, s.d, dp, s.scale, queries);
    else
      attendTile<1>(from, n, count, s.d, dp, s.scale, queries);
  }
}

static void attend(const Head &head, const xlstm_hybrid_state &state, QueryHead *queries, int heads) {
  const xlstm_hybrid_shape &s = head.call.s;
  int64_t pos = state.pos[head.b], held = least(pos + 1, s.W), dp = head.call.dp;
  for (int h = 0; h < heads; ++h) {
    clear(queries[h].window, dp);
    queries[h].top = -Infinity, queries[h].sum = 0;
  }
  Rows ring = {state.ring_k, state.ring_v, s.ring_type, head.b * s.W * s.Hkv + head.g, s.Hkv};
  Rows sinks = {state.sink_k, state.sink_v, s.ring_type, head.b * s.S * s.Hkv + head.g, s.Hkv};
  int64_t outside = most(0, least(s.S, pos + 1 - s.W)); // sinks that the window has left
  attendRows(sinks, outside, s, dp, queries, heads);
  attendRows(ring, held, s, dp, queries, heads);
}

/// Writes the token's key and value of the head into ring and sinks.
static void remember(const Head &head, const xlstm_hybrid_state &state, const float *k, const float *v) {
  const xlstm_hybrid_shape &s = head.call.s;
  int64_t pos = state.pos[head.b], slot = (head.b * s.W + pos % s.W) * s.Hkv + head.g;
  writeRow(state.ring_k, s.ring_type, slot, s.d, k);
  writeRow(state.ring_v, s.ring_type, slot, s.d, v);
  if (pos >= s.S)
    return;
  writeRow(state.sink_k, s.ring_type, (head.b * s.S + pos) * s.Hkv + head.g, s.d, k);
  writeRow(state.sink_v, s.ring_type, (head.b * s.S + pos) * s.Hkv + head.g, s.d, v);
}

void XLSTM_ISA_NAME(decodeHead)(const Call &call, const DecodeOutputs &out, int64_t task) {
  int64_t d = call.s.d, dp = call.dp, group = call.s.H / call.s.Hkv, b = task / call.s.Hkv, g = task % call.s.Hkv;
  float k[Widest] = {}, v[Widest] = {};
  Head shared{call, b, g * group, g};
  readRow(call.in.k, call.s.type, shared.key(0), d, k);
  readRow(call.in.v, call.s.type, shared.key(0), d, v);
  rotate(shared, out, k);
  remember(shared, *out.state, k, v);
  QueryHead queries[Pair];
  for (int64_t first = g * group; first < (g + 1) * group; first += Pair) {
    int heads = int(least(Pair, (g + 1) * group - first));
    for (int h = 0; h < heads; ++h) {
      Head head{call, b, first + h, g};
      QueryHead &query = queries[h];
      clear(query.q, dp);
      readRow(call.in.q, call.s.type, head.query(0), d, query.q);
      rotate(head, out, query.q);
      mapRow(head, call.in.q_map, query.q, query.mappedQ);
      mapRow(head, call.in.k_map, k, query.mappedK);
      stepMemory(head, *out.state, query, v);
    }
    attend(shared, *out.state, queries, heads);
    for (int h = 0; h < heads; ++h) {
      Head head{call, b, first + h, g};
      float open = sigmoid(call.in.o_gate[head.query(0)]);
      scaleAdd(queries[h].memory, open, queries[h].window, (1.0f - open) / queries[h].sum, dp);
      writeRow(out.h, call.s.type, head.query(0), d, queries[h].memory);
    }
  }
}

} // namespace xlstm::cpu::hybrid
