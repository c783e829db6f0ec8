//===- MlstmTest.cpp - the matrix memory, stepwise and by chunks -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A sequence is fed in pieces through the state; together the outputs are the reference's over the whole sequence.

#include "KernelTest.h"

#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

namespace {

struct Case {
  int64_t B, T, H, Hkv, m, dv;
};

struct State {
  Floats S, z, max;

  /// NaN in S and z: a maximum of -inf alone says that they are empty.
  explicit State(const Case &c) : S(c.B * c.H * c.m * c.dv, NAN), z(c.B * c.H * c.m, NAN), max(c.B * c.H, -Infinity) {}
};

struct Inputs {
  Floats q, k, v, i, f;

  /// Features are positive, as softmax makes them; gates are in [-gate, gate], the forget gates around `forget`.
  explicit Inputs(const Case &c, float gate = 2, float forget = 3)
      : q(randomFloats(c.B * c.T * c.H * c.m, 1, 0, 1)), k(randomFloats(c.B * c.T * c.H * c.m, 2, 0, 1)),
        v(randomFloats(c.B * c.T * c.Hkv * c.dv, 3)), i(randomFloats(c.B * c.T * c.H, 4, -gate, gate)),
        f(randomFloats(c.B * c.T * c.H, 5, forget - gate, forget + gate)) {}
};

} // namespace

static Doubles truth(const Case &c, const Inputs &in) {
  Doubles want(c.B * c.T * c.H * c.dv), i = widen(in.i), f = widen(in.f);
  reference::mlstm(widen(in.q).data(), widen(in.k).data(), widen(in.v).data(), i.empty() ? nullptr : i.data(),
                   f.empty() ? nullptr : f.data(), oneDocument(c.B, c.T).data(), want.data(), c.B, c.T, c.H, c.Hkv, c.m,
                   c.dv);
  return want;
}

static Floats run(const Case &c, const Inputs &in, const std::vector<int64_t> &pattern, int64_t chunk, State &state) {
  Floats h(c.B * c.T * c.H * c.dv, NAN);
  int64_t from = 0;
  for (int64_t count : split(c.T, pattern)) {
    auto piece = [&](const Floats &all, int64_t width) {
      return all.empty() ? Floats{} : tokens(all, c.B, c.T, width, from, count);
    };
    Floats q = piece(in.q, c.H * c.m), k = piece(in.k, c.H * c.m), v = piece(in.v, c.Hkv * c.dv);
    Floats i = piece(in.i, c.H), f = piece(in.f, c.H), part(c.B * count * c.H * c.dv);
    int64_t gap = Gaps[from % 2], vWidth = c.Hkv * c.dv;
    xlstm_cpu_mlstm(q.data(), k.data(), spread(v, vWidth, gap).data(), i.empty() ? nullptr : i.data(),
                    f.empty() ? nullptr : f.data(), state.S.data(), state.z.data(), state.max.data(), part.data(), c.B,
                    count, c.H, c.Hkv, c.m, c.dv, vWidth + gap, chunk);
    putTokens(h, part, c.B, c.T, c.H * c.dv, from, count);
    from += count;
  }
  return h;
}

static void check(const Case &c, const Inputs &in, const std::vector<int64_t> &pattern, int64_t chunk) {
  State state(c);
  Floats h = run(c, in, pattern, chunk, state);
  EXPECT_LT(headError(h, truth(c, in), c.H, c.dv), Tolerance)
      << "T " << c.T << " H " << c.H << " Hkv " << c.Hkv << " m " << c.m << " dv " << c.dv << " chunk " << chunk
      << " pieces of " << pattern.front();
}

static const std::vector<std::vector<int64_t>> Patterns = {{1 << 20}, {1}, {1, 7, 64, 3}, {16, 1, 2, 65}};
static const std::vector<int64_t> Chunks = {1, 7, 16, 64};

TEST(Mlstm, EveryLengthAndChunk) {
  for (int64_t T : {1, 2, 7, 16, 63, 64, 65, 130})
    for (int64_t chunk : Chunks)
      for (const auto &pattern : Patterns) {
        Case c = {2, T, 4, 2, 20, 33};
        check(c, Inputs(c), pattern, chunk);
      }
}

TEST(Mlstm, EveryWidth) {
  for (int64_t m : {1, 2, 3, 8, 20, 32, 33, 64, 128})
    for (int64_t dv : {1, 3, 20, 33, 64, 80, 128})
      for (const auto &pattern : Patterns) {
        Case c = {1, 70, 2, 1, m, dv};
        check(c, Inputs(c), pattern, 16);
      }
}

TEST(Mlstm, ChunksBeyondTheLimitAreCut) {
  Case c = {1, 300, 1, 1, 16, 16};
  for (int64_t chunk : {65, 128, 4096})
    check(c, Inputs(c), {1 << 20}, chunk);
}

