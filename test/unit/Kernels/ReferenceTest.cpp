//===- ReferenceTest.cpp - the reference against simpler formulas ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelTest.h"

#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

static Doubles randomDoubles(int64_t count, uint32_t seed, float low = -1, float high = 1) {
  return widen(randomFloats(count, seed, low, high));
}

static void expectNear(const Doubles &got, const Doubles &want, double tolerance = 1e-12) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t n = 0; n < got.size(); ++n)
    ASSERT_NEAR(got[n], want[n], tolerance) << n;
}

// h_t = sum over s <= t of exp(i_s) f_{s+1} .. f_t (q_t . k_s) v_s, over the same sum without v.
TEST(Reference, MlstmIsTheDoubleSum) {
  int64_t T = 40, m = 5, dv = 3;
  Doubles q = randomDoubles(T * m, 1, 0, 1), k = randomDoubles(T * m, 2, 0, 1), v = randomDoubles(T * dv, 3);
  Doubles i = randomDoubles(T, 4, -2, 2), f = randomDoubles(T, 5, -1, 4), h(T * dv), want(T * dv);
  reference::mlstm(q.data(), k.data(), v.data(), i.data(), f.data(), oneDocument(1, T).data(), h.data(), 1, T, 1, 1, m,
                   dv);
  for (int64_t t = 0; t < T; ++t) {
    double below = 0;
    for (int64_t s = 0; s <= t; ++s) {
      double weight = 0;
      for (int64_t a = 0; a < m; ++a)
        weight += q[t * m + a] * k[s * m + a];
      weight *= std::exp(i[s]);
      for (int64_t r = s + 1; r <= t; ++r)
        weight /= 1 + std::exp(-f[r]);
      below += weight;
      for (int64_t c = 0; c < dv; ++c)
        want[t * dv + c] += weight * v[s * dv + c];
    }
    for (int64_t c = 0; c < dv; ++c)
      want[t * dv + c] /= below;
  }
  expectNear(h, want);
}

// Without gates and with equal features it is the mean of the values so far.
TEST(Reference, MlstmWithoutGatesIsARunningMean) {
  int64_t T = 9;
  Doubles ones(T, 1.0), v = randomDoubles(T, 1), h(T), want(T);
  reference::mlstm(ones.data(), ones.data(), v.data(), nullptr, nullptr, oneDocument(1, T).data(), h.data(), 1, T, 1, 1,
                   1, 1);
  double total = 0;
  for (int64_t t = 0; t < T; ++t)
    want[t] = (total += v[t]) / double(t + 1);
  expectNear(h, want);
}

TEST(Reference, MlstmExtremeGatesAreFinite) {
  int64_t T = 30;
  Doubles q = randomDoubles(T * 4, 1, 0, 1), v = randomDoubles(T * 4, 2), h(T * 4);
  for (double i : {50.0, -50.0, 1e4, -1e4})
    for (double f : {50.0, -50.0, 1e4, -1e4}) {
      Doubles in(T, i), forget(T, f);
      reference::mlstm(q.data(), q.data(), v.data(), in.data(), forget.data(), oneDocument(1, T).data(), h.data(), 1, T,
                       1, 1, 4, 4);
      for (double value : h)
        ASSERT_TRUE(std::isfinite(value)) << i << " " << f;
    }
}

namespace {

/// One row of attention inputs with two query heads on one key head.
struct Row {
  int64_t T, d = 4;
  Doubles q, k, v;

  explicit Row(int64_t T)
      : T(T), q(randomDoubles(T * 8, 1, -2, 2)), k(randomDoubles(T * 4, 2)), v(randomDoubles(T * 4, 3)) {}

  Doubles attend(int64_t window, int64_t sinks, std::vector<int32_t> docStart = {}) const {
    docStart.resize(T);
    Doubles h(T * 8);
    reference::attention(q.data(), k.data(), v.data(), docStart.data(), h.data(), 1, T, 2, 1, d, d, 0.5, window, sinks);
    return h;
  }
};

} // namespace

TEST(Reference, AttentionWithoutWindowIsCausalSoftmax) {
  Row row(12);
  Doubles want;
  for (int64_t t = 0; t < row.T; ++t)
    for (int64_t head = 0; head < 2; ++head) {
      double below = 0, above[4] = {};
      for (int64_t j = 0; j <= t; ++j) {
        double score = 0;
        for (int64_t c = 0; c < 4; ++c)
          score += row.q[(t * 2 + head) * 4 + c] * row.k[j * 4 + c];
        below += std::exp(0.5 * score);
        for (int64_t c = 0; c < 4; ++c)
          above[c] += std::exp(0.5 * score) * row.v[j * 4 + c];
      }
      for (double value : above)
        want.push_back(value / below);
    }
  expectNear(row.attend(-1, 0), want);
  expectNear(row.attend(12, 0), want);
  expectNear(row.attend(100, 0), want);
}

TEST(Reference, SinksInsideTheWindowCountOnce) {
  Row row(12);
  EXPECT_EQ(row.attend(12, 4), row.attend(12, 0));
  Doubles some = row.attend(3, 4), all = row.attend(-1, 0);
  // With four sinks and a window of three, the first seven tokens see everything, the next do not.
  EXPECT_TRUE(std::equal(some.begin(), some.begin() + 7 * 8, all.begin()));
  EXPECT_NE(some[7 * 8], all[7 * 8]);
}

