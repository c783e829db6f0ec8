//===- HybridDecodeTest.cpp - the mixer token by token on CUDA, and its states ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every step's output and the state after the last are compared with the float64 reference from the first token on; the
// device's state starts as NaN, so nothing may be read that no token wrote.

#include "kernels/cuda/HybridDecode.h"
#include "test/unit/Cuda/CudaTest.h"
#include "xlstm/Kernels/Turns.h"

#include <ostream>

using namespace xlstm::test;
using namespace xlstm::reference;

namespace {

struct Shape {
  int64_t B, H, Hkv, d, W, S;
  int steps;
  int blocks = 0;      // of the general kernel; 0: xlstm_cuda_hybrid_decode's own choice
  float gate = 2;      // pre-activations lie in +- this
  bool isFast = false; // blocks are of the fast kernel
};

std::ostream &operator<<(std::ostream &out, const Shape &s) {
  return out << "B" << s.B << " H" << s.H << " Hkv" << s.Hkv << " d" << s.d << " W" << s.W << " S" << s.S << " steps"
             << s.steps << " blocks" << s.blocks << " gate" << s.gate << (s.isFast ? " fast" : "");
}

/// A state on the device; the arrays of Hybrid.h in their order.
struct DeviceState {
  DeviceFloats S, z, m, ringK, ringV, sinkK, sinkV;
  DeviceArray<int32_t> pos;
  xlstm_hybrid_state view;

  DeviceState(const Shape &s, xlstm_dtype ring)
      : S(XLSTM_F32, s.B * s.H * s.d * s.d), z(XLSTM_F32, s.B * s.H * s.d), m(XLSTM_F32, s.B * s.H),
        ringK(ring, s.B * s.W * s.Hkv * s.d), ringV(ring, s.B * s.W * s.Hkv * s.d),
        sinkK(ring, s.B * s.S * s.Hkv * s.d), sinkV(ring, s.B * s.S * s.Hkv * s.d),
        pos(std::vector<int32_t>(s.B, 0)), view{static_cast<float *>(S.get()),
                                                static_cast<float *>(z.get()),
                                                static_cast<float *>(m.get()),
                                                ringK.get(),
                                                ringV.get(),
                                                sinkK.get(),
                                                sinkV.get(),
                                                pos.get()} {}
};

/// The same in float64.
struct ReferenceState {
  Doubles S, z, m, ringK, ringV, sinkK, sinkV;
  std::vector<int32_t> pos;

