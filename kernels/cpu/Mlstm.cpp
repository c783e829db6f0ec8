//===- Mlstm.cpp - matrix memory, one step or by chunks -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Within a chunk, with F the inclusive sum of log f and g = i - F, the running maximum is m_t = F_t + top_t where
// top_t = max(m_before, g_s for s <= t). So the weight of token s on t is exp(g_s - top_t), that of the state
// exp(m_before - top_t), and F itself only enters the maximum that is stored. All exponents are formed in float64.

#include "kernels/cpu/Products.h"
#include "kernels/cpu/Share.h"
#include "xlstm/Kernels/CpuCalls.h"

using namespace xlstm::cpu;

namespace {

constexpr int64_t MaxChunk = 64;
constexpr int64_t QueryTile = 12;  // a multiple of both register tiles' rows
constexpr int64_t FeatureTile = 8; // rows of the state updated at once
constexpr int64_t PackedWidth = 128;
constexpr float LeastDenominator = 1e-30f;

/// One row and head, from the chunk's first token on. Gates may be null.
struct Head {
  ConstRows q, k, v;
  const float *i, *f;
  int64_t gateStride;
  MutableRows S, h;
  float *z, *max;
  int64_t m, dv;
};

struct Gates {
  double level[MaxChunk]; // g
  double top[MaxChunk];   // running maximum less F
  double before;          // maximum before the chunk
  double after;           // the stored new maximum less F of the last token
};

} // namespace

/// The floor is far below what any input gate makes up for, and keeps sums exact enough to tell later tokens apart.
XLSTM_INLINE double logSigmoid(double x) {
  double y = x < 0 ? x - log1p(exp(x)) : -log1p(exp(-x));
  return y < -1e6 ? -1e6 : y;
}

/// exp(level - top); nothing weighs anything while the maximum is -inf.
XLSTM_INLINE float gateWeight(double level, double top) {
  return top == -__builtin_inf() ? 0.0f : exponential(float(level - top));
}

/// The gates of one token: log f and log i.
XLSTM_INLINE double forgetLevel(const Head &head, int64_t t) {
  return head.f ? logSigmoid(head.f[t * head.gateStride]) : 0.0;
}
XLSTM_INLINE double inputLevel(const Head &head, int64_t t) { return head.i ? head.i[t * head.gateStride] : 0.0; }

/// A maximum of -inf says that the state is empty, whatever it holds.
XLSTM_INLINE void clearWhenEmpty(const Head &head) {
  if (*head.max != -Infinity)
    return;
  memset(head.S.data, 0, head.m * head.dv * sizeof(float));
  memset(head.z, 0, head.m * sizeof(float));
}

XLSTM_INLINE float dot(const float *a, const float *b, int64_t n) {
  Vec partial = {};
  forVecs(n, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE { partial += load(a + c, count) * load(b + c, count); });
  return sum(partial);
}

XLSTM_INLINE void scaleRow(float *y, float factor, int64_t n) {
  forVecs(n, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE { store(y + c, load(y + c, count) * factor, count); });
}

/// S = decay S + weight k (x) v and h = q S / denominator, V vectors of columns at a time, in one pass over S.
template <int V>
XLSTM_INLINE void stepColumns(const Head &head, float decay, float weight, float scale, int64_t first, int64_t count) {
  const float *q = head.q.data, *k = head.k.data;
  MutableRows S = {head.S.data + first, head.S.stride};
  Vec value[V], output[V] = {};
  for (int c = 0; c < V; ++c)
    value[c] = weight * load(head.v.data + first + c * Lanes, count);
  for (int64_t a = 0, m = head.m; a < m; ++a) {
    float key = k[a], query = q[a];
    for (int c = 0; c < V; ++c) {
      float *at = S[a] + c * Lanes;
      Vec state = decay * load(at, count) + key * value[c];
      store(at, state, count);
      output[c] += query * state;
    }
  }
  for (int c = 0; c < V; ++c)
    store(head.h[0] + first + c * Lanes, output[c] * scale, count);
}

XLSTM_INLINE void step(const Head &head) {
  clearWhenEmpty(head);
  double before = *head.max + forgetLevel(head, 0), input = inputLevel(head, 0);
  *head.max = float(before > input ? before : input);
  float decay = gateWeight(before, *head.max), weight = gateWeight(input, *head.max);
  Vec denominators = {};
  forVecs(head.m, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
    Vec z = decay * load(head.z + c, count) + weight * load(head.k[0] + c, count);
    store(head.z + c, z, count);
    denominators += z * load(head.q[0] + c, count);
  });
  float scale = 1.0f / maximum(sum(denominators), LeastDenominator);
  int64_t c = 0;
  for (; c + 4 * Lanes <= head.dv; c += 4 * Lanes)
    stepColumns<4>(head, decay, weight, scale, c, Lanes);
  for (; c < head.dv; c += Lanes)
    stepColumns<1>(head, decay, weight, scale, c, head.dv - c < Lanes ? head.dv - c : Lanes);
}

XLSTM_INLINE void openGates(const Head &head, int64_t length, Gates &gates) {
  gates.before = *head.max;
  double F = 0, top = gates.before;
  for (int64_t t = 0; t < length; ++t) {
    F += forgetLevel(head, t);
    gates.level[t] = inputLevel(head, t) - F;
    top = gates.level[t] > top ? gates.level[t] : top;
    gates.top[t] = top;
  }
  *head.max = float(F + top);
  gates.after = *head.max - F; // of the rounded maximum: the state is scaled by that one
}

