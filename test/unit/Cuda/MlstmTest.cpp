//===- MlstmTest.cpp - feature maps and the matrix memory on CUDA -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A text is fed in pieces through the state; together the outputs are the float64 reference's over the whole text.

#include "test/unit/Cuda/CudaTest.h"
#include "xlstm/Kernels/Cuda.h"

using namespace xlstm;
using namespace xlstm::test;

namespace {

struct Case {
  int64_t B, T, H, Hkv, m, dv;
  int64_t gap = 0; // elements behind each token of v
};

std::ostream &operator<<(std::ostream &out, const Case &c) {
  return out << "B" << c.B << " T" << c.T << " H" << c.H << " Hkv" << c.Hkv << " m" << c.m << " dv" << c.dv << " gap"
             << c.gap;
}

/// NaN in S and z: a maximum of -inf alone says that they are empty.
struct State {
  DeviceFloats S, z, max;
  explicit State(const Case &c)
      : S(XLSTM_F32, c.B * c.H * c.m * c.dv), z(XLSTM_F32, c.B * c.H * c.m),
        max(XLSTM_F32, Floats(c.B * c.H, -Infinity)) {}
};

struct Inputs {
  Floats q, k, v, i, f;

  /// Features are positive; gates are in [-gate, gate], the forget gates around `forget`.
  Inputs(const Case &c, xlstm_dtype type, float gate = 2, float forget = 3)
      : q(rounded(type, randomFloats(c.B * c.T * c.H * c.m, 1, 0, 1))),
        k(rounded(type, randomFloats(c.B * c.T * c.H * c.m, 2, 0, 1))),
        v(rounded(type, randomFloats(c.B * c.T * c.Hkv * c.dv, 3))), i(randomFloats(c.B * c.T * c.H, 4, -gate, gate)),
        f(randomFloats(c.B * c.T * c.H, 5, forget - gate, forget + gate)) {}
};

class CudaMlstm : public testing::TestWithParam<xlstm_dtype> {
protected:
  xlstm_dtype type = GetParam();

  static Doubles truth(const Case &c, const Inputs &in) {
    Doubles want(c.B * c.T * c.H * c.dv), i = widen(in.i), f = widen(in.f);
    reference::mlstm(widen(in.q).data(), widen(in.k).data(), widen(in.v).data(), i.empty() ? nullptr : i.data(),
                     f.empty() ? nullptr : f.data(), oneDocument(c.B, c.T).data(), want.data(), c.B, c.T, c.H, c.Hkv,
                     c.m, c.dv);
    return want;
  }

  Floats run(const Case &c, const Inputs &in, const std::vector<int64_t> &pattern, int64_t chunk, const State &state) {
    Floats h(c.B * c.T * c.H * c.dv, NAN);
    auto at = [](const DeviceFloats &array) { return static_cast<float *>(array.get()); };
    for (int64_t from = 0; int64_t count : split(c.T, pattern)) {
      auto piece = [&](xlstm_dtype type, const Floats &all, int64_t width, int64_t gap = 0) {
        return DeviceFloats(type,
                            all.empty() ? Floats{} : spread(tokens(all, c.B, c.T, width, from, count), width, gap));
      };
      const DeviceFloats q = piece(type, in.q, c.H * c.m), k = piece(type, in.k, c.H * c.m),
                         v = piece(type, in.v, c.Hkv * c.dv, c.gap), i = piece(XLSTM_F32, in.i, c.H),
                         f = piece(XLSTM_F32, in.f, c.H), out(type, c.B * count * c.H * c.dv);
      EXPECT_EQ(xlstm_cuda_mlstm(type, q.get(), k.get(), v.get(), at(i), at(f), at(state.S), at(state.z), at(state.max),
                                 out.get(), c.B, count, c.H, c.Hkv, c.m, c.dv, c.Hkv * c.dv + c.gap, chunk, nullptr),
                0);
      putTokens(h, out.values(), c.B, c.T, c.H * c.dv, from, count);
      from += count;
    }
    return h;
  }

  void check(const Case &c, const Inputs &in, const std::vector<int64_t> &pattern, int64_t chunk) {
    const State state(c);
    const Floats h = run(c, in, pattern, chunk, state);
    ASSERT_LE(headError(h, truth(c, in), c.H, c.dv), toleranceOf(type))
        << c << " chunk " << chunk << " pieces of " << pattern.front();
  }

  /// y of a feature map, and the truth.
  void checkMap(int64_t tokens, int64_t Hx, int64_t H, int64_t d, int64_t m, int64_t gap) {
    const Floats x = rounded(type, randomFloats(tokens * Hx * d, 1, -2, 2)),
                 w = rounded(type, randomFloats(H * m * d, 2, -0.5f, 0.5f));
    const DeviceFloats dx(type, spread(x, Hx * d, gap)), dw(type, w);
    for (bool isElu : {false, true}) {
      Doubles want(tokens * H * m);
      (isElu ? reference::featureMapElu : reference::featureMapSoftmax)(widen(x).data(), widen(w).data(), want.data(),
                                                                        1, tokens, Hx, H, d, m);
      const DeviceFloats y(type, tokens * H * m);
      const auto map = isElu ? xlstm_cuda_feature_map_elu : xlstm_cuda_feature_map_softmax;
      ASSERT_CUDA(map(type, dx.get(), dw.get(), y.get(), tokens, Hx, H, d, m, Hx * d + gap, nullptr));
      ASSERT_LE(headError(y.values(), want, H, m), toleranceOf(type))
          << tokens << " tokens, Hx " << Hx << " H " << H << " d " << d << " m " << m << (isElu ? " elu" : "");
    }
  }
};

const std::vector<std::vector<int64_t>> Patterns = {{1 << 20}, {1}, {1, 7, 64, 3}, {16, 1, 2, 65}};
const std::vector<int64_t> Chunks = {1, 7, 16, 64};

} // namespace

