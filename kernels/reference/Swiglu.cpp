//===- Swiglu.cpp - reference of gate * sigmoid(gate) * up ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Kernels/Reference.h"

#include <cmath>

void xlstm::reference::swiglu(const double *gate, const double *up, double *y, int64_t n) {
  for (int64_t c = 0; c < n; ++c)
    y[c] = gate[c] / (1 + std::exp(-gate[c])) * up[c];
}
