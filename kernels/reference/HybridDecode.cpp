//===- HybridDecode.cpp - reference of one token with state -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Kernels/Reference.h"

#include <vector>

void xlstm::reference::hybridDecode(const HybridShape &shape, const HybridInputs &in, const double *frequencies,
                                    double ropeFactor, HybridState &state, double *h) {
  for (int64_t b = 0; in.docStart && b < shape.B; ++b)
    if (in.docStart[b] >= 0)
      state.pos[b] = 0;
  if (!frequencies)
    return hybridForward(shape, in, &state, h);
  std::vector<double> q(shape.B * shape.H * shape.d), k(shape.B * shape.Hkv * shape.d);
  rope(in.q, state.pos, frequencies, ropeFactor, q.data(), shape.B, 1, shape.H, shape.d);
  rope(in.k, state.pos, frequencies, ropeFactor, k.data(), shape.B, 1, shape.Hkv, shape.d);
  HybridInputs rotated = in;
  rotated.q = q.data(), rotated.k = k.data();
  hybridForward(shape, rotated, &state, h);
}
