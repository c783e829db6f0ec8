//===- ForwardTest.cpp - the fused mixer forward on CUDA against float64 -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Cuda/HybridRun.h"

using namespace xlstm::test;
using Shape = xlstm::reference::HybridShape;

namespace {

Shape shape(int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t d, int64_t W, int64_t S) {
  return {B, T, H, Hkv, d, W, S, 1 / std::sqrt(double(d))};
}

void expectForward(const HybridCase &c, xlstm_dtype type, const char *what) {
  HybridCase exact = stored(type, c);
  HybridTruth truth(exact);
  HybridStates<double> want;
  Doubles h = truth.forward(&want);
  HybridRun run(exact, type);
  double error = headError(run.forward(), h, c.shape.H, c.shape.d);
  std::cout << "  " << (type == XLSTM_F32 ? "f32 " : "bf16 ") << what << " B " << c.shape.B << " T " << c.shape.T
            << " H " << c.shape.H << '/' << c.shape.Hkv << " d " << c.shape.d << " W " << c.shape.W << " S "
            << c.shape.S << ": error " << error << '\n';
  EXPECT_LE(error, toleranceOf(type)) << what;
  if (!c.state)
    return;
  HybridStates<float> got = run.state->values();
  double loose = 2 * toleranceOf(type); // features and a chunk's sum are rounded, before and after the product
  EXPECT_LE(headError(got.S, want.S, c.shape.H, c.shape.d * c.shape.d), loose) << what;
  EXPECT_LE(headError(got.z, want.z, c.shape.H, c.shape.d), loose) << what;
  EXPECT_LE(headError(got.m, want.m, 1, 1), Tolerance) << what;
  EXPECT_EQ(got.pos, want.pos) << what;
  for (auto [ring, truthRing] : {std::pair(&got.ringK, &want.ringK), std::pair(&got.ringV, &want.ringV),
                                 std::pair(&got.sinkK, &want.sinkK), std::pair(&got.sinkV, &want.sinkV)})
    for (size_t n = 0; n < ring->size(); ++n)
      ASSERT_TRUE((*ring)[n] == float((*truthRing)[n]) || (std::isnan((*ring)[n]) && std::isnan((*truthRing)[n])))
          << what << ' ' << n;
}

} // namespace

class CudaHybridForward : public testing::TestWithParam<xlstm_dtype> {};
INSTANTIATE_TEST_SUITE_P(Types, CudaHybridForward, testing::Values(XLSTM_F32, XLSTM_BF16));

TEST_P(CudaHybridForward, Lengths) {
  for (int64_t T : {1, 2, 31, 63, 64, 65, 127, 128, 129, 200, 257})
    expectForward(HybridCase(shape(1, T, 2, 1, 64, 40, 3), T), GetParam(), "length");
}

TEST_P(CudaHybridForward, Widths) {
  for (int64_t d : {8, 32, 40, 64, 72, 96, 128, 160, 256})
    expectForward(HybridCase(shape(2, 150, 2, 1, d, 48, 4), d), GetParam(), "width");
}

TEST_P(CudaHybridForward, Groups) {
  for (int64_t group : {1, 2, 3, 4, 8})
    for (int64_t d : {32, 128})
      expectForward(HybridCase(shape(1, 140, 2 * group, 2, d, 64, 4), group), GetParam(), "group");
}

TEST_P(CudaHybridForward, WindowsAndSinks) {
  for (int64_t W : {1, 2, 31, 64, 100, 128, 300, 1000})
    for (int64_t S : {0, 1, 4, 17, 70})
      expectForward(HybridCase(shape(1, 280, 1, 1, 64, W, S), W + S), GetParam(), "window");
}

TEST_P(CudaHybridForward, LongRow) {
  expectForward(HybridCase(shape(1, 1500, 2, 1, 128, 512, 4), 5), GetParam(), "long");
  expectForward(HybridCase(shape(1, 1411, 2, 2, 96, 512, 4), 6), GetParam(), "long");
}

TEST_P(CudaHybridForward, Documents) {
  for (int64_t d : {64, 128})
    for (std::vector<int64_t> lengths :
         {std::vector<int64_t>{1}, {1, 1, 70, 3, 128, 1}, {100, 29}, {64, 128, 64}, {5, 300}}) {
      HybridCase c(shape(2, 300, 2, 1, d, 50, 4), lengths.size());
      c.setDocuments(lengths);
      expectForward(c, GetParam(), "documents");
      c.continueFrom(lengths[0] + 20);
      c.setDocuments(lengths);
      expectForward(c, GetParam(), "documents after a state");
    }
}

