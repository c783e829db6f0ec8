//===- LinearAttentionTest.cpp - ONNX's LinearAttention gives our mLSTM ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The standard op (opset 27, update_rule "gated"): S_t = exp(decay_t) S_{t-1} + k_t (x) v_t, output q_t S_t. With
// decay_t = log f_t + m_{t-1} - m_t, keys times exp(log i_t - m_t) and a column of ones behind the values, the last
// channel of the output is the normaliser: dividing by it is the mLSTM, so a student can be exported to that op.

#include "KernelTest.h"

#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

/// One head of the standard op: q and k [T, d], v [T, dv], decay [T].
static Doubles linearAttention(const Doubles &q, const Doubles &k, const Doubles &v, const Doubles &decay, int64_t d,
                               int64_t dv) {
  int64_t T = decay.size();
  Doubles S(d * dv), output(T * dv);
  for (int64_t t = 0; t < T; ++t)
    for (int64_t a = 0; a < d; ++a)
      for (int64_t c = 0; c < dv; ++c) {
        double &cell = S[a * dv + c];
        cell = std::exp(decay[t]) * cell + k[t * d + a] * v[t * dv + c];
        output[t * dv + c] += q[t * d + a] * cell;
      }
  return output;
}

TEST(LinearAttention, IsTheMlstmWithAColumnOfOnes) {
  constexpr int64_t T = 60, d = 8, dv = 5;
  for (float gate : {2.0f, 30.0f}) {
    Doubles q = widen(randomFloats(T * d, 1, 0, 1)), k = widen(randomFloats(T * d, 2, 0, 1)),
            v = widen(randomFloats(T * dv, 3)), i = widen(randomFloats(T, 4, -gate, gate)),
            f = widen(randomFloats(T, 5, -gate, gate));
    Doubles want(T * dv);
    reference::mlstm(q.data(), k.data(), v.data(), i.data(), f.data(), oneDocument(1, T).data(), want.data(), 1, T, 1,
                     1, d, dv);
    Doubles scaled = k, augmented, decay;
    double m = -INFINITY;
    for (int64_t t = 0; t < T; ++t) {
      double kept = m - std::log1p(std::exp(-f[t]));
      m = std::max(kept, i[t]);
      decay.push_back(kept - m);
      for (int64_t a = 0; a < d; ++a)
        scaled[t * d + a] *= std::exp(i[t] - m);
      augmented.insert(augmented.end(), v.begin() + t * dv, v.begin() + (t + 1) * dv);
      augmented.push_back(1);
    }
    Doubles both = linearAttention(q, scaled, augmented, decay, d, dv + 1);
    for (int64_t t = 0; t < T; ++t)
      for (int64_t c = 0; c < dv; ++c)
        EXPECT_NEAR(both[t * (dv + 1) + c] / both[t * (dv + 1) + dv], want[t * dv + c], 1e-12);
  }
}