TEST(Reference, WindowOfOneIsTheValueItself) {
  Row row(6);
  Doubles h = row.attend(1, 0);
  for (int64_t n = 0; n < row.T * 8; ++n)
    EXPECT_DOUBLE_EQ(h[n], row.v[n / 8 * 4 + n % 4]);
}

// Two documents in a row give what each gives alone, to the last bit.
TEST(Reference, DocumentsDoNotSeeEachOther) {
  Row both(20);
  std::vector<int32_t> docStart(20);
  std::fill(docStart.begin() + 7, docStart.end(), 7);
  Row second(13), first(7);
  second.q.assign(both.q.begin() + 7 * 8, both.q.end());
  second.k.assign(both.k.begin() + 7 * 4, both.k.end());
  second.v.assign(both.v.begin() + 7 * 4, both.v.end());
  first.q = both.q, first.k = both.k, first.v = both.v;
  Doubles want = first.attend(5, 2), rest = second.attend(5, 2);
  want.insert(want.end(), rest.begin(), rest.end());
  EXPECT_EQ(both.attend(5, 2, docStart), want);

  auto memory = [](const Row &row, const Doubles &gates, const std::vector<int32_t> &starts) {
    Doubles h(row.T * 4);
    reference::mlstm(row.k.data(), row.k.data(), row.v.data(), gates.data(), gates.data(), starts.data(), h.data(), 1,
                     row.T, 1, 1, 4, 4);
    return h;
  };
  for (Row *row : {&both, &first, &second})
    for (double &value : row->k)
      value = std::abs(value);
  Doubles gates = randomDoubles(20, 4, -3, 3);
  want = memory(first, gates, oneDocument(1, 7));
  rest = memory(second, Doubles(gates.begin() + 7, gates.end()), oneDocument(1, 13));
  want.insert(want.end(), rest.begin(), rest.end());
  EXPECT_EQ(memory(both, gates, docStart), want);
}

TEST(Reference, RopeKeepsLengthsAndSeesDistancesOnly) {
  Doubles x = randomDoubles(8, 1), y = randomDoubles(8, 2), frequencies = {1, 0.5, 0.25, 0.125};
  auto turned = [&](const Doubles &from, int32_t position) {
    Doubles to(8);
    reference::rope(from.data(), &position, frequencies.data(), 1, to.data(), 1, 1, 1, 8);
    return to;
  };
  auto product = [](const Doubles &a, const Doubles &b) {
    double total = 0;
    for (size_t c = 0; c < a.size(); ++c)
      total += a[c] * b[c];
    return total;
  };
  EXPECT_EQ(turned(x, 0), x);
  EXPECT_NEAR(product(turned(x, 9), turned(x, 9)), product(x, x), 1e-12);
  EXPECT_NEAR(product(turned(x, 9), turned(y, 4)), product(turned(x, 105), turned(y, 100)), 1e-12);
}

TEST(Reference, NormFeaturesAndGate) {
  Doubles x = randomDoubles(10, 1), ones(10, 1.0), y(10);
  reference::rmsNorm(x.data(), ones.data(), y.data(), 1, 10, 0);
  double squares = 0, total = 0;
  for (double value : y)
    squares += value * value;
  EXPECT_NEAR(squares, 10, 1e-12);

  Doubles w = randomDoubles(3 * 10, 2), features(3), logits(3);
  reference::featureMapSoftmax(x.data(), w.data(), features.data(), 1, 1, 1, 1, 10, 3);
  for (double value : features)
    total += value;
  EXPECT_NEAR(total, 1, 1e-12);
  reference::linear(x.data(), w.data(), nullptr, logits.data(), 1, 10, 3);
  EXPECT_NEAR(std::log(features[0] / features[1]), logits[0] - logits[1], 1e-12);
  reference::featureMapElu(x.data(), w.data(), features.data(), 1, 1, 1, 1, 10, 3);
  for (int a = 0; a < 3; ++a)
    EXPECT_NEAR(features[a], logits[a] > 0 ? 1 + logits[a] : std::exp(logits[a]), 1e-12);

  double bias = 0.5, gate, want; // with one head it is a linear map of the three parts put together
  reference::outputGate(x.data(), x.data() + 3, x.data() + 6, w.data(), &bias, &gate, 1, 1, 1, 1, 3);
  reference::linear(x.data(), w.data(), &bias, &want, 1, 9, 1);
  EXPECT_NEAR(gate, want, 1e-12);
}

TEST(Reference, MixAndSwiglu) {
  double gate[] = {0, std::log(3.0)}, memory[] = {4, 4}, window[] = {8, 8}, y[2];
  reference::mix(gate, memory, window, y, 2, 1);
  EXPECT_DOUBLE_EQ(y[0], 6);
  EXPECT_DOUBLE_EQ(y[1], 5);
  reference::swiglu(gate, memory, y, 2);
  EXPECT_DOUBLE_EQ(y[0], 0);
  EXPECT_DOUBLE_EQ(y[1], 0.75 * std::log(3.0) * 4);
}
