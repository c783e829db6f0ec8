//===- HybridEdgesTest.cpp - the fused mixer on the CPU where numbers or borders are extreme ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "HybridSuite.h"

using namespace xlstm;
using namespace xlstm::test;

XLSTM_IN_EVERY_ISA(HybridEdges);

static void multiply(Floats &values, float factor) {
  for (float &value : values)
    value *= factor;
}

/// Scores of tens, and of thousands: weights of 0 and 1 alone. Whole numbers, so that products are exact and what is
/// left is the rounding of the exponentials' arguments.
TEST_P(HybridEdges, LargeLogits) {
  for (auto [factor, tolerance] : {std::pair(6.0f, 1e-4), std::pair(64.0f, 2e-3)})
    for (bool withState : {false, true}) {
      HybridCase c({1, 150, 2, 1, 16, 40, 3, 0.25});
      multiply(c.q, factor), multiply(c.k, factor);
      for (Floats *values : {&c.q, &c.k})
        for (float &value : *values)
          value = std::round(value);
      if (withState)
        c.continueFrom(50);
      c.setDocuments({100, 50});
      check(c, "large logits", tolerance);
    }
}

/// Channel 0 adds slope * (t mod period) to the score of every query with key t, and no feature sees it.
static HybridCase drifting(int64_t W, float slope, int64_t period) {
  HybridCase c({1, 300, 2, 1, 16, W, 3, 0.25});
  for (int64_t t = 0; t < c.shape.T; ++t) {
    c.k[t * 16] = slope * float(t % period) / 0.25f;
    for (int64_t h = 0; h < 2; ++h)
      c.q[(t * 2 + h) * 16] = h == 0 ? 1 : 0.5f; // the lanes and heads drift apart
  }
  for (Floats *map : {&c.qMap, &c.kMap})
    for (size_t row = 0; row < map->size(); row += 16)
      (*map)[row] = 0;
  return c;
}

// The maximum of the scores rises within a block of keys and from one to the next, by less and by more than the running
// softmax lets pass; it falls; it rises and falls again.
TEST_P(HybridEdges, DriftingScores) {
  for (int64_t W : {64, 300})
    for (auto [slope, period] : {std::pair(0.06f, 1000), std::pair(0.1f, 1000), std::pair(0.3f, 1000),
                                 std::pair(-0.3f, 1000), std::pair(0.5f, 70), std::pair(-0.5f, 70)})
      check(drifting(W, slope, period), "drifting scores", 1e-3);
}

// The maximum of the gates rises and falls by hundreds over the tokens, within documents and over their borders.
TEST_P(HybridEdges, DriftingGates) {
  for (float slope : {0.5f, -0.5f, 3.0f, -3.0f})
    for (bool withState : {false, true}) {
      HybridCase c({1, 200, 2, 1, 16, 40, 3, 0.25}, 1, 1, 12);
      for (size_t n = 0; n < c.i.size(); ++n)
        c.i[n] += slope * float(n / 2);
      if (withState)
        c.continueFrom(50, 30);
      check(c, "drifting gates", 3e-4);
      c.setDocuments({90, 110});
      check(c, "drifting gates of documents", 3e-4);
    }
}

/// Features that hardly meet: softmax of about 70 times one unit vector against that of another.
static HybridCase apart() {
  HybridCase c({1, 130, 2, 1, 8, 16, 2, 0.25}, 1, 1, -8);
  multiply(c.q, 0.1f), multiply(c.k, 0.1f);
  Floats lengths = randomFloats(c.shape.T * 2, 31, 66, 75);
  for (int64_t t = 0; t < c.shape.T; ++t) {
    c.k[t * 8] = 75;
    for (int64_t h = 0; h < 2; ++h)
      c.q[(t * 2 + h) * 8 + 1] = lengths[t * 2 + h];
  }
  std::fill(c.qMap.begin(), c.qMap.end(), 0), std::fill(c.kMap.begin(), c.kMap.end(), 0);
  for (int64_t h = 0; h < 2; ++h)
    for (int64_t a = 0; a < 8; ++a)
      c.qMap[(h * 8 + a) * 8 + a] = c.kMap[(h * 8 + a) * 8 + a] = 1;
  std::fill(c.o.begin(), c.o.end(), 2); // the memory's part counts
  return c;
}

// Denominators on both sides of their floor of 1e-30: below it they are not divided by, and have no gradient.
TEST_P(HybridEdges, DenominatorsAtTheirFloor) {
  HybridCase c = apart();
  HybridRun run = check(c, "floor", 1e-4);
  auto [least, most] = std::minmax_element(run.denominator.begin(), run.denominator.end());
  EXPECT_LT(*least, 0.5e-30f);
  EXPECT_GT(*most, 2e-30f);

  // One by one as well.
  c.state.emplace(c.shape);
  HybridStates<double> want;
  Doubles h = HybridTruth(c).forward(&want);
  HybridRun steps(c);
  steps.forwardThenDecode(3);
  EXPECT_LT(headError(steps.h, h, 2, 8), 1e-4);
}

// Windows from the token alone up to a block and one, with and without sinks, and documents that begin and end at every
// place of a block and of a vector.
TEST_P(HybridEdges, NarrowWindowsAtBorders) {
  for (int64_t W : {1, 2, 15, 16, 17, 63, 64, 65})
    for (int64_t S : {0, 1, 2})
      for (const std::vector<int64_t> &lengths :
           {std::vector<int64_t>{1}, {1, 63}, {63, 1}, {64, 1, 62, 1}, {16}, {15, 17, 1}, {128, 1, 1}}) {
        HybridCase c({1, 131, 2, 1, 8, W, S, 0.5});
        c.setDocuments(lengths);
        check(c, "border");
      }
}

