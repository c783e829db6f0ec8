//===- Attention.cpp - reference of window and sink attention -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Kernels/Reference.h"

#include <algorithm>
#include <cmath>
#include <vector>

/// One query over the keys of its row from `start` on; k and v point at its key head in token 0.
static void attend(const double *q, const double *k, const double *v, double *h, int64_t t, int64_t start, int64_t Hkv,
                   int64_t d, int64_t dv, double scale, int64_t window, int64_t sinks) {
  std::vector<int64_t> keys;
  for (int64_t j = start; j <= t; ++j)
    if (window < 0 || t - window < j || j - start < sinks)
      keys.push_back(j);
  std::vector<double> weights;
  double top = -INFINITY, total = 0;
  for (int64_t j : keys) {
    double score = 0;
    for (int64_t c = 0; c < d; ++c)
      score += q[c] * k[j * Hkv * d + c];
    weights.push_back(score * scale);
    top = std::max(top, score * scale);
  }
  for (double &weight : weights)
    total += weight = std::exp(weight - top);
  std::fill(h, h + dv, 0.0);
  for (size_t n = 0; n < keys.size(); ++n)
    for (int64_t c = 0; c < dv; ++c)
      h[c] += weights[n] / total * v[keys[n] * Hkv * dv + c];
}

void xlstm::reference::attention(const double *q, const double *k, const double *v, const int32_t *docStart, double *h,
                                 int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t d, int64_t dv, double scale,
                                 int64_t window, int64_t sinks) {
  for (int64_t b = 0; b < B; ++b)
    for (int64_t t = 0; t < T; ++t)
      for (int64_t head = 0; head < H; ++head) {
        int64_t at = (b * T + t) * H + head, shared = b * T * Hkv + head / (H / Hkv);
        attend(q + at * d, k + shared * d, v + shared * dv, h + at * dv, t, docStart[b * T + t], Hkv, d, dv, scale,
               window, sinks);
      }
}
