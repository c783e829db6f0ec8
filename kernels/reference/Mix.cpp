//===- Mix.cpp - reference of the gated sum of the two branches -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Kernels/Reference.h"

#include <cmath>

void xlstm::reference::mix(const double *gate, const double *memory, const double *window, double *y, int64_t n,
                           int64_t d) {
  for (int64_t r = 0; r < n; ++r) {
    double open = 1 / (1 + std::exp(-gate[r]));
    for (int64_t c = r * d; c < (r + 1) * d; ++c)
      y[c] = open * memory[c] + (1 - open) * window[c];
  }
}
