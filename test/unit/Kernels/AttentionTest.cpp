//===- AttentionTest.cpp - attention with ring and sinks ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A sequence is fed in pieces through the state; together the outputs are the reference's over the whole sequence.

#include "KernelTest.h"

#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

namespace {

struct Case {
  int64_t B, T, H, Hkv, d, dv, W, S;
};

/// The state of a case, as NaN where nothing was stored yet: an entry that must not be read would show.
struct State {
  std::vector<int32_t> pos;
  Floats ringK, ringV, sinkK, sinkV;

  explicit State(const Case &c)
      : pos(c.B, 0), ringK(c.B * c.W * c.Hkv * c.d, NAN), ringV(c.B * c.W * c.Hkv * c.dv, NAN),
        sinkK(c.B * c.S * c.Hkv * c.d, NAN), sinkV(c.B * c.S * c.Hkv * c.dv, NAN) {}
};

struct Inputs {
  Floats q, k, v;

  explicit Inputs(const Case &c)
      : q(randomFloats(c.B * c.T * c.H * c.d, 1, -2, 2)), k(randomFloats(c.B * c.T * c.Hkv * c.d, 2, -2, 2)),
        v(randomFloats(c.B * c.T * c.Hkv * c.dv, 3)) {}
};

} // namespace

static float scaleOf(const Case &c) { return 1 / std::sqrt(float(c.d)); }

static Doubles truth(const Case &c, const Inputs &in) {
  Doubles want(c.B * c.T * c.H * c.dv);
  reference::attention(widen(in.q).data(), widen(in.k).data(), widen(in.v).data(), oneDocument(c.B, c.T).data(),
                       want.data(), c.B, c.T, c.H, c.Hkv, c.d, c.dv, scaleOf(c), c.W, c.S);
  return want;
}

/// Feeds tokens [from, from + count) of all rows.
static void feed(const Case &c, const Inputs &in, State &state, Floats &h, int64_t from, int64_t count) {
  Floats q = tokens(in.q, c.B, c.T, c.H * c.d, from, count), k = tokens(in.k, c.B, c.T, c.Hkv * c.d, from, count);
  Floats v = tokens(in.v, c.B, c.T, c.Hkv * c.dv, from, count), part(c.B * count * c.H * c.dv);
  int64_t gap = Gaps[from % 2], qWidth = c.H * c.d, kWidth = c.Hkv * c.d, vWidth = c.Hkv * c.dv;
  xlstm_cpu_attention_f32(spread(q, qWidth, gap).data(), spread(k, kWidth, gap).data(), spread(v, vWidth, gap).data(),
                      state.pos.data(), state.ringK.data(), state.ringV.data(), c.S ? state.sinkK.data() : nullptr,
                      c.S ? state.sinkV.data() : nullptr, part.data(), c.B, count, c.H, c.Hkv, c.d, c.dv, c.W, c.S,
                      qWidth + gap, kWidth + gap, vWidth + gap, scaleOf(c));
  putTokens(h, part, c.B, c.T, c.H * c.dv, from, count);
  for (int32_t &pos : state.pos)
    pos += count;
}

static void check(const Case &c, const std::vector<int64_t> &pattern) {
  Inputs in(c);
  State state(c);
  Floats h(c.B * c.T * c.H * c.dv, NAN);
  int64_t from = 0;
  for (int64_t count : split(c.T, pattern)) {
    feed(c, in, state, h, from, count);
    from += count;
  }
  EXPECT_LT(headError(h, truth(c, in), c.H, c.dv), Tolerance)
      << "B " << c.B << " T " << c.T << " H " << c.H << " Hkv " << c.Hkv << " d " << c.d << " dv " << c.dv << " W "
      << c.W << " S " << c.S << " pieces of " << pattern.front();
}

static const std::vector<std::vector<int64_t>> Patterns = {{1 << 20}, {1}, {1, 7, 64, 3}, {16, 1, 2, 65}};

TEST(Attention, EveryLengthWindowAndSinks) {
  const int64_t heads[][2] = {{1, 1}, {4, 2}, {3, 1}};
  const int64_t widths[] = {1, 2, 3, 8, 20, 32, 33, 64, 128};
  int number = 0;
  for (int64_t T : {1, 2, 7, 16, 63, 64, 65, 130})
    for (int64_t W : {1, 5, 16, 64})
      for (int64_t S : {0, 1, 4, 9}) {
        int64_t d = widths[number % 9], dv = widths[number % 7];
        auto [H, Hkv] = heads[number++ % 3];
        for (const auto &pattern : Patterns)
          check({2, T, H, Hkv, d, dv, W, S}, pattern);
      }
}

TEST(Attention, EveryWidth) {
  for (int64_t d : {1, 2, 3, 8, 20, 32, 33, 64, 128})
    for (int64_t W : {5, 64})
      for (int64_t S : {0, 9})
        for (const auto &pattern : Patterns)
          check({1, 70, 2, 1, d, d, W, S}, pattern);
}

TEST(Attention, ManyHeadsShareAKey) {
  for (int64_t H : {12, 13, 25})
    for (const auto &pattern : Patterns)
      check({1, 20, H, 1, 8, 16, 6, 2}, pattern);
}

TEST(Attention, WindowLargerThanTheText) {
  for (const auto &pattern : Patterns)
    check({2, 130, 2, 1, 16, 16, 300, 4}, pattern);
}

