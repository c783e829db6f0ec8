//===- FeatureMap.cpp - reference of the per-head feature maps -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Kernels/Reference.h"

#include <algorithm>
#include <cmath>

/// y [B,T,H,m] = w[h] x[b,t,h*Hx/H].
static void project(const double *x, const double *w, double *y, int64_t tokens, int64_t Hx, int64_t H, int64_t d,
                    int64_t m) {
  for (int64_t token = 0; token < tokens; ++token)
    for (int64_t h = 0; h < H; ++h)
      for (int64_t a = 0; a < m; ++a) {
        double total = 0;
        for (int64_t c = 0; c < d; ++c)
          total += w[(h * m + a) * d + c] * x[(token * Hx + h * Hx / H) * d + c];
        y[(token * H + h) * m + a] = total;
      }
}

void xlstm::reference::featureMapSoftmax(const double *x, const double *w, double *y, int64_t B, int64_t T, int64_t Hx,
                                         int64_t H, int64_t d, int64_t m) {
  project(x, w, y, B * T, Hx, H, d, m);
  for (double *row = y; row != y + B * T * H * m; row += m) {
    double top = *std::max_element(row, row + m), total = 0;
    for (int64_t a = 0; a < m; ++a)
      total += row[a] = std::exp(row[a] - top);
    for (int64_t a = 0; a < m; ++a)
      row[a] /= total;
  }
}

void xlstm::reference::featureMapElu(const double *x, const double *w, double *y, int64_t B, int64_t T, int64_t Hx,
                                     int64_t H, int64_t d, int64_t m) {
  project(x, w, y, B * T, Hx, H, d, m);
  for (int64_t n = 0; n < B * T * H * m; ++n)
    y[n] = 1 + (y[n] > 0 ? y[n] : std::exp(y[n]) - 1);
}
