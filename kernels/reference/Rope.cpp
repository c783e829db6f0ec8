//===- Rope.cpp - reference of the rotary embedding -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Kernels/Reference.h"

#include <cmath>

void xlstm::reference::rope(const double *x, const int32_t *positions, const double *frequencies, double factor,
                            double *y, int64_t B, int64_t T, int64_t H, int64_t d) {
  for (int64_t token = 0; token < B * T; ++token)
    for (int64_t h = 0; h < H; ++h)
      for (int64_t i = 0; i < d / 2; ++i) {
        double angle = positions[token] * frequencies[i];
        double cosine = std::cos(angle) * factor, sine = std::sin(angle) * factor;
        int64_t low = (token * H + h) * d + i, high = low + d / 2;
        y[low] = x[low] * cosine - x[high] * sine;
        y[high] = x[high] * cosine + x[low] * sine;
      }
}