INSTANTIATE_TEST_SUITE_P(Types, CudaMlstm, testing::Values(XLSTM_F32, XLSTM_BF16));

TEST_P(CudaMlstm, FeatureMaps) {
  for (int64_t tokens : {1, 3, 16, 17, 100})
    for (auto [d, m] : {std::pair<int64_t, int64_t>(64, 64), {128, 128}, {8, 40}, {33, 17}, {1, 1}, {72, 256}})
      checkMap(tokens, 2, 4, d, m, tokens == 3 ? 8 : tokens == 17 ? 1 : 0);
  checkMap(2, 1, 6, 600, 1200, 0);
  checkMap(20, 3, 3, 600, 1200, 0);
}

TEST_P(CudaMlstm, LengthsAndChunks) {
  for (int64_t T : {1, 2, 31, 32, 33, 65, 130})
    for (int64_t chunk : Chunks)
      for (const auto &pattern : Patterns) {
        const Case c = {2, T, 4, 2, 20, 33, T % 3 * 4};
        check(c, Inputs(c, type), pattern, chunk);
      }
}

/// One strip of columns, and as many as a cluster has blocks and more.
TEST_P(CudaMlstm, Widths) {
  for (int64_t m : {1, 3, 8, 33, 64, 128, 256})
    for (int64_t dv : {1, 20, 33, 64, 80, 128, 256, 300}) {
      const Case c = {1, 70, 2, 1, m, dv, 5};
      check(c, Inputs(c, type), m % 2 ? Patterns[2] : Patterns[0], 64);
      check(c, Inputs(c, type), Patterns[1], 64);
    }
}

TEST_P(CudaMlstm, WithoutGates) {
  const Case c = {2, 70, 3, 1, 16, 16};
  Inputs in(c, type);
  in.i.clear(), in.f.clear();
  for (int64_t chunk : Chunks)
    for (const auto &pattern : Patterns)
      check(c, in, pattern, chunk);
}

/// Rounding of the gates' sums would show here: hardly anything is forgotten, and the text is long.
TEST_P(CudaMlstm, LongMemory) {
  const Case c = {1, 2048, 1, 1, 8, 8};
  check(c, Inputs(c, type, 1, 9), {1 << 20}, 64);
}

TEST_P(CudaMlstm, ExtremeGates) {
  const Case c = {1, 130, 2, 1, 16, 16};
  for (const auto &pattern : Patterns)
    check(c, Inputs(c, type, 50, 0), pattern, 64);
  for (float gate : {50.0f, 1e4f, 1e8f, 1e30f})
    for (float i : {gate, -gate})
      for (float f : {gate, -gate}) {
        Inputs in(c, type);
        std::fill(in.i.begin(), in.i.end(), i);
        std::fill(in.f.begin(), in.f.end(), f);
        const State state(c);
        EXPECT_TRUE(allFinite(run(c, in, {100, 1}, 64, state))) << i << ' ' << f;
        EXPECT_TRUE(allFinite(state.S.values()) && allFinite(state.z.values()) && allFinite(state.max.values()));
      }
}

/// Far from zero the stored maximum is rounded by more than a float32 weight: the state has to be scaled by that value.
TEST_P(CudaMlstm, LargeMaximumIsRounded) {
  const Case c = {1, 130, 2, 1, 16, 16};
  for (float level : {1e4f, -1e4f, 3e5f}) {
    Inputs in(c, type);
    for (float &i : in.i)
      i += level;
    for (const auto &pattern : Patterns)
      check(c, in, pattern, 64);
  }
}

/// A token's score on an earlier one may overflow without a trace in that one's output.
TEST_P(CudaMlstm, LaterTokensLeaveNoTrace) {
  const Case c = {1, 30, 1, 1, 8, 8};
  Inputs in(c, type);
  const State first(c), second(c);
  const Floats want = run(c, in, {1 << 20}, 64, first);
  std::fill(in.k.end() - c.m, in.k.end(), nearest(type, 3e38f));
  const Floats got = run(c, in, {1 << 20}, 64, second);
  EXPECT_TRUE(std::equal(got.begin(), got.end() - c.dv, want.begin()));
}

TEST(CudaMlstmShapes, AreRefused) {
  auto run = [](xlstm_dtype type, int64_t H, int64_t Hkv, int64_t stride) {
    return xlstm_cuda_mlstm(type, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, 1, 1,
                            H, Hkv, 8, 8, stride, 64, nullptr);
  };
  EXPECT_NE(run(XLSTM_FP8_E4M3, 2, 1, 8), 0);
  EXPECT_NE(run(XLSTM_F32, 3, 2, 16), 0);
  EXPECT_NE(run(XLSTM_F32, 2, 2, 8), 0);
  EXPECT_NE(xlstm_cuda_feature_map_elu(XLSTM_F32, nullptr, nullptr, nullptr, 1, 2, 3, 8, 8, 16, nullptr), 0);
  EXPECT_NE(xlstm_cuda_feature_map_softmax(XLSTM_F32, nullptr, nullptr, nullptr, 1, 2, 4, 8, 8, 8, nullptr), 0);
}
