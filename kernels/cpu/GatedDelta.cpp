//===- GatedDelta.cpp - the gated delta rule, token by token ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With u = beta (v - alpha k S) the rule is S = alpha S + k (x) u: what is written is the difference to what the memory
// would give for k. Columns of S do not meet, so a strip of them is read twice a token while it lies in the cache.

#include "kernels/cpu/Share.h"
#include "xlstm/Kernels/CpuCalls.h"

using namespace xlstm::cpu;

/// 1 / sqrt(|x|^2 + 1e-6)
XLSTM_INLINE float inverseLength(const float *x, int64_t n) {
  Vec squares = {};
  forVecs(n, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
    Vec part = load(x + c, count);
    squares += part * part;
  });
  return 1.0f / sqrtf(sum(squares) + 1e-6f);
}

/// Heads of one token: queries and keys, the factors that make their lengths 1, and the gates.
struct Token {
  const float *q, *k, *v;
  float queryScale, keyScale, alpha, beta;
};

/// V vectors of columns of S [m, dv], `count` columns in the last; the same columns of h.
template <int V>
XLSTM_INLINE void stepColumns(const Token &token, float *S, float *h, int64_t m, int64_t dv, int64_t first,
                              int64_t count) {
  Vec held[V] = {}, written[V], output[V] = {};
  for (int64_t a = 0; a < m; ++a)
    for (int c = 0; c < V; ++c)
      held[c] += token.k[a] * load(S + a * dv + first + c * Lanes, count);
  for (int c = 0; c < V; ++c)
    written[c] = token.beta * token.keyScale *
                 (load(token.v + first + c * Lanes, count) - token.alpha * token.keyScale * held[c]);
  for (int64_t a = 0; a < m; ++a)
    for (int c = 0; c < V; ++c) {
      float *at = S + a * dv + first + c * Lanes;
      Vec state = token.alpha * load(at, count) + token.k[a] * written[c];
      store(at, state, count);
      output[c] += token.q[a] * state;
    }
  for (int c = 0; c < V; ++c)
    store(h + first + c * Lanes, output[c] * token.queryScale, count);
}

void xlstm_cpu_gated_delta(const float *__restrict q, const float *__restrict k, const float *__restrict v,
                           const float *__restrict write, const float *__restrict decay, float *__restrict S,
                           float *__restrict h, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t m, int64_t dv,
                           const xlstm_team *team) {
  Share share = shareOf(team, B * H);
  for (int64_t n = share.begin; n < share.end; ++n)
    for (int64_t t = 0; t < T; ++t) {
      int64_t token = n / H * T + t, head = n % H, at = token * H + head, shared = token * Hkv + head * Hkv / H;
      const float *query = q + at * m, *key = k + shared * m;
      Token now = {query, key, v + shared * dv, inverseLength(query, m), inverseLength(key, m),
                   sigmoid(decay[at]), sigmoid(write[at])};
      float *state = S + n * m * dv, *out = h + at * dv;
      int64_t c = 0;
      for (; c + 4 * Lanes <= dv; c += 4 * Lanes)
        stepColumns<4>(now, state, out, m, dv, c, Lanes);
      for (; c < dv; c += Lanes)
        stepColumns<1>(now, state, out, m, dv, c, dv - c < Lanes ? dv - c : Lanes);
    }
}
