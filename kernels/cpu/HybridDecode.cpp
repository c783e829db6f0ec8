//===- HybridDecode.cpp - the fused mixer, one token -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A task is one row and some of its key heads with their query heads. What is read is read where it lies and in the
// order in which it lies: state once, ring once, sixteen positions of every head at a time.

#include "kernels/cpu/HybridHead.h"

namespace xlstm::cpu::hybrid {

namespace {

constexpr int64_t Widest = 256; // channels of a head
constexpr int Pair = 2;         // query heads that share a pass over a key
constexpr int64_t Soon = 8;
constexpr int64_t Tile = 256; // positions of one softmax
constexpr int64_t Few = 16;   // positions of a head that are taken together

/// The key heads [first, last) of row b and the room for their query heads' rows.
struct Heads {
  const Call &call;
  int64_t b, first, last, group;
  float *q, *window, *memory, *scores, *top, *sum; // [heads, dp], scores [heads, Tile], [heads]

  Heads(Arena &arena, const Call &call, int64_t b, int64_t first, int64_t last)
      : call(call), b(b), first(first), last(last), group(call.s.H / call.s.Hkv) {
    q = arena.floats(count() * call.dp), window = arena.floats(count() * call.dp);
    memory = arena.floats(count() * call.dp), scores = arena.floats(count() * Tile);
    top = arena.floats(count()), sum = arena.floats(count());
  }
  int64_t count() const { return (last - first) * group; }
  Head head(int64_t n) const { return {call, b, first * group + n, first + n / group}; }
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

/// One query's scores [n] become weights exp(score - top); its output so far is rescaled where top rises.
XLSTM_INLINE void runningSoftmax(float *row, int64_t n, float &top, float &sum, float *output, int64_t dp) {
  Vector best = splat(top), all = {};
  for (int64_t c = 0; c < n; c += Width)
    best = larger(best, get(row + c));
  float newTop = greatest(best), shift = newTop == -Infinity ? 0.0f : newTop;
  for (int64_t c = 0; c < n; c += Width) {
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
  float buffer[4 * Widest];
  for (int64_t a = 0; a < d; a += 4) {
    Vector sums[4] = {};
    for (int64_t n = 0; n < 4; ++n) {
      const float *row = rowOf(map, head.call.s.type, head.h * d + a + n, d, buffer + n * Widest);
      for (int64_t c = 0; c < dp; c += Width)
        sums[n] += get(row + c) * get(x + c);
    }
    totals(sums, 1.0f, y + a);
  }
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

/// The memory's step of one head: state in place, `output` [dp]. k and q are mapped.
static void stepMemory(const Head &head, const xlstm_hybrid_state &state, float *k, const float *q, const float *v,
                       float *output) {
  int64_t d = head.call.s.d, at = head.query(0), n = head.memory();
  float *S = state.S + n * d * d, *z = state.z + n * d;
  if (state.m[n] == -Infinity)
    clear(S, d * d), clear(z, d);
  double before = state.m[n] + logSigmoid(head.call.in.f_gate[at]), input = head.call.in.i_gate[at];
  state.m[n] = float(before > input ? before : input);
  float decay = weightOf(before, state.m[n]), weight = weightOf(input, state.m[n]), denominator = 0;
  scale(k, weight, head.call.dp);
  int64_t c = 0;
  for (; c + Width <= d; c += Width) {
    put(z + c, get(z + c) * decay + get(k + c));
    denominator += total(get(z + c) * get(q + c));
  }
  for (; c < d; ++c)
    z[c] = decay * z[c] + k[c], denominator += z[c] * q[c];
  c = 0;
  for (; c + 4 * Width <= d; c += 4 * Width)
    stepColumns<4>(S + c, d, decay, k, v + c, q, output + c);
  for (; c + Width <= d; c += Width)
    stepColumns<1>(S + c, d, decay, k, v + c, q, output + c);
  clear(output + c, head.call.dp - c);
  for (int64_t a = 0; c < d && a < d; ++a)
    for (int64_t e = c; e < d; ++e) {
      float &cell = S[a * d + e];
      cell = decay * cell + k[a] * v[e];
      output[e] += q[a] * cell;
    }
  scale(output, 1.0f / maximum(denominator, LeastDenominator), head.call.dp);
}

/// Keys or values of a row's ring or sinks: position n of key head g is row first + n * step + g.
struct Rows {
  const void *data;
  xlstm_dtype type;
  int64_t first, step;
};

/// Up to Few positions of a key head from n0 on, where they lie or in `buffer`: [count, dp], `stride` apart.
struct FewRows {
  const float *data;
  int64_t stride, count;

  XLSTM_ALWAYS_INLINE FewRows(const Rows &from, int64_t g, int64_t n0, int64_t count, int64_t d, int64_t dp,
                              float *buffer)
      : data(buffer), stride(dp), count(count) {
    int64_t first = from.first + n0 * from.step + g;
    if (from.type == XLSTM_F32 && d == dp) {
      data = static_cast<const float *>(from.data) + first * d, stride = from.step * d;
      return;
    }
    for (int64_t n = 0; n < count; ++n)
      rowOf(from.data, from.type, first + n * from.step, d, buffer + n * dp);
  }
};

/// Asks for a row that is read `Soon` positions later: near enough that it is still there, and neighbours are many.
XLSTM_INLINE void askFor(const float *row, int64_t n) {
  for (int64_t c = 0; c < n; c += 16)
    __builtin_prefetch(row + c);
}

/// Scores of N keys for H query heads whose rows are q [H, dp], to scores [H, Tile].
template <int H, int N>
XLSTM_INLINE void scoreKeys(const float *keys, int64_t stride, const float *q, int64_t dp, float factor,
                            float *scores) {
  for (int64_t j = 0; j < N; ++j)
    askFor(keys + (Soon + j) * stride, dp);
  Vector sums[H][N] = {};
  for (int64_t c = 0; c < dp; c += Width)
    for (int64_t j = 0; j < N; ++j) {
      Vector key = get(keys + j * stride + c);
      for (int h = 0; h < H; ++h)
        sums[h][j] += key * get(q + h * dp + c);
    }
  for (int h = 0; h < H; ++h)
    if constexpr (N == 1)
      scores[h * Tile] = total(sums[h][0]) * factor;
    else
      totals(sums[h], factor, scores + h * Tile);
}

template <int H>
XLSTM_APART void scoreFew(const FewRows &keys, const float *q, int64_t dp, float factor, float *scores) {
  int64_t n = 0;
  for (; n + 4 <= keys.count; n += 4)
    scoreKeys<H, 4>(keys.data + n * keys.stride, keys.stride, q, dp, factor, scores + n);
  for (; n < keys.count; ++n)
    scoreKeys<H, 1>(keys.data + n * keys.stride, keys.stride, q, dp, factor, scores + n);
}

/// Adds V vectors of the weighted values to H query heads' outputs.
template <int H, int V>
XLSTM_INLINE void addColumns(const FewRows &values, int64_t c, const float *weights, int64_t dp, float *output) {
  Vector sums[H][V];
  for (int h = 0; h < H; ++h)
    for (int v = 0; v < V; ++v)
      sums[h][v] = get(output + h * dp + c + v * Width);
  for (int64_t j = 0; j < values.count; ++j) {
    askFor(values.data + (Soon + j) * values.stride + c, V * Width);
    for (int v = 0; v < V; ++v) {
      Vector value = get(values.data + j * values.stride + c + v * Width);
      for (int h = 0; h < H; ++h)
        sums[h][v] += value * weights[h * Tile + j];
    }
  }
  for (int h = 0; h < H; ++h)
    for (int v = 0; v < V; ++v)
      put(output + h * dp + c + v * Width, sums[h][v]);
}

template <int H>
XLSTM_APART void addFew(const FewRows &values, const float *weights, int64_t dp, float *output) {
  int64_t c = 0;
  for (; c + 4 * Width <= dp; c += 4 * Width)
    addColumns<H, 4>(values, c, weights, dp, output);
  for (; c < dp; c += Width)
    addColumns<H, 1>(values, c, weights, dp, output);
}

/// Up to Tile positions from n0 on, all heads.
static void attendTile(const Heads &heads, const Rows &keys, const Rows &values, int64_t n0, int64_t count) {
  const xlstm_hybrid_shape &s = heads.call.s;
  int64_t dp = heads.call.dp, group = heads.group;
  float buffer[Few * Widest];
  auto forFew = [&](const Rows &rows, auto body) XLSTM_ALWAYS_INLINE {
    for (int64_t n = 0; n < count; n += Few)
      for (int64_t g = heads.first; g < heads.last; ++g) {
        FewRows few(rows, g, n0 + n, least(Few, count - n), s.d, dp, buffer);
        for (int64_t h = (g - heads.first) * group, end = h + group; h < end; h += Pair)
          body(few, h, heads.scores + h * Tile + n, end - h >= Pair);
      }
  };
  forFew(keys, [&](const FewRows &few, int64_t h, float *scores, bool isPair) XLSTM_ALWAYS_INLINE {
    (isPair ? scoreFew<Pair> : scoreFew<1>)(few, heads.q + h * dp, dp, s.scale, scores);
  });
  for (int64_t h = 0; h < heads.count(); ++h) {
    float *scores = heads.scores + h * Tile;
    for (int64_t n = count; n < padded(count); ++n)
      scores[n] = -Infinity;
    runningSoftmax(scores, padded(count), heads.top[h], heads.sum[h], heads.window + h * dp, dp);
  }
  forFew(values, [&](const FewRows &few, int64_t h, const float *weights, bool isPair) XLSTM_ALWAYS_INLINE {
    (isPair ? addFew<Pair> : addFew<1>)(few, weights, dp, heads.window + h * dp);
  });
}

static void attend(const Heads &heads, const xlstm_hybrid_state &state) {
  const xlstm_hybrid_shape &s = heads.call.s;
  int64_t pos = state.pos[heads.b];
  clear(heads.window, heads.count() * heads.call.dp);
  for (int64_t h = 0; h < heads.count(); ++h)
    heads.top[h] = -Infinity, heads.sum[h] = 0;
  auto attendRows = [&](const void *k, const void *v, int64_t extent, int64_t end) {
    Rows keys = {k, s.ring_type, heads.b * extent * s.Hkv, s.Hkv}, values = {v, s.ring_type, keys.first, s.Hkv};
    for (int64_t n = 0; n < end; n += Tile)
      attendTile(heads, keys, values, n, least(Tile, end - n));
  };
  attendRows(state.sink_k, state.sink_v, s.S, most(0, least(s.S, pos + 1 - s.W))); // that the window has left
  attendRows(state.ring_k, state.ring_v, s.W, least(pos + 1, s.W));
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

/// Reads the token's vectors, moves the memory on and writes the ring.
static void step(const Heads &heads, const DecodeOutputs &out) {
  const Call &call = heads.call;
  int64_t d = call.s.d, dp = call.dp;
  float k[Widest] = {}, v[Widest] = {}, mappedQ[Widest], mappedK[Widest];
  for (int64_t n = 0; n < heads.count(); ++n) {
    Head head = heads.head(n);
    if (n % heads.group == 0) {
      readRow(call.in.k, call.s.type, head.key(0), d, k);
      readRow(call.in.v, call.s.type, head.key(0), d, v);
      rotate(head, out, k);
      remember(head, *out.state, k, v);
    }
    float *q = heads.q + n * dp;
    clear(q, dp);
    readRow(call.in.q, call.s.type, head.query(0), d, q);
    rotate(head, out, q);
    mapRow(head, call.in.q_map, q, mappedQ);
    mapRow(head, call.in.k_map, k, mappedK);
    stepMemory(head, *out.state, mappedK, mappedQ, v, heads.memory + n * dp);
  }
}

void XLSTM_ISA_NAME(decodeHeads)(const Call &call, const DecodeOutputs &out, int64_t b, int64_t first, int64_t last,
                                 char *workspace) {
  Arena arena{workspace};
  Heads heads(arena, call, b, first, last);
  step(heads, out);
  attend(heads, *out.state);
  for (int64_t n = 0; n < heads.count(); ++n) {
    Head head = heads.head(n);
    float open = sigmoid(call.in.o_gate[head.query(0)]), *h = heads.memory + n * call.dp;
    scaleAdd(h, open, heads.window + n * call.dp, (1.0f - open) / heads.sum[n], call.dp);
    writeRow(out.h, call.s.type, head.query(0), call.s.d, h);
  }
}

int64_t XLSTM_ISA_NAME(decodeBytes)(const Call &call) {
  Arena arena{nullptr};
  Heads heads(arena, call, 0, 0, call.s.Hkv);
  return reinterpret_cast<int64_t>(arena.next); // counted from null
}

} // namespace xlstm::cpu::hybrid