TEST_P(CudaHybridForward, States) {
  for (int64_t pos : {0, 1, 3, 39, 40, 41, 200})
    for (int64_t T : {1, 30, 129}) {
      HybridCase c(shape(2, T, 2, 1, 64, 40, 4), pos + T);
      c.continueFrom(pos, pos % 2 ? 3.0f : -2.0f);
      expectForward(c, GetParam(), "state");
    }
  HybridCase empty(shape(1, 70, 2, 1, 128, 40, 4));
  empty.state.emplace(empty.shape);
  expectForward(empty, GetParam(), "empty state");
}

TEST_P(CudaHybridForward, ExtremeGates) {
  for (float forget : {-50.0f, 0.0f, 50.0f})
    for (int64_t d : {32, 128}) {
      HybridCase c(shape(1, 300, 2, 1, d, 64, 4), 11, 50, forget);
      expectForward(c, GetParam(), "gates of 50");
      for (size_t n = 0; n < c.i.size(); ++n)
        c.i[n] = c.i[n] < 0 ? -50 : 50, c.f[n] = c.f[n] < forget ? -50 : 50, c.o[n] = c.o[n] < 0 ? -50 : 50;
      expectForward(c, GetParam(), "gates +-50");
    }
}

TEST_P(CudaHybridForward, EqualKeys) {
  HybridCase c(shape(1, 260, 2, 1, 64, 100, 4), 12);
  for (size_t n = 64; n < c.k.size(); ++n)
    c.k[n] = c.k[n % 64];
  expectForward(c, GetParam(), "equal keys");
}

/// Drifting input gates move the running maximum far from 0; the error is printed, only finiteness is asked.
TEST_P(CudaHybridForward, DriftingGates) {
  HybridCase c(shape(1, 1000, 1, 1, 64, 64, 4), 13);
  for (size_t n = 0; n < c.i.size(); ++n)
    c.i[n] = 0.2f * float(n);
  HybridCase exact = stored(GetParam(), c);
  HybridRun run(exact, GetParam());
  Floats h = run.forward();
  std::cout << "  drifting gates: error " << headError(h, HybridTruth(exact).forward(), 1, 64) << '\n';
  EXPECT_TRUE(allFinite(h));
}

/// Pieces of any length, each from the state the last one left, are one row.
TEST_P(CudaHybridForward, Pieces) {
  for (int64_t d : {64, 72, 128}) {
    HybridCase whole(shape(2, 300, 2, 1, d, 50, 4), 17);
    whole = stored(GetParam(), whole);
    Doubles want = HybridTruth(whole).forward();
    HybridStates<float> state(whole.shape);
    Floats h(whole.q.size());
    int64_t from = 0;
    for (int64_t count : split(300, {1, 64, 7, 128, 2, 50})) {
      HybridCase part = whole;
      part.shape.T = count;
      auto cut = [&](const Floats &array, int64_t width) { return tokens(array, 2, 300, width, from, count); };
      part.q = cut(whole.q, 2 * d), part.k = cut(whole.k, d), part.v = cut(whole.v, d);
      part.i = cut(whole.i, 2), part.f = cut(whole.f, 2), part.o = cut(whole.o, 2);
      part.state = state;
      HybridRun run(part, GetParam());
      putTokens(h, run.forward(from % 2), 2, 300, 2 * d, from, count);
      state = run.state->values();
      from += count;
    }
    EXPECT_LE(headError(h, want, 2, d), toleranceOf(GetParam())) << d;
  }
}

TEST(CudaHybrid, RefusesShapes) {
  xlstm_hybrid_shape s = {1, 10, 2, 1, 64, 4, 1, 1, XLSTM_F32, XLSTM_F32, 0};
  xlstm_hybrid_inputs in{};
  for (auto change : {+[](xlstm_hybrid_shape &x) { x.d = 60; }, +[](xlstm_hybrid_shape &x) { x.d = 264; },
                      +[](xlstm_hybrid_shape &x) { x.Hkv = 3; }, +[](xlstm_hybrid_shape &x) { x.W = -1; },
                      +[](xlstm_hybrid_shape &x) { x.type = XLSTM_FP8_E4M3; }}) {
    xlstm_hybrid_shape bad = s;
    change(bad);
    EXPECT_EQ(xlstm_cuda_hybrid_forward(&bad, &in, nullptr, nullptr, nullptr, nullptr, nullptr), 1);
    EXPECT_EQ(
        xlstm_cuda_hybrid_backward(&bad, &in, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr),
        1);
    EXPECT_EQ(xlstm_cuda_hybrid_forward_workspace(&bad), 0u);
  }
}