TEST(Mlstm, WithoutGates) {
  Case c = {2, 70, 3, 1, 16, 16};
  Inputs in(c);
  in.i.clear(), in.f.clear();
  for (int64_t chunk : Chunks)
    for (const auto &pattern : Patterns)
      check(c, in, pattern, chunk);
}

// Rounding of the gates' sums would show here: hardly anything is forgotten, and the text is long.
TEST(Mlstm, LongMemory) {
  Case c = {1, 2048, 1, 1, 8, 8};
  for (int64_t chunk : Chunks)
    check(c, Inputs(c, 1, 9), {1 << 20}, chunk);
}

TEST(Mlstm, ExtremeGates) {
  Case c = {1, 130, 2, 1, 16, 16};
  for (int64_t chunk : Chunks)
    for (const auto &pattern : Patterns)
      check(c, Inputs(c, 50, 0), pattern, chunk);
  for (float gate : {50.0f, 1e4f, 1e8f, 1e30f})
    for (float i : {gate, -gate})
      for (float f : {gate, -gate})
        for (int64_t chunk : Chunks) {
          Inputs in(c);
          std::fill(in.i.begin(), in.i.end(), i);
          std::fill(in.f.begin(), in.f.end(), f);
          State state(c);
          EXPECT_TRUE(allFinite(run(c, in, {1 << 20}, chunk, state))) << i << " " << f << " chunk " << chunk;
          EXPECT_TRUE(allFinite(state.S) && allFinite(state.z) && allFinite(state.max));
        }
}

// Far from zero the stored maximum is rounded by more than a float32 weight: the state has to be scaled by that value.
TEST(Mlstm, LargeMaximumIsRounded) {
  Case c = {1, 130, 2, 1, 16, 16};
  for (float level : {1e4f, -1e4f, 3e5f})
    for (int64_t chunk : Chunks) {
      Inputs in(c);
      for (float &i : in.i)
        i += level;
      for (const auto &pattern : Patterns)
        check(c, in, pattern, chunk);
    }
}

// A token's score on a later one may overflow without a trace in its own output.
TEST(Mlstm, LaterTokensLeaveNoTrace) {
  Case c = {1, 30, 1, 1, 8, 8};
  Inputs in(c);
  State first(c), second(c);
  Floats want = run(c, in, {1 << 20}, 64, first);
  std::fill(in.k.end() - c.m, in.k.end(), 3e38f);
  Floats got = run(c, in, {1 << 20}, 64, second);
  EXPECT_TRUE(std::equal(got.begin(), got.end() - c.dv, want.begin()));
}

// What came before a forget gate of -1e30 is gone, also in the middle of a chunk.
TEST(Mlstm, ForgettingIsComplete) {
  Case c = {1, 24, 1, 1, 8, 8}, tail = {1, 14, 1, 1, 8, 8};
  Inputs in(c), rest(tail);
  in.f[10] = -1e30f;
  rest.q.assign(in.q.begin() + 80, in.q.end()), rest.k.assign(in.k.begin() + 80, in.k.end());
  rest.v.assign(in.v.begin() + 80, in.v.end());
  rest.i.assign(in.i.begin() + 10, in.i.end()), rest.f.assign(in.f.begin() + 10, in.f.end());
  rest.f[0] = 0;
  for (int64_t chunk : Chunks) {
    State state(c);
    Floats h = run(c, in, {1 << 20}, chunk, state);
    EXPECT_LT(headError(Floats(h.begin() + 80, h.end()), truth(tail, rest), 1, 8), Tolerance) << chunk;
  }
}

// Features 110 apart underflow: the denominator's floor keeps the output finite.
TEST(Mlstm, VanishingDenominatorIsFinite) {
  Case c = {1, 5, 1, 1, 2, 2};
  Inputs in(c);
  for (int64_t t = 0; t < c.T; ++t) {
    in.q[2 * t] = 1, in.q[2 * t + 1] = 0;
    in.k[2 * t] = 0, in.k[2 * t + 1] = 1;
  }
  for (int64_t chunk : {1, 5}) {
    State state(c);
    EXPECT_EQ(run(c, in, {1 << 20}, chunk, state), Floats(c.T * c.dv, 0.0f));
  }
}

// The state after a text is the same state in every form, up to rounding.
TEST(Mlstm, StatesAgreeAcrossForms) {
  Case c = {1, 100, 2, 1, 16, 20};
  Inputs in(c);
  State one(c);
  run(c, in, {1}, 1, one);
  for (int64_t chunk : {7, 16, 64}) {
    State state(c);
    run(c, in, {1 << 20}, chunk, state);
    EXPECT_LT(headError(state.S, widen(one.S), 1, c.m * c.dv), Tolerance);
    EXPECT_LT(headError(state.z, widen(one.z), 1, c.m), Tolerance);
    EXPECT_LT(headError(state.max, widen(one.max), 1, 1), Tolerance);
  }
}
