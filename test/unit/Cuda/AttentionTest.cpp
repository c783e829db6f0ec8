//===- AttentionTest.cpp - attention with ring and sinks on CUDA ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A text is fed in pieces through the state; together the outputs are the float64 reference's over the whole text. The
// state, the workspace and what lies between the tokens of q, k and v start as NaN: nothing may be read that was not
// written.

#include "test/unit/Cuda/CudaTest.h"
#include "xlstm/Kernels/Cuda.h"

using namespace xlstm;
using namespace xlstm::test;

namespace {

struct Case {
  int64_t B, T, H, Hkv, d, dv, W, S;
  int64_t gap = 0; // elements behind each token of q, k and v

  float scale() const { return 1 / std::sqrt(float(d)); }
};

std::ostream &operator<<(std::ostream &out, const Case &c) {
  return out << "B" << c.B << " T" << c.T << " H" << c.H << " Hkv" << c.Hkv << " d" << c.d << " dv" << c.dv << " W"
             << c.W << " S" << c.S << " gap" << c.gap;
}

struct Inputs {
  Floats q, k, v;

  Inputs(const Case &c, xlstm_dtype type)
      : q(rounded(type, randomFloats(c.B * c.T * c.H * c.d, 1, -2, 2))),
        k(rounded(type, randomFloats(c.B * c.T * c.Hkv * c.d, 2, -2, 2))),
        v(rounded(type, randomFloats(c.B * c.T * c.Hkv * c.dv, 3))) {}
};

struct State {
  DeviceArray<int32_t> pos;
  DeviceFloats ringK, ringV, sinkK, sinkV;

  State(const Case &c, xlstm_dtype type)
      : pos(std::vector<int32_t>(c.B, 0)), ringK(type, c.B * c.W * c.Hkv * c.d), ringV(type, c.B * c.W * c.Hkv * c.dv),
        sinkK(type, c.B * c.S * c.Hkv * c.d), sinkV(type, c.B * c.S * c.Hkv * c.dv) {}
};

class CudaAttention : public testing::TestWithParam<xlstm_dtype> {
protected:
  xlstm_dtype type = GetParam();

  static Doubles truth(const Case &c, const Inputs &in) {
    Doubles want(c.B * c.T * c.H * c.dv);
    reference::attention(widen(in.q).data(), widen(in.k).data(), widen(in.v).data(), oneDocument(c.B, c.T).data(),
                         want.data(), c.B, c.T, c.H, c.Hkv, c.d, c.dv, c.scale(), c.W, c.S);
    return want;
  }

  /// One call on what is on the device; pos moves on.
  static int call(const Case &c, xlstm_dtype type, const DeviceFloats &q, const DeviceFloats &k, const DeviceFloats &v,
                  const State &s, const DeviceFloats &h, int64_t count, const DeviceBytes &workspace,
                  cudaStream_t stream = nullptr) {
    const int error =
        xlstm_cuda_attention(type, q.get(), k.get(), v.get(), s.pos.get(), s.ringK.get(), s.ringV.get(), s.sinkK.get(),
                             s.sinkV.get(), h.get(), c.B, count, c.H, c.Hkv, c.d, c.dv, c.W, c.S, c.H * c.d + c.gap,
                             c.Hkv * c.d + c.gap, c.Hkv * c.dv + c.gap, c.scale(), workspace.get(), stream);
    return error ? error : xlstm_cuda_advance(s.pos.get(), c.B, count, stream);
  }
  static DeviceBytes workspaceOf(const Case &c, xlstm_dtype type, int64_t count) {
    return DeviceBytes(xlstm_cuda_attention_workspace(type, c.B, count, c.H, c.Hkv, c.d, c.dv, c.W, c.S));
  }

  /// Feeds tokens [from, from + count) of all rows.
  void feed(const Case &c, const Inputs &in, const State &state, Floats &h, int64_t from, int64_t count) {
    auto part = [&](const Floats &all, int64_t width) {
      return DeviceFloats(type, spread(tokens(all, c.B, c.T, width, from, count), width, c.gap));
    };
    const DeviceFloats q = part(in.q, c.H * c.d), k = part(in.k, c.Hkv * c.d), v = part(in.v, c.Hkv * c.dv);
    const DeviceFloats out(type, c.B * count * c.H * c.dv);
    const DeviceBytes workspace = workspaceOf(c, type, count);
    ASSERT_CUDA(call(c, type, q, k, v, state, out, count, workspace));
    putTokens(h, out.values(), c.B, c.T, c.H * c.dv, from, count);
  }

  void check(const Case &c, const std::vector<int64_t> &pattern) {
    const Inputs in(c, type);
    const State state(c, type);
    Floats h(c.B * c.T * c.H * c.dv, NAN);
    for (int64_t from = 0; int64_t count : split(c.T, pattern)) {
      feed(c, in, state, h, from, count);
      from += count;
    }
    ASSERT_LE(headError(h, truth(c, in), c.H, c.dv), toleranceOf(type)) << c << " pieces of " << pattern.front();
    checkState(c, in, state);
  }

