//===- HybridCpuTest.cpp - the fused mixer on the CPU against float64 -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In every instruction set that this CPU has: forward, final state, all gradients and decode, over lengths with odd
// tails, documents, head widths, groups and gates.

#include "HybridSuite.h"
#include "xlstm/Kernels/Turns.h"

using namespace xlstm;
using namespace xlstm::test;

XLSTM_IN_EVERY_ISA(HybridCpu);

static const std::vector<std::vector<int64_t>> Documents = {{1 << 20}, {1}, {7, 1, 64, 3}, {64}, {63, 66}};

TEST_P(HybridCpu, LengthsAndDocuments) {
  for (int64_t T : {1, 2, 63, 64, 65, 130, 200})
    for (const std::vector<int64_t> &lengths : Documents) {
      HybridCase c({2, T, 4, 2, 16, 40, 3, 0.25});
      c.setDocuments(lengths);
      check(c, "documents");
    }
}

TEST_P(HybridCpu, WindowsAndSinks) {
  for (int64_t W : {1, 5, 64, 100, 300})
    for (int64_t S : {0, 1, 4, 70}) {
      HybridCase c({1, 150, 2, 1, 8, W, S, 0.5});
      c.setDocuments({110, 40});
      check(c, "window");
    }
}

TEST_P(HybridCpu, WidthsAndGroups) {
  for (int64_t d : {8, 32, 40, 64, 80, 96, 128, 256})
    for (int64_t group : {1, 2, 3, 8}) {
      if (d > 96 && group > 2)
        continue;
      HybridCase c({1, d > 96 ? 70 : 100, group, 1, d, 32, 4, float(1 / std::sqrt(double(d)))});
      check(c, "width");
    }
}

TEST_P(HybridCpu, ContinuesAState) {
  for (int64_t pos : {1, 3, 39, 40, 41, 100, 1000})
    for (bool withDocuments : {false, true}) {
      HybridCase c({2, 90, 4, 2, 16, 40, 4, 0.25});
      c.continueFrom(pos, 1.5f);
      if (withDocuments)
        c.setDocuments({20, 50});
      check(c, "state");
    }
  HybridCase empty({1, 70, 2, 1, 16, 40, 4, 0.25});
  empty.state.emplace(empty.shape); // NaN wherever nothing may be read
  check(empty, "empty state");
}

// Pieces of 5 and 6 blocks: documents within and over their borders, a state that reaches the second piece, or none.
TEST_P(HybridCpu, Pieces) {
  for (const std::vector<int64_t> &lengths : {std::vector<int64_t>{}, {1 << 20}, {100, 220, 1, 400}, {320, 330}})
    for (int64_t T : {511, 512, 700}) {
      HybridCase c({1, T, 1, 1, 16, 40, 3, 0.25}, 1, 1, 9); // gates that remember
      c.continueFrom(50);
      if (!lengths.empty())
        c.setDocuments(lengths);
      check(c, "pieces");
    }
  HybridCase rows({2, 600, 1, 1, 8, 70, 0, 0.25}, 1, 10, -1); // gates that forget
  check(rows, "pieces of two rows");
}

TEST_P(HybridCpu, Gates) {
  for (auto [gate, forget] : {std::pair(50.0f, 0.0f), std::pair(1.0f, 9.0f), std::pair(10.0f, -20.0f)}) {
    HybridCase c({1, 150, 2, 1, 16, 32, 2, 0.25}, 1, gate, forget);
    c.setDocuments({100, 50});
    check(c, "gates");
  }
  for (float i : {50.0f, -50.0f})
    for (float f : {50.0f, -50.0f}) {
      HybridCase c({1, 130, 2, 1, 16, 32, 2, 0.25});
      std::fill(c.i.begin(), c.i.end(), i), std::fill(c.f.begin(), c.f.end(), f);
      check(c, "constant gates");
    }
}

TEST_P(HybridCpu, EqualKeys) {
  HybridCase c({1, 150, 2, 1, 32, 32, 2, 0.25});
  std::fill(c.k.begin(), c.k.end(), 0.5f);
  check(c, "equal keys");
}

// What one document holds moves no bit of the next.
TEST_P(HybridCpu, DocumentsAreApart) {
  HybridCase c({1, 150, 2, 1, 16, 32, 4, 0.25});
  c.setDocuments({71, 79});
  HybridRun first(c);
  first.forward(), first.backward();
  HybridCase other(c.shape, 77);
  auto spoil = [&](Floats &x, const Floats &from, int64_t width) { std::copy_n(from.begin(), 71 * width, x.begin()); };
  spoil(c.q, other.q, 32), spoil(c.k, other.k, 16), spoil(c.v, other.v, 16);
  spoil(c.i, other.i, 2), spoil(c.f, other.f, 2), spoil(c.o, other.o, 2);
  HybridRun second(c);
  second.forward(), second.backward();
  auto sameTail = [](const Floats &a, const Floats &b, int64_t width) {
    return std::equal(a.begin() + 71 * width, a.end(), b.begin() + 71 * width);
  };
  EXPECT_TRUE(sameTail(first.h, second.h, 32));
  EXPECT_TRUE(sameTail(first.gradients.q, second.gradients.q, 32));
  EXPECT_TRUE(sameTail(first.gradients.v, second.gradients.v, 16));
  EXPECT_TRUE(sameTail(first.gradients.f, second.gradients.f, 2));
}