// Row 0 is five tokens ahead of row 1.
TEST(Attention, RowsAtDifferentPositions) {
  Case both = {2, 30, 2, 1, 8, 8, 7, 3}, one = both, ahead = both;
  one.B = 1;
  ahead.T = 25;
  Inputs in(both);
  State state(both);
  Doubles want = truth(both, in);
  Floats h(30 * 16, NAN), second(2 * 25 * 16, NAN);
  feed(one, in, state, h, 0, 5);
  state.pos[1] = 0;
  Inputs later(ahead);
  auto join = [](const Floats &all, int64_t width) { // row 0 from token 5, row 1 from token 0
    Floats result(all.begin() + 5 * width, all.begin() + 30 * width);
    result.insert(result.end(), all.begin() + 30 * width, all.begin() + 55 * width);
    return result;
  };
  later.q = join(in.q, 16), later.k = join(in.k, 8), later.v = join(in.v, 8);
  for (int64_t from = 0; from < 25; from += 5)
    feed(ahead, later, state, second, from, 5);
  Floats first(h.begin(), h.begin() + 5 * 16);
  first.insert(first.end(), second.begin(), second.begin() + 25 * 16);
  EXPECT_LT(headError(first, Doubles(want.begin(), want.begin() + 30 * 16), 2, 8), Tolerance);
  Floats last(second.begin() + 25 * 16, second.end());
  EXPECT_LT(headError(last, Doubles(want.begin() + 30 * 16, want.begin() + 55 * 16), 2, 8), Tolerance);
}

TEST(Attention, StateHoldsTheLastKeysAndTheFirst) {
  Case c = {1, 11, 1, 1, 2, 3, 4, 6};
  Inputs in(c);
  State state(c);
  Floats h(11 * 3);
  feed(c, in, state, h, 0, 3);
  feed(c, in, state, h, 3, 8);
  for (int64_t j = 7; j < 11; ++j) {
    EXPECT_TRUE(std::equal(&in.k[j * 2], &in.k[j * 2] + 2, &state.ringK[j % 4 * 2])) << j;
    EXPECT_TRUE(std::equal(&in.v[j * 3], &in.v[j * 3] + 3, &state.ringV[j % 4 * 3])) << j;
  }
  EXPECT_TRUE(std::equal(state.sinkK.begin(), state.sinkK.end(), in.k.begin()));
  EXPECT_TRUE(std::equal(state.sinkV.begin(), state.sinkV.end(), in.v.begin()));
}

TEST(Attention, HugeScoresStayFinite) {
  Case c = {1, 20, 1, 1, 8, 8, 5, 2};
  Inputs in(c);
  for (float &value : in.q)
    value *= 1e6f;
  State state(c);
  Floats h(c.T * c.dv);
  feed(c, in, state, h, 0, c.T);
  EXPECT_TRUE(allFinite(h));
}

// Keys and values of bfloat16 numbers are what they are in float32: the same bits.
TEST(Attention, SmallKeysAreThoseOfTheirNumbers) {
  const int64_t T = 1, H = 4, Hkv = 2, d = 16, W = 20, S = 3;
  auto rounded = [](Floats values) {
    for (float &value : values)
      value = std::bit_cast<float>(std::bit_cast<uint32_t>(value) & 0xffff0000u);
    return values;
  };
  auto small = [](const Floats &values) { return Bf16Weights(values).stored; };
  for (int32_t at : {0, 2, 19, 20, 47}) {
    Floats q = randomFloats(T * H * d, 1), k = rounded(randomFloats(T * Hkv * d, 2)), v = rounded(randomFloats(T * Hkv * d, 3));
    Floats ringK = rounded(randomFloats(W * Hkv * d, 4)), ringV = rounded(randomFloats(W * Hkv * d, 5));
    Floats sinkK = rounded(randomFloats(S * Hkv * d, 6)), sinkV = rounded(randomFloats(S * Hkv * d, 7));
    auto smallK = small(ringK), smallV = small(ringV), smallSinkK = small(sinkK), smallSinkV = small(sinkV);
    Floats wide(T * H * d, NAN), narrow(T * H * d, NAN);
    xlstm_cpu_attention_f32(q.data(), k.data(), v.data(), &at, ringK.data(), ringV.data(), sinkK.data(), sinkV.data(),
                            wide.data(), 1, T, H, Hkv, d, d, W, S, H * d, Hkv * d, Hkv * d, 0.25f);
    xlstm_cpu_attention_bf16(q.data(), k.data(), v.data(), &at, smallK.data(), smallV.data(), smallSinkK.data(),
                             smallSinkV.data(), narrow.data(), 1, T, H, Hkv, d, d, W, S, H * d, Hkv * d, Hkv * d, 0.25f);
    EXPECT_EQ(wide, narrow) << at;
    EXPECT_EQ(smallK, small(ringK)) << at; // the new ones, too
    EXPECT_EQ(smallSinkV, small(sinkV)) << at;
  }
}

// What is kept in 16 bits is rounded to the nearest, ties to even.
TEST(Attention, SmallKeysAreRounded) {
  const int32_t at = 0;
  Floats q(8, 1), k(8), v(8), h(8);
  for (int64_t c = 0; c < 8; ++c)
    k[c] = std::bit_cast<float>(0x3f808000u + uint32_t(c % 4) * 0x8000u + uint32_t(c / 4)); // ties, and just above
  std::vector<uint16_t> ringK(2 * 8), ringV(2 * 8);
  xlstm_cpu_attention_bf16(q.data(), k.data(), v.data(), &at, ringK.data(), ringV.data(), nullptr, nullptr, h.data(), 1,
                           1, 1, 1, 8, 8, 2, 0, 8, 8, 8, 1.0f);
  const std::vector<uint16_t> expected = {0x3f80, 0x3f81, 0x3f82, 0x3f82, 0x3f81, 0x3f81, 0x3f82, 0x3f82};
  EXPECT_EQ(std::vector<uint16_t>(ringK.begin(), ringK.begin() + 8), expected);
}
