//===- BackwardTest.cpp - the fused mixer's gradients on CUDA ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Cuda/HybridRun.h"

#include <span>

using namespace xlstm::test;
using Shape = xlstm::reference::HybridShape;
using Gradients = HybridGradientArrays<float>;

namespace {

Shape shape(int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t d, int64_t W, int64_t S) {
  return {B, T, H, Hkv, d, W, S, 1 / std::sqrt(double(d))};
}

/// Every gradient against the float64 reference's, the largest difference over the largest value of each head. In bf16
/// features, weights and the saved branch are rounded (2^-9 of each): v's gradient is a mean of such terms, the gates' are
/// differences of nearly equal sums of them, the logits' (and so the maps', q's and k's) lie between.
void expectNear(const Gradients &got, const HybridGradientArrays<double> &want, const Shape &s, bool state,
                xlstm_dtype type, const char *what) {
  struct Row {
    const char *name;
    const Floats &got;
    const Doubles &want;
    int64_t heads, width;
    double bf16; // tolerance; float32's is 2e-5 throughout
  };
  const Row rows[] = {{"q", got.q, want.q, s.H, s.d, 2.5e-2},
                      {"k", got.k, want.k, s.Hkv, s.d, 2e-2},
                      {"v", got.v, want.v, s.Hkv, s.d, 6e-3},
                      {"i", got.i, want.i, s.H, 1, 1.5e-2},
                      {"f", got.f, want.f, s.H, 1, 5e-2},
                      {"o", got.o, want.o, s.H, 1, 3e-2},
                      {"q map", got.qMap, want.qMap, s.H, s.d * s.d, 2e-2},
                      {"k map", got.kMap, want.kMap, s.H, s.d * s.d, 2e-2},
                      {"S", got.S, want.S, s.H, s.d * s.d, 8e-3},
                      {"z", got.z, want.z, s.H, s.d, 8e-3},
                      {"m", got.m, want.m, 1, s.B * s.H, 3e-2},
                      {"ring k", got.ringK, want.ringK, s.Hkv, s.d, 4e-3},
                      {"ring v", got.ringV, want.ringV, s.Hkv, s.d, 4e-3},
                      {"sink k", got.sinkK, want.sinkK, s.Hkv, s.d, 4e-3},
                      {"sink v", got.sinkV, want.sinkV, s.Hkv, s.d, 4e-3}};
  std::cout << "  " << what << " T " << s.T << " H " << s.H << '/' << s.Hkv << " d " << s.d << " W " << s.W << " S "
            << s.S << ':';
  for (const Row &row : std::span(rows).first(state ? std::size(rows) : 8)) {
    auto largest = [](const auto &x) {
      return std::abs(*std::ranges::max_element(x, {}, [](auto y) { return std::abs(y); }));
    };
    bool nothing = largest(row.want) < 1e-12; // as of a document's only token: then rounding is all there is
    double error = nothing ? largest(row.got) : headError(row.got, row.want, row.heads, row.width);
    std::cout << ' ' << row.name << ' ' << error;
    EXPECT_LE(error, type == XLSTM_F32 ? 2e-5 : row.bf16) << what << ": gradient of " << row.name;
  }
  std::cout << '\n';
}

void expectGradients(const HybridCase &c, xlstm_dtype type, const char *what) {
  HybridCase exact = stored(type, c);
  HybridTruth truth(exact);
  HybridGradientArrays<double> want = truth.backward();
  HybridRun run(exact, type);
  Gradients recomputed = run.backward(exact, false);
  expectNear(recomputed, want, c.shape, c.state.has_value(), type, what);
  run.forward();
  if (c.state)
    run.state.emplace(type, *exact.state);
  Gradients kept = run.backward(exact, true);
  EXPECT_EQ(kept.q, recomputed.q) << what << ": saved and recomputed";
  EXPECT_EQ(kept.qMap, recomputed.qMap) << what;
  EXPECT_EQ(kept.kMap, recomputed.kMap) << what;
}

} // namespace

class CudaHybridBackward : public testing::TestWithParam<xlstm_dtype> {};
INSTANTIATE_TEST_SUITE_P(Types, CudaHybridBackward, testing::Values(XLSTM_F32, XLSTM_BF16));

TEST_P(CudaHybridBackward, Lengths) {
  for (int64_t T : {1, 7, 33, 64, 65, 128, 129, 260})
    for (int64_t W : {40, 200})
      expectGradients(HybridCase(shape(1, T, 2, 1, 64, W, 3), T), GetParam(), "length");
}

TEST_P(CudaHybridBackward, Widths) {
  for (int64_t d : {8, 32, 40, 64, 72, 96, 128, 256})
    for (int64_t W : {48, 128}) // bf16 has a path of its own for windows of a chunk and more
      expectGradients(HybridCase(shape(2, 140 + W, 2, 1, d, W, 4), d), GetParam(), "width");
}

TEST_P(CudaHybridBackward, Groups) {
  for (int64_t group : {1, 3, 8})
    for (int64_t W : {64, 130})
      expectGradients(HybridCase(shape(1, 140, 2 * group, 2, 64, W, 4), group), GetParam(), "group");
}

TEST_P(CudaHybridBackward, WindowsAndSinks) {
  for (int64_t W : {1, 31, 64, 130, 1000})
    for (int64_t S : {0, 4, 17, 70})
      expectGradients(HybridCase(shape(1, 280, 1, 1, 64, W, S), W + S), GetParam(), "window");
}

TEST_P(CudaHybridBackward, LongRow) {
  expectGradients(HybridCase(shape(1, 800, 2, 1, 128, 256, 4), 5), GetParam(), "long");
  expectGradients(HybridCase(shape(1, 1100, 2, 2, 64, 128, 16), 6), GetParam(), "long");
}

TEST_P(CudaHybridBackward, Documents) {
  for (int64_t W : {50, 128})
    for (std::vector<int64_t> lengths :
         {std::vector<int64_t>{1}, {1, 1, 70, 3, 128, 1}, {100, 29}, {5, 300}, {150, 131, 200}}) {
      if (lengths.size() == 1 && GetParam() == XLSTM_BF16)
        continue; // a one-token document's features have no gradient: bf16 would be compared with its own rounding
      HybridCase c(shape(2, W + 250, 2, 1, 64, W, 4), lengths.size());
      c.setDocuments(lengths);
      expectGradients(c, GetParam(), "documents");
      c.continueFrom(lengths[0] + 20);
      c.setDocuments(lengths);
      expectGradients(c, GetParam(), "documents after a state");
    }
}

TEST_P(CudaHybridBackward, States) {
  for (int64_t pos : {1, 3, 40, 200})
    for (int64_t T : {1, 30, 150})
      for (int64_t W : {40, 140}) {
        HybridCase c(shape(2, T, 2, 1, 64, W, 4), pos + T);
        c.continueFrom(pos, pos % 2 ? 3.0f : -2.0f);
        expectGradients(c, GetParam(), "state");
      }
}

TEST_P(CudaHybridBackward, SameBitsTwice) {
  HybridCase c = stored(GetParam(), HybridCase(shape(1, 500, 4, 2, 128, 130, 4)));
  HybridRun run(c, GetParam());
  Gradients first = run.backward(c, false), second = run.backward(c, false);
  EXPECT_EQ(first.q, second.q);
  EXPECT_EQ(first.k, second.k);
  EXPECT_EQ(first.v, second.v);
  EXPECT_EQ(first.qMap, second.qMap);
  EXPECT_EQ(first.kMap, second.kMap);
  EXPECT_EQ(first.f, second.f);
}