  explicit ReferenceState(const Shape &s)
      : S(s.B * s.H * s.d * s.d, 0.0), z(s.B * s.H * s.d, 0.0), m(s.B * s.H, -Infinity),
        ringK(s.B * s.W * s.Hkv * s.d, 0.0), ringV(ringK), sinkK(s.B * s.S * s.Hkv * s.d, 0.0), sinkV(sinkK),
        pos(s.B, 0) {}
  HybridState view() {
    return {S.data(), z.data(), m.data(), ringK.data(), ringV.data(), sinkK.data(), sinkV.data(), pos.data()};
  }
  /// Row b as it is before a document's first token.
  void reset(int64_t b, int64_t B) {
    for (Doubles *array : {&S, &z, &m, &ringK, &ringV, &sinkK, &sinkV})
      std::fill_n(array->begin() + b * array->size() / B, array->size() / B, array == &m ? -Infinity : 0.0);
    pos[b] = 0;
  }
  void round(xlstm_dtype ring) {
    for (Doubles *array : {&ringK, &ringV, &sinkK, &sinkV})
      for (double &value : *array)
        value = nearest(ring, float(value));
  }
};

/// One token's inputs, rounded, in both worlds.
struct Token {
  Floats q, k, v, i, f, o;
  Token(const Shape &s, xlstm_dtype type, uint32_t seed)
      : q(rounded(type, randomFloats(s.B * s.H * s.d, seed, -2, 2))),
        k(rounded(type, randomFloats(s.B * s.Hkv * s.d, seed + 1, -2, 2))),
        v(rounded(type, randomFloats(s.B * s.Hkv * s.d, seed + 2))),
        i(randomFloats(s.B * s.H, seed + 3, -s.gate, s.gate)), f(randomFloats(s.B * s.H, seed + 4, -s.gate, s.gate)),
        o(randomFloats(s.B * s.H, seed + 5, -3, 3)) {}
};

class CudaDecode : public testing::Test {
protected:
  /// Steps `state` and `expected` by tokens of `seed`; `reset`: which step begins a new document in every second row.
  static void run(const Shape &s, xlstm_dtype type, xlstm_dtype ring, DeviceState &state, ReferenceState &expected,
                  uint32_t seed, int reset = -1) {
    SCOPED_TRACE(testing::Message() << s << " type " << type << " ring " << ring);
    const float scale = 1 / std::sqrt(float(s.d));
    xlstm_hybrid_shape shape = {s.B, 1, s.H, s.Hkv, s.d, s.W, s.S, scale, type, ring, 0};
    Floats maps = rounded(type, randomFloats(2 * s.H * s.d * s.d, seed + 7, -0.3f, 0.3f));
    Doubles frequencies(s.d / 2);
    for (int64_t n = 0; n < s.d / 2; ++n)
      frequencies[n] = std::pow(10000.0, -2.0 * double(n) / double(s.d));
    const Doubles wideMaps = widen(maps);
    std::vector<int64_t> turns(s.d / 2);
    std::transform(frequencies.begin(), frequencies.end(), turns.begin(), xlstm::turnsOf);
    DeviceFloats deviceMaps(type, maps);
    DeviceArray<int64_t> deviceTurns(turns);
    DeviceArray<unsigned> workspace(std::vector<unsigned>(s.B, 0));
    for (int step = 0; step < s.steps; ++step) {
      Token token(s, type, seed + 100 * step);
      DeviceFloats q(type, token.q), k(type, token.k), v(type, token.v), i(XLSTM_F32, token.i), f(XLSTM_F32, token.f),
          o(XLSTM_F32, token.o), h(type, s.B * s.H * s.d);
      std::vector<int32_t> starts(s.B, -1);
      for (int64_t b = 1; step == reset && b < s.B; b += 2)
        starts[b] = 0, expected.reset(b, s.B);
      DeviceArray<int32_t> docStart(starts);
      const char *map = static_cast<char *>(deviceMaps.get());
      xlstm_hybrid_inputs in = {q.get(),
                                k.get(),
                                v.get(),
                                static_cast<float *>(i.get()),
                                static_cast<float *>(f.get()),
                                static_cast<float *>(o.get()),
                                map,
                                map + s.H * s.d * s.d * sizeOf(type),
                                step % 2 || reset >= 0 ? docStart.get() : nullptr};
      const auto decode = s.isFast ? xlstm::cuda::hybridDecodeFast : xlstm::cuda::hybridDecode;
      ASSERT_CUDA(decode(shape, in, xlstm::cuda::denseStrides(shape), deviceTurns.get(),
                         1.25f, state.view, h.get(), workspace.get(), false, nullptr, s.blocks, nullptr));
      Doubles wq = widen(token.q), wk = widen(token.k), wv = widen(token.v), wi = widen(token.i), wf = widen(token.f),
              wo = widen(token.o), want(s.B * s.H * s.d);
      HybridState view = expected.view();
      hybridDecode({s.B, 1, s.H, s.Hkv, s.d, s.W, s.S, scale},
                   {wq.data(), wk.data(), wv.data(), wi.data(), wf.data(), wo.data(), wideMaps.data(),
                    wideMaps.data() + s.H * s.d * s.d, nullptr},
                   frequencies.data(), 1.25, view, want.data());
      expected.round(ring);
      ASSERT_LE(headError(h.values(), want, s.H, s.d), toleranceOf(type)) << "step " << step;
    }
    compare(s, type, ring, state, expected);
  }