  /// Ring and sinks hold what they should, to the bit, and NaN elsewhere.
  static void checkState(const Case &c, const Inputs &in, const State &state) {
    auto compare = [&](const DeviceFloats &got, const Floats &from, int64_t extent, int64_t width, bool isRing) {
      const Floats values = got.values();
      for (int64_t b = 0; b < c.B; ++b)
        for (int64_t slot = 0; slot < extent; ++slot) {
          const int64_t position = isRing ? c.T - 1 - (c.T - 1 - slot % extent + extent) % extent : slot;
          for (int64_t n = 0; n < width; ++n) {
            const float value = values[(b * extent + slot) * width + n];
            if (position < 0 || position >= c.T)
              ASSERT_TRUE(std::isnan(value)) << c << " slot " << slot;
            else
              ASSERT_EQ(value, from[(b * c.T + position) * width + n])
                  << c << " slot " << slot << (isRing ? "" : " sink");
          }
        }
    };
    compare(state.ringK, in.k, c.W, c.Hkv * c.d, true), compare(state.ringV, in.v, c.W, c.Hkv * c.dv, true);
    compare(state.sinkK, in.k, c.S, c.Hkv * c.d, false), compare(state.sinkV, in.v, c.S, c.Hkv * c.dv, false);
  }
};

const std::vector<std::vector<int64_t>> Patterns = {{1 << 20}, {1}, {1, 7, 64, 3}, {16, 1, 2, 65}};

} // namespace

INSTANTIATE_TEST_SUITE_P(Types, CudaAttention, testing::Values(XLSTM_F32, XLSTM_BF16));

/// Every length, window and number of sinks, over groups and widths in turn: the ring wraps in pieces and single
/// tokens.
TEST_P(CudaAttention, LengthsWindowsAndSinks) {
  const int64_t heads[][2] = {{1, 1}, {4, 2}, {3, 1}, {8, 1}, {14, 2}};
  const int64_t widths[][2] = {{8, 8}, {64, 64}, {33, 20}, {128, 128}, {24, 72}, {1, 3}, {96, 40}};
  int number = 0;
  for (int64_t T : {2, 7, 33, 65, 130})
    for (int64_t W : {1, 5, 16, 64})
      for (int64_t S : {0, 1, 9}) {
        const auto [H, Hkv] = heads[number % 5];
        const auto [d, dv] = widths[number % 7];
        const auto &pattern = Patterns[number % 4];
        check({2, T, H, Hkv, d, dv, W, S, number % 3 * 4}, pattern);
        ++number;
      }
}

TEST_P(CudaAttention, Widths) {
  for (int64_t d : {1, 8, 20, 64, 72, 96, 128, 136, 256, 300})
    for (const auto &pattern : Patterns)
      check({1, 70, 2, 1, d, d, 13, 3, 8}, pattern);
}

TEST_P(CudaAttention, Groups) {
  for (int64_t group : {1, 2, 4, 5, 8, 9, 16, 17, 40})
    for (int64_t d : {64, 128, 256})
      for (const auto &pattern : {Patterns[1], Patterns[2]})
        check({1, 40, group, 1, d, d, 16, 2}, pattern);
}

/// Enough rows for every warp to have its own.
TEST_P(CudaAttention, ManyRows) {
  check({2, 700, 12, 6, 64, 64, 100, 4, 8}, {1 << 20});
  check({2, 600, 12, 6, 128, 128, 70, 0}, {599, 1});
  check({2, 560, 12, 6, 200, 256, 50, 9}, {500, 60});
  check({3, 500, 8, 8, 32, 48, 1000, 0}, {480, 20});
  check({1, 1060, 2, 1, 200, 256, 1500, 9}, {1000, 60}); // blocks that share their keys
}

