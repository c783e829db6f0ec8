//===- Linear.cpp - reference of y = x w^T + bias ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Kernels/Reference.h"

void xlstm::reference::linear(const double *x, const double *w, const double *bias, double *y, int64_t rows, int64_t in,
                              int64_t out) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t o = 0; o < out; ++o) {
      double total = bias ? bias[o] : 0;
      for (int64_t c = 0; c < in; ++c)
        total += x[r * in + c] * w[o * in + c];
      y[r * out + o] = total;
    }
}
