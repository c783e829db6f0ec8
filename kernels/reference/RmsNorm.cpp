//===- RmsNorm.cpp - reference of the root-mean-square norm ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Kernels/Reference.h"

#include <cmath>

void xlstm::reference::rmsNorm(const double *x, const double *w, double *y, int64_t rows, int64_t n, double eps) {
  for (int64_t r = 0; r < rows; ++r) {
    double squares = 0;
    for (int64_t c = 0; c < n; ++c)
      squares += x[r * n + c] * x[r * n + c];
    double root = std::sqrt(squares / double(n) + eps);
    for (int64_t c = 0; c < n; ++c)
      y[r * n + c] = x[r * n + c] / root * w[c];
  }
}