  static void compare(const Shape &s, xlstm_dtype type, xlstm_dtype ring, const DeviceState &state,
                      const ReferenceState &expected) {
    const double tolerance = toleranceOf(type);
    EXPECT_LE(headError(state.S.values(), expected.S, s.H, s.d * s.d), tolerance);
    EXPECT_LE(headError(state.z.values(), expected.z, s.H, s.d), tolerance);
    EXPECT_LE(headError(state.m.values(), expected.m, 1, s.B * s.H), tolerance);
    EXPECT_EQ(state.pos.values(), expected.pos);
    // A value that lies between two of the ring's may go to the other one, rarely; bf16's are up to 2^-7 apart.
    const double ringTolerance = ring == XLSTM_FP8_E4M3 ? 0.07 : ring == XLSTM_BF16 ? 0x1p-7 : tolerance;
    auto filled = [&](const DeviceFloats &got, const Doubles &want, int64_t extent) {
      Floats values = got.values();
      size_t others = 0;
      for (int64_t n = 0; n < int64_t(values.size()); ++n) {
        if (n / (s.Hkv * s.d) % extent >= expected.pos[n / (s.Hkv * s.d * extent)])
          continue; // NaN: no token has been there
        ASSERT_NEAR(values[n], want[n], ringTolerance * std::max(1.0, std::abs(want[n]))) << n;
        others += ring != XLSTM_F32 && values[n] != float(want[n]);
      }
      EXPECT_LE(others, 1 + values.size() / 1000);
    };
    filled(state.ringK, expected.ringK, s.W), filled(state.ringV, expected.ringV, s.W);
    if (s.S)
      filled(state.sinkK, expected.sinkK, s.S), filled(state.sinkV, expected.sinkV, s.S);
  }

  static void run(const Shape &s, xlstm_dtype type, xlstm_dtype ring, int reset = -1) {
    DeviceState state(s, ring);
    ReferenceState expected(s);
    run(s, type, ring, state, expected, uint32_t(s.d + s.W), reset);
  }
};

bool hasFast() { return xlstm::cuda::isDecodeFast({1, 1, 4, 1, 128, 16, 4, 1, XLSTM_BF16, XLSTM_BF16, 0}); }

} // namespace

TEST_F(CudaDecode, WidthsAndGroups) {
  for (Shape s : {Shape{1, 2, 2, 32, 7, 2, 20}, Shape{2, 4, 1, 40, 5, 0, 9}, Shape{1, 4, 2, 64, 16, 4, 40},
                  Shape{1, 3, 1, 72, 9, 1, 12}, Shape{2, 4, 2, 96, 8, 3, 12}, Shape{1, 8, 1, 128, 33, 4, 60},
                  Shape{1, 8, 2, 136, 6, 2, 10}, Shape{1, 4, 2, 256, 8, 4, 16}, Shape{1, 1, 1, 8, 1, 1, 4}})
    for (xlstm_dtype type : {XLSTM_F32, XLSTM_BF16})
      for (xlstm_dtype ring : {XLSTM_F32, XLSTM_BF16, XLSTM_FP8_E4M3})
        run(s, type, ring);
}

TEST_F(CudaDecode, ManyHeadsOfOneKey) { run({1, 16, 1, 64, 8, 2, 12}, XLSTM_BF16, XLSTM_BF16); }

/// Every cluster size, windows of several tiles and less than a slot a block, sinks inside and outside the window.
TEST_F(CudaDecode, ClusterSizes) {
  int major = 0;
  cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0);
  for (int blocks : {1, 2, 4, 8, 16}) {
    if (blocks > 1 && major < 9)
      GTEST_SKIP() << "clusters need compute capability 9.0; one block a key head passed";
    run({2, 8, 2, 128, 100, 4, 130, blocks}, XLSTM_BF16, XLSTM_BF16);
    run({1, 4, 1, 64, 3, 5, 12, blocks}, XLSTM_F32, XLSTM_F32);
  }
}

