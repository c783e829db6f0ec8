//===- OutputGate.cpp - reference of the output gate's pre-activation -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Kernels/Reference.h"

void xlstm::reference::outputGate(const double *q, const double *k, const double *v, const double *w, const double *b,
                                  double *y, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t d) {
  for (int64_t token = 0; token < B * T; ++token)
    for (int64_t h = 0; h < H; ++h) {
      int64_t own = (token * H + h) * d, shared = (token * Hkv + h / (H / Hkv)) * d;
      const double *weights = w + h * 3 * d;
      double total = b[h];
      for (int64_t c = 0; c < d; ++c)
        total += q[own + c] * weights[c] + k[shared + c] * weights[d + c] + v[shared + c] * weights[2 * d + c];
      y[token * H + h] = total;
    }
}
