//===- GatedDeltaTest.cpp - the gated delta rule, whole and in pieces --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelTest.h"

#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

namespace {

struct Case {
  int64_t B, T, H, Hkv, m, dv;
};

struct Inputs {
  Floats q, k, v, write, decay;

  explicit Inputs(const Case &c)
      : q(randomFloats(c.B * c.T * c.H * c.m, 1)), k(randomFloats(c.B * c.T * c.Hkv * c.m, 2)),
        v(randomFloats(c.B * c.T * c.Hkv * c.dv, 3)), write(randomFloats(c.B * c.T * c.H, 4, -2, 2)),
        decay(randomFloats(c.B * c.T * c.H, 5, 0, 5)) {}
};

} // namespace

static Doubles truth(const Case &c, const Inputs &in) {
  Doubles want(c.B * c.T * c.H * c.dv);
  reference::gatedDelta(widen(in.q).data(), widen(in.k).data(), widen(in.v).data(), widen(in.write).data(),
                        widen(in.decay).data(), oneDocument(c.B, c.T).data(), want.data(), c.B, c.T, c.H, c.Hkv, c.m,
                        c.dv);
  return want;
}

/// The tokens in pieces of these lengths, the state carried from one to the next.
static Floats run(const Case &c, const Inputs &in, const std::vector<int64_t> &pattern) {
  Floats h(c.B * c.T * c.H * c.dv, NAN), S(c.B * c.H * c.m * c.dv, 0);
  int64_t from = 0;
  for (int64_t count : split(c.T, pattern)) {
    auto piece = [&](const Floats &all, int64_t width) { return tokens(all, c.B, c.T, width, from, count); };
    Floats part(c.B * count * c.H * c.dv, NAN);
    xlstm_cpu_gated_delta(piece(in.q, c.H * c.m).data(), piece(in.k, c.Hkv * c.m).data(),
                          piece(in.v, c.Hkv * c.dv).data(), piece(in.write, c.H).data(), piece(in.decay, c.H).data(),
                          S.data(), part.data(), c.B, count, c.H, c.Hkv, c.m, c.dv);
    putTokens(h, part, c.B, c.T, c.H * c.dv, from, count);
    from += count;
  }
  return h;
}

TEST(GatedDelta, EveryWidthAndPiece) {
  for (int64_t m : {1, 3, 16, 33, 64})
    for (int64_t dv : {1, 15, 16, 17, 64, 65, 80})
      for (const std::vector<int64_t> &pattern : {std::vector<int64_t>{1 << 20}, {1}, {1, 7, 16, 3}}) {
        Case c = {2, 40, 4, 2, m, dv};
        Inputs in(c);
        EXPECT_LT(headError(run(c, in, pattern), truth(c, in), c.H, c.dv), Tolerance)
            << "m " << m << " dv " << dv << " pieces of " << pattern.front();
      }
}

// A key that is written twice holds its last value alone: beta is 1 and nothing decays.
TEST(GatedDelta, AKeyIsOverwritten) {
  Case c = {1, 2, 1, 1, 4, 2};
  Inputs in(c);
  in.q = in.k = {1, 2, 3, 4, 1, 2, 3, 4};
  in.v = {5, 6, 7, 8};
  in.write = in.decay = {40, 40};
  Floats h = run(c, in, {2});
  EXPECT_NEAR(h[2], 7, 1e-4);
  EXPECT_NEAR(h[3], 8, 1e-4);
}
