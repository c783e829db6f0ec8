//===- Mlstm.cpp - reference of the matrix memory, token by token ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Kernels/Reference.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace {

struct State {
  std::vector<double> S, z;
  double max;

  State(int64_t m, int64_t dv) : S(m * dv, 0.0), z(m, 0.0), max(-INFINITY) {}

  /// One token; logF and logI are the logarithms of its gates.
  void step(const double *q, const double *k, const double *v, double logF, double logI, double *h, int64_t dv) {
    double before = max;
    max = std::max(logF + before, logI);
    double f = std::exp(logF + before - max), i = std::exp(logI - max), denominator = 0;
    std::fill(h, h + dv, 0.0);
    for (size_t a = 0; a < z.size(); ++a) {
      z[a] = f * z[a] + i * k[a];
      denominator += q[a] * z[a];
      for (int64_t c = 0; c < dv; ++c) {
        double &cell = S[a * dv + c];
        cell = f * cell + i * k[a] * v[c];
        h[c] += q[a] * cell;
      }
    }
    for (int64_t c = 0; c < dv; ++c)
      h[c] /= std::max(denominator, 1e-30);
  }
};

} // namespace

static double logSigmoid(double x) { return x < 0 ? x - std::log1p(std::exp(x)) : -std::log1p(std::exp(-x)); }

void xlstm::reference::mlstm(const double *q, const double *k, const double *v, const double *i, const double *f,
                             const int32_t *docStart, double *h, int64_t B, int64_t T, int64_t H, int64_t Hkv,
                             int64_t m, int64_t dv) {
  for (int64_t b = 0; b < B; ++b)
    for (int64_t head = 0; head < H; ++head) {
      State state(m, dv);
      for (int64_t t = 0; t < T; ++t) {
        if (docStart[b * T + t] == t)
          state = State(m, dv);
        int64_t at = (b * T + t) * H + head, shared = (b * T + t) * Hkv + head / (H / Hkv);
        state.step(q + at * m, k + at * m, v + shared * dv, f ? logSigmoid(f[at]) : 0, i ? i[at] : 0, h + at * dv, dv);
      }
    }
}