/// A cache of more keys than one block takes: parts are combined, and then the ring wraps.
TEST_P(CudaAttention, LongCache) {
  check({1, 1210, 4, 1, 64, 64, 1200, 4}, {1190, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  check({2, 1100, 4, 2, 128, 128, 4096, 0}, {1000, 90, 1, 1, 1, 7});
}

/// The cache of a head that stays attention, of 131,072 tokens: as many blocks as there are parts, the last of which
/// have no keys while a text is short, and all have some when it is longer.
TEST_P(CudaAttention, CacheOfAKeptHead) {
  const std::vector<int64_t> steps(9, 1);
  auto behind = [&](int64_t prompt) {
    std::vector<int64_t> pieces{prompt};
    pieces.insert(pieces.end(), steps.begin(), steps.end());
    return pieces;
  };
  check({1, 300, 4, 1, 8, 8, 131072, 0}, behind(290));
  check({1, 9000, 1, 1, 8, 8, 131072, 0}, behind(8990));
  check({2, 300, 3, 1, 12, 12, 131072, 0}, behind(290));
}

TEST_P(CudaAttention, RowsAtDifferentPositions) {
  for (int64_t d : {8, 12}) {
    const Case both = {2, 30, 2, 1, d, d, 7, 3}, one = {1, 30, 2, 1, d, d, 7, 3}, rest = {2, 25, 2, 1, d, d, 7, 3};
    const Inputs in(both, type);
    const State state(both, type);
    const Doubles want = truth(both, in);
    Floats first(30 * 2 * d, NAN), later(2 * 25 * 2 * d, NAN);
    feed(one, in, state, first, 0, 5);                  // the first row alone
    auto join = [&](const Floats &all, int64_t width) { // row 0 from token 5, row 1 from token 0
      Floats result(all.begin() + 5 * width, all.begin() + 30 * width);
      result.insert(result.end(), all.begin() + 30 * width, all.begin() + 55 * width);
      return result;
    };
    Inputs part(rest, type);
    part.q = join(in.q, 2 * d), part.k = join(in.k, d), part.v = join(in.v, d);
    for (int64_t from = 0; int64_t count : split(25, {1, 1, 6, 1})) {
      feed(rest, part, state, later, from, count);
      from += count;
    }
    const int64_t row = 30 * 2 * d;
    std::copy_n(later.begin(), 25 * 2 * d, first.begin() + 5 * 2 * d);
    EXPECT_LE(headError(first, Doubles(want.begin(), want.begin() + row), 2, d), toleranceOf(type));
    EXPECT_LE(headError(Floats(later.begin() + 25 * 2 * d, later.end()),
                        Doubles(want.begin() + row, want.begin() + row + 25 * 2 * d), 2, d),
              toleranceOf(type));
  }
}

TEST_P(CudaAttention, HugeScoresStayFinite) {
  for (int64_t d : {8, 12}) {
    const Case c = {1, 20, 2, 1, d, d, 5, 2};
    Inputs in(c, type);
    for (float &value : in.q)
      value = nearest(type, value * 1e6f);
    const State state(c, type);
    Floats h(c.T * c.H * c.dv, NAN);
    for (int64_t from = 0; int64_t count : split(c.T, {11, 1, 1})) {
      feed(c, in, state, h, from, count);
      from += count;
    }
    EXPECT_TRUE(allFinite(h));
  }
}

/// One captured step serves every position.
TEST_P(CudaAttention, CapturedStep) {
  const Case c = {2, 90, 8, 2, 64, 64, 70, 3};
  const Inputs in(c, type);
  const State state(c, type);
  const DeviceFloats q(type, c.B * c.H * c.d), k(type, c.B * c.Hkv * c.d), v(type, c.B * c.Hkv * c.dv),
      out(type, c.B * c.H * c.dv);
  const DeviceBytes workspace = workspaceOf(c, type, 1);
  cudaStream_t stream;
  cudaGraph_t graph;
  cudaGraphExec_t step;
  ASSERT_CUDA(cudaStreamCreate(&stream));
  ASSERT_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  ASSERT_CUDA(call(c, type, q, k, v, state, out, 1, workspace, stream));
  ASSERT_CUDA(cudaStreamEndCapture(stream, &graph));
  ASSERT_CUDA(cudaGraphInstantiate(&step, graph, 0));
  Floats h(c.B * c.T * c.H * c.dv, NAN);
  for (int64_t t = 0; t < c.T; ++t) {
    auto bring = [&](const Floats &all, int64_t width, const DeviceFloats &to) {
      const DeviceFloats from(type, tokens(all, c.B, c.T, width, t, 1));
      ASSERT_CUDA(cudaMemcpy(to.get(), from.get(), c.B * width * sizeOf(type), cudaMemcpyDefault));
    };
    bring(in.q, c.H * c.d, q), bring(in.k, c.Hkv * c.d, k), bring(in.v, c.Hkv * c.dv, v);
    ASSERT_CUDA(cudaGraphLaunch(step, stream));
    ASSERT_CUDA(cudaStreamSynchronize(stream));
    putTokens(h, out.values(), c.B, c.T, c.H * c.dv, t, 1);
  }
  EXPECT_LE(headError(h, truth(c, in), c.H, c.dv), toleranceOf(type));
  cudaGraphExecDestroy(step), cudaGraphDestroy(graph), cudaStreamDestroy(stream);
}

TEST(CudaAttentionShapes, AreRefused) {
  auto run = [](xlstm_dtype type, int64_t H, int64_t Hkv, int64_t d, int64_t W, int64_t stride) {
    return xlstm_cuda_attention(type, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                                1, 1, H, Hkv, d, d, W, 0, stride, Hkv * d, Hkv * d, 1, nullptr, nullptr);
  };
  EXPECT_NE(run(XLSTM_FP8_E4M3, 2, 1, 8, 4, 16), 0);
  EXPECT_NE(run(XLSTM_F32, 3, 2, 8, 4, 24), 0);
  EXPECT_NE(run(XLSTM_F32, 2, 1, 8, 0, 16), 0);
  EXPECT_NE(run(XLSTM_F32, 2, 1, 8, 4, 8), 0);
  EXPECT_NE(run(XLSTM_F32, 2, 1, 5000, 4, 10000), 0);
}
