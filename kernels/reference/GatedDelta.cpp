//===- GatedDelta.cpp - reference of the gated delta rule, token by token -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Kernels/Reference.h"

#include <cmath>
#include <vector>

static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

static std::vector<double> unit(const double *x, int64_t n) {
  double sum = 1e-6;
  for (int64_t a = 0; a < n; ++a)
    sum += x[a] * x[a];
  std::vector<double> result(x, x + n);
  for (double &value : result)
    value /= std::sqrt(sum);
  return result;
}

/// S = alpha (I - beta k k^T) S + beta k v^T and h = q S, with S [m, dv].
static void step(std::vector<double> &S, const std::vector<double> &q, const std::vector<double> &k, const double *v,
                 double alpha, double beta, double *h, int64_t dv) {
  int64_t m = static_cast<int64_t>(q.size());
  for (int64_t c = 0; c < dv; ++c) {
    double held = 0; // what the memory has for k
    for (int64_t a = 0; a < m; ++a)
      held += k[a] * S[a * dv + c];
    h[c] = 0;
    for (int64_t a = 0; a < m; ++a) {
      double &cell = S[a * dv + c];
      cell = alpha * (cell - beta * k[a] * held) + beta * k[a] * v[c];
      h[c] += q[a] * cell;
    }
  }
}

void xlstm::reference::gatedDelta(const double *q, const double *k, const double *v, const double *write,
                                  const double *decay, const int32_t *docStart, double *h, int64_t B, int64_t T,
                                  int64_t H, int64_t Hkv, int64_t m, int64_t dv) {
  for (int64_t b = 0; b < B; ++b)
    for (int64_t head = 0; head < H; ++head) {
      std::vector<double> S(m * dv, 0.0);
      for (int64_t t = 0; t < T; ++t) {
        if (docStart[b * T + t] == t)
          S.assign(m * dv, 0.0);
        int64_t at = (b * T + t) * H + head, shared = (b * T + t) * Hkv + head / (H / Hkv);
        step(S, unit(q + at * m, m), unit(k + shared * m, m), v + shared * dv, sigmoid(decay[at]), sigmoid(write[at]),
             h + at * dv, dv);
      }
    }
}