// Threads take tasks in any order, yet every run gives the same bits.
TEST_P(HybridCpu, IsDeterministic) {
  HybridCase c({3, 100, 4, 2, 16, 32, 4, 0.25});
  HybridRun first(c), second(c);
  first.forward(), first.backward();
  second.forward(), second.backward();
  EXPECT_EQ(first.h, second.h);
  EXPECT_EQ(first.gradients.k, second.gradients.k);
  EXPECT_EQ(first.gradients.qMap, second.gradients.qMap);
}

// Prefill in pieces, then single tokens: the reference over the whole.
TEST_P(HybridCpu, DecodeContinuesPrefill) {
  for (auto [d, group] : {std::pair(8, 1), std::pair(40, 2), std::pair(64, 3), std::pair(128, 1)}) {
    HybridCase whole({2, 90, group, 1, d, 40, 4, 0.2});
    whole.state.emplace(whole.shape);
    HybridStates<double> want;
    Doubles h = HybridTruth(whole).forward(&want);
    HybridStates<float> state = *whole.state;
    Floats got(whole.q.size());
    int64_t from = 0;
    for (int64_t count : split(90, {30, 1, 1, 7, 1, 1, 1})) {
      HybridCase piece = tokensOf(whole, from, count);
      HybridRun run(piece);
      run.state = state;
      count == 1 ? run.decode() : run.forward();
      putTokens(got, run.h, 2, 90, group * d, from, count);
      state = run.state;
      from += count;
    }
    EXPECT_LT(headError(got, h, group, d), Tolerance);
    expectStates(state, want, whole.shape, Tolerance);
  }
}

TEST_P(HybridCpu, DecodeRotatesAndBegins) {
  for (int64_t d : {8, 64}) {
    HybridCase c({3, 1, 2, 1, d, 16, 4, 0.2});
    c.continueFrom(20);
    c.docs = {-1, 0, -1}; // the second begins a document
    Doubles frequencies = widen(randomFloats(d / 2, 9, 0, 1));
    std::vector<int64_t> turns(d / 2);
    std::transform(frequencies.begin(), frequencies.end(), turns.begin(), turnsOf);
    HybridTruth truth(c);
    HybridStates<double> want = *truth.state;
    Doubles h(c.q.size());
    reference::HybridState pointers = view(want);
    reference::hybridDecode(truth.shape, truth.inputs(), frequencies.data(), 1.25, pointers, h.data());
    HybridRun run(c);
    run.decode(turns.data(), 1.25f);
    EXPECT_LT(headError(run.h, h, 2, d), Tolerance);
    expectStates(run.state, want, c.shape, Tolerance);
  }
}

// Inputs are rounded first; what is left is the rounding of the outputs.
TEST_P(HybridCpu, Bfloat16) {
  for (int64_t d : {32, 64, 128}) {
    HybridCase c({1, 150, 2, 1, d, 40, 4, float(1 / std::sqrt(double(d)))});
    for (Floats *values : {&c.q, &c.k, &c.v, &c.qMap, &c.kMap, &c.dh})
      for (float &value : *values)
        value = std::bit_cast<float>(std::bit_cast<uint32_t>(value) & 0xffff0000);
    HybridTruth truth(c);
    HybridRun run(c, XLSTM_BF16);
    run.forward(), run.backward();
    EXPECT_LT(headError(run.h, truth.forward(), 2, d), 5e-3);
    expectGradients(run.gradients, truth.backward(), c.shape, 5e-3);
  }
}

// The ring may be narrower than the keys: its rounding alone tells the results apart.
TEST_P(HybridCpu, NarrowRings) {
  for (auto [type, tolerance] : {std::pair(XLSTM_BF16, 1e-2), std::pair(XLSTM_FP8_E4M3, 1e-1)}) {
    HybridCase c({1, 50, 2, 1, 16, 40, 4, 0.2});
    c.state.emplace(c.shape);
    Doubles h = HybridTruth(c).forward();
    HybridRun run(c, XLSTM_F32, type);
    run.forwardThenDecode(37);
    double error = headError(run.h, h, 2, 16);
    EXPECT_LT(error, tolerance);
    EXPECT_GT(error, tolerance * 1e-3);
  }
}

// Without anything kept, backward finds the window's output again.
TEST_P(HybridCpu, BackwardAlone) {
  HybridCase c({1, 100, 2, 1, 16, 40, 4, 0.25});
  HybridRun run(c);
  run.backward(false);
  expectGradients(run.gradients, HybridTruth(c).backward(), c.shape, Tolerance);
}