/// scores [MaxChunk] of query t become weights on the tokens s <= t; returns their sum.
XLSTM_INLINE float weigh(float *scores, int64_t t, int64_t width, const Gates &gates) {
  float level[MaxChunk];
  double top = gates.top[t] == -__builtin_inf() ? 0.0 : gates.top[t];
  for (int64_t s = 0; s < width; ++s)
    level[s] = s <= t ? float(gates.level[s] - top) : -Infinity;
  Vec total = {};
  forVecs(width, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
    Vec gate = exponential(load(level + c, count));
    Vec weight = gate == 0.0f ? Vec{} : gate * load(scores + c, count); // select: a later token may hold anything
    store(scores + c, weight, count);
    total += weight;
  });
  return sum(total);
}

/// What the queries of a chunk need of its keys: their weights on its tokens, the state's share, the denominators.
struct Reads {
  float weights[MaxChunk * MaxChunk], carried[MaxChunk], denominators[MaxChunk];
};

/// Fills `reads`, and h with what the state gives before it is scaled by `carried`.
XLSTM_INLINE void readState(const Head &head, ConstRows k, int64_t length, const Gates &gates, Reads &reads) {
  float buffer[QueryTile * PackedWidth];
  const float zero[QueryTile] = {};
  for (int64_t t = 0; t < length; t += QueryTile) {
    int64_t rows = length - t < QueryTile ? length - t : QueryTile, width = t + rows;
    float *weights = reads.weights + t * MaxChunk;
    ConstRows q = packed(head.q.from(t), rows, head.m, buffer, QueryTile * PackedWidth);
    dotRows<F32>(q, k, rows, head.m, width, {weights, MaxChunk});
    for (int64_t r = 0; r < rows; ++r) {
      float carried = gateWeight(gates.before, gates.top[t + r]);
      reads.carried[t + r] = carried;
      reads.denominators[t + r] =
          carried * dot(q[r], head.z, head.m) + weigh(weights + r * MaxChunk, t + r, width, gates);
      memset(head.h[t + r], 0, head.dv * sizeof(float));
    }
    addRows(zero, q, {head.S.data, head.S.stride}, rows, head.m, head.dv, head.h.from(t));
  }
}

/// h from the chunk's own values added and divided.
XLSTM_INLINE void readValues(const Head &head, ConstRows v, int64_t length, const Reads &reads) {
  for (int64_t t = 0; t < length; t += QueryTile) {
    int64_t rows = length - t < QueryTile ? length - t : QueryTile;
    addRows(reads.carried + t, {reads.weights + t * MaxChunk, MaxChunk}, v, rows, t + rows, head.dv, head.h.from(t));
  }
  for (int64_t t = 0; t < length; ++t)
    scaleRow(head.h[t], 1.0f / maximum(reads.denominators[t], LeastDenominator), head.dv);
}

/// S and z after the chunk.
XLSTM_INLINE void updateState(const Head &head, ConstRows v, int64_t length, const Gates &gates) {
  float weights[MaxChunk], keys[FeatureTile * MaxChunk], decays[FeatureTile];
  float decay = gateWeight(gates.before, gates.after);
  for (int64_t s = 0; s < length; ++s)
    weights[s] = gateWeight(gates.level[s], gates.after);
  for (int64_t a = 0; a < head.m; a += FeatureTile) {
    int64_t rows = head.m - a < FeatureTile ? head.m - a : FeatureTile;
    for (int64_t r = 0; r < rows; ++r) {
      decays[r] = decay;
      for (int64_t s = 0; s < length; ++s)
        keys[r * MaxChunk + s] = weights[s] * head.k[s][a + r];
      Vec total = {};
      const float *row = keys + r * MaxChunk;
      forVecs(length, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE { total += load(row + c, count); });
      head.z[a + r] = decay * head.z[a + r] + sum(total);
    }
    addRows(decays, {keys, MaxChunk}, v, rows, length, head.dv, head.S.from(a));
  }
}

XLSTM_INLINE void runChunk(const Head &head, int64_t length) {
  constexpr int64_t Room = MaxChunk * PackedWidth;
  float buffer[Room];
  Gates gates;
  Reads reads;
  clearWhenEmpty(head);
  openGates(head, length, gates);
  readState(head, packed(head.k, length, head.m, buffer, Room), length, gates, reads);
  ConstRows v = packed(head.v, length, head.dv, buffer, Room);
  readValues(head, v, length, reads);
  updateState(head, v, length, gates);
}

void xlstm_cpu_mlstm(const float *__restrict q, const float *__restrict k, const float *__restrict v,
                     const float *__restrict i, const float *__restrict f, float *__restrict S, float *__restrict z,
                     float *__restrict max, float *__restrict h, int64_t B, int64_t T, int64_t H, int64_t Hkv,
                     int64_t m, int64_t dv, int64_t v_stride, int64_t chunk, const xlstm_team *team) {
  int64_t most = chunk < 1 ? 1 : chunk > MaxChunk ? MaxChunk : chunk;
  Share share = shareOf(team, B * H);
  for (int64_t n = share.begin; n < share.end; ++n) {
    int64_t b = n / H, head = n % H;
    for (int64_t t = 0; t < T; t += most) {
      int64_t token = b * T + t, length = T - t < most ? T - t : most;
      int64_t at = (token * H + head) * m, gate = token * H + head;
      Head part = {{q + at, H * m},
                   {k + at, H * m},
                   {v + token * v_stride + head * Hkv / H * dv, v_stride},
                   i ? i + gate : nullptr,
                   f ? f + gate : nullptr,
                   H,
                   {S + n * m * dv, dv},
                   {h + gate * dv, H * dv},
                   z + n * m,
                   max + n,
                   m,
                   dv};
      if (length == 1)
        step(part);
      else
        runChunk(part, length);
    }
  }
}