// The ring and the sinks of a state at the same borders: it is full, a token short of it or a token beyond.
TEST_P(HybridEdges, NarrowWindowsOfAState) {
  for (int64_t W : {1, 2, 16, 64})
    for (int64_t S : {0, 1, 3})
      for (int64_t pos : {int64_t(1), W - 1, W, W + 1, W + S}) {
        if (pos < 1)
          continue;
        HybridCase c({2, 67, 2, 1, 8, W, S, 0.5});
        c.continueFrom(pos);
        check(c, "state");
        c.setDocuments({1, 65, 1});
        check(c, "state with documents");
      }
}

// Every sink is kept by the step that reads its token, and found when the window has left it.
TEST_P(HybridEdges, SinksOfStepsFromTheFirstToken) {
  for (int64_t S : {1, 2, 3}) {
    HybridCase c({1, 12, 2, 1, 8, 4, S, 0.5});
    c.state.emplace(c.shape);
    HybridStates<double> want;
    Doubles h = HybridTruth(c).forward(&want);
    HybridRun steps(c);
    steps.forwardThenDecode(1);
    EXPECT_LT(headError(steps.h, h, 2, 8), 1e-4) << S << " sinks";
  }
}

// One query head of many reads the right key head, map, gate and state.
TEST_P(HybridEdges, EveryHeadIsItsOwn) {
  for (auto [H, Hkv] : {std::pair(6, 3), std::pair(6, 2), std::pair(4, 4), std::pair(5, 1)}) {
    HybridCase c({2, 70, H, Hkv, 16, 20, 3, 0.25});
    for (int64_t h = 0; h < H; ++h) // heads of different sizes: one in place of another shows
      for (int64_t n = 0; n < 256; ++n)
        c.qMap[h * 256 + n] *= float(1 + h), c.kMap[h * 256 + n] *= float(H - h);
    c.continueFrom(25, 1);
    for (size_t n = 0; n < c.state->m.size(); ++n)
      c.state->m[n] = float(n) - 3;
    check(c, "heads", 1e-4);
    c.setDocuments({33, 37});
    check(c, "heads and documents", 1e-4);
  }
}

/// The nearest bfloat16, ties to even, by its neighbours.
static float toNearestBf16(float x) {
  uint32_t bits = std::bit_cast<uint32_t>(x);
  float low = std::bit_cast<float>(bits & 0xffff0000), high = std::bit_cast<float>((bits & 0xffff0000) + 0x10000);
  double toLow = std::abs(double(x) - low), toHigh = std::abs(double(high) - x);
  return toLow < toHigh || (toLow == toHigh && !(bits & 0x10000)) ? low : high;
}

// Outputs of bfloat16 calls are those of float32 calls, rounded once.
TEST_P(HybridEdges, OutputsAreRoundedToNearest) {
  HybridCase c({1, 100, 2, 1, 16, 40, 4, 0.25});
  for (Floats *values : {&c.q, &c.k, &c.v, &c.qMap, &c.kMap})
    for (float &value : *values)
      value = toNearestBf16(value);
  HybridRun exact(c), rounded(c, XLSTM_BF16);
  exact.forward(), rounded.forward();
  for (size_t n = 0; n < exact.h.size(); ++n)
    ASSERT_EQ(rounded.h[n], toNearestBf16(exact.h[n])) << exact.h[n];
}

/// What eight bits of E4M3 mean: sign, exponent of bias 7, mantissa; no infinity.
static double fromE4m3(uint8_t code) {
  int exponent = code >> 3 & 15, mantissa = code & 7;
  double size = exponent ? std::ldexp(1 + mantissa / 8.0, exponent - 7) : std::ldexp(mantissa / 8.0, -6);
  return code & 0x80 ? -size : size;
}

// Rings of 8 bits hold the nearest number, ties to even; what is too large becomes 448.
TEST_P(HybridEdges, EightBitRingsHoldTheNearest) {
  HybridCase c({1, 4, 1, 1, 8, 4, 1, 0.25});
  c.k = {0,       -0.0f,  1,       1.0625f,  1.1875f, -1.3125f,      448,           -449,
         464,     1000,   -3e30f,  0.0009f,  0.001f,  0.0029296875f, 0.0146484375f, 0.015f,
         0.0175f, 17,     18.99f,  19,       21,      -240,          247.9f,        248,
         0.99f,   0.969f, 0.0313f, -0.0625f, 100,     104,           108,           7};
  c.state.emplace(c.shape);
  HybridRun run(c, XLSTM_F32, XLSTM_FP8_E4M3);
  run.forward();
  for (size_t n = 0; n < c.k.size(); ++n) {
    auto code = uint8_t(run.rings[0][n]);
    double want = std::clamp(double(c.k[n]), -448.0, 448.0), found = std::abs(fromE4m3(code) - want);
    ASSERT_NE(code & 0x7f, 0x7f) << c.k[n] << " became no number";
    EXPECT_EQ(bool(code & 0x80), std::signbit(c.k[n])) << c.k[n];
    for (int other = 0; other < 256; ++other)
      if ((other & 0x7f) != 0x7f && bool(other & 0x80) == bool(code & 0x80) && other != code) {
        double distance = std::abs(fromE4m3(uint8_t(other)) - want);
        EXPECT_TRUE(found < distance || (found == distance && code % 2 == 0))
            << c.k[n] << " as " << int(code) << ", not " << other;
      }
  }
}