/// The fast kernel at every width, group and split; windows of one partial tile, of whole tiles, of more tiles than
/// warps.
TEST_F(CudaDecode, FastKernel) {
  if (!hasFast())
    GTEST_SKIP() << "the fast kernel needs compute capability 9.0; the general one passed";
  for (int64_t d : {64, 96, 128})
    for (int64_t group : {1, 2, 4})
      for (int blocks : {2, 4, 8, 16})
        if (blocks == 2 * group || blocks == group || (blocks == 4 * group && d != 96))
          run({2, 2 * group, 2, d, 37, 3, 60, blocks, 2, true}, XLSTM_BF16, XLSTM_BF16);
  for (int blocks : {4, 8, 16}) {
    run({1, 4, 1, 128, 7, 19, 30, blocks, 2, true}, XLSTM_BF16, XLSTM_BF16);
    run({1, 8, 2, 64, 256, 0, 270, blocks, 2, true}, XLSTM_BF16, XLSTM_BF16);
    run({2, 8, 2, 128, 32, 4, 40, blocks, 50, true}, XLSTM_BF16, XLSTM_BF16);
  }
}

TEST_F(CudaDecode, GatesAtTheirEnds) {
  for (xlstm_dtype type : {XLSTM_F32, XLSTM_BF16})
    run({2, 4, 2, 64, 4, 2, 24, 0, 50}, type, type);
}

TEST_F(CudaDecode, DocumentBegins) {
  Shape s = {2, 4, 2, 64, 5, 2, 9};
  DeviceState state(s, XLSTM_BF16);
  ReferenceState expected(s);
  run(s, XLSTM_BF16, XLSTM_BF16, state, expected, 5, 7);
}

/// A sequence moves to another row of another batch, goes on there, and the freed row starts anew.
TEST_F(CudaDecode, SaveRestoreReset) {
  Shape s = {2, 4, 2, 64, 5, 2, 8};
  DeviceState state(s, XLSTM_BF16), other(s, XLSTM_BF16);
  ReferenceState expected(s), moved(s);
  run(s, XLSTM_BF16, XLSTM_BF16, state, expected, 5);
  xlstm_hybrid_shape shape = {s.B, 1, s.H, s.Hkv, s.d, s.W, s.S, 0.125f, XLSTM_BF16, XLSTM_BF16, 0};
  ASSERT_CUDA(xlstm_cuda_hybrid_state_copy(&shape, &state.view, 1, &other.view, 0, nullptr));
  ASSERT_CUDA(xlstm_cuda_hybrid_state_reset(&shape, &other.view, 1, nullptr));
  auto copyRow = [&](Doubles &to, const Doubles &from) {
    std::copy(from.begin() + from.size() / 2, from.end(), to.begin());
  };
  copyRow(moved.S, expected.S), copyRow(moved.z, expected.z), copyRow(moved.m, expected.m);
  copyRow(moved.ringK, expected.ringK), copyRow(moved.ringV, expected.ringV);
  copyRow(moved.sinkK, expected.sinkK), copyRow(moved.sinkV, expected.sinkV);
  moved.pos[0] = expected.pos[1];
  run(s, XLSTM_BF16, XLSTM_BF16, other, moved, 5);
}

TEST_F(CudaDecode, ShapesAreRefused) {
  xlstm_hybrid_inputs in = {};
  xlstm_hybrid_state state = {};
  for (xlstm_hybrid_shape shape : {xlstm_hybrid_shape{1, 2, 4, 2, 64, 8, 2, 1, XLSTM_F32, XLSTM_F32, 0}, // two tokens
                                   xlstm_hybrid_shape{1, 1, 4, 3, 64, 8, 2, 1, XLSTM_F32, XLSTM_F32, 0},
                                   xlstm_hybrid_shape{1, 1, 4, 2, 60, 8, 2, 1, XLSTM_F32, XLSTM_F32, 0},
                                   xlstm_hybrid_shape{1, 1, 4, 2, 264, 8, 2, 1, XLSTM_F32, XLSTM_F32, 0},
                                   xlstm_hybrid_shape{1, 1, 4, 2, 64, 0, 2, 1, XLSTM_F32, XLSTM_F32, 0},
                                   xlstm_hybrid_shape{1, 1, 4, 2, 64, 8, 2, 1, XLSTM_FP8_E4M3, XLSTM_F32, 0}})
    EXPECT_NE(xlstm_cuda_hybrid_decode(&shape, &in, nullptr, 1, &state, nullptr, nullptr, 0, nullptr), 0);
}
