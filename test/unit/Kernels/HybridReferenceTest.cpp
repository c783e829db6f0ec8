//===- HybridReferenceTest.cpp - the mixer's float64 reference -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Forward against the references of its parts, pieces against the whole, backward against central differences.

#include "HybridCase.h"

#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

static double difference(const Doubles &got, const Doubles &want) {
  double worst = got.size() == want.size() ? 0 : INFINITY;
  for (size_t n = 0; n < want.size(); ++n)
    worst = std::max(worst, got[n] == want[n] ? 0 : std::abs(got[n] - want[n]));
  return worst;
}

TEST(HybridReference, IsTheCompositionOfItsParts) {
  HybridCase c({2, 23, 4, 2, 8, 5, 2, 0.3});
  c.setDocuments({7, 1, 9, 6});
  HybridTruth truth(c);
  const reference::HybridShape &s = truth.shape;
  Doubles q(c.q.size()), k(q), memory(q), window(q), want(q);
  reference::featureMapSoftmax(truth.q.data(), truth.qMap.data(), q.data(), s.B, s.T, s.H, s.H, s.d, s.d);
  reference::featureMapSoftmax(truth.k.data(), truth.kMap.data(), k.data(), s.B, s.T, s.Hkv, s.H, s.d, s.d);
  reference::mlstm(q.data(), k.data(), truth.v.data(), truth.i.data(), truth.f.data(), c.docs.data(), memory.data(),
                   s.B, s.T, s.H, s.Hkv, s.d, s.d);
  reference::attention(truth.q.data(), truth.k.data(), truth.v.data(), c.docs.data(), window.data(), s.B, s.T, s.H,
                       s.Hkv, s.d, s.d, s.scale, s.W, s.S);
  reference::mix(truth.o.data(), memory.data(), window.data(), want.data(), s.B * s.T * s.H, s.d);
  EXPECT_LT(difference(truth.forward(), want), 1e-15);
}

/// Runs the case in pieces of the given lengths from an empty state.
static Doubles inPieces(const HybridCase &whole, const std::vector<int64_t> &pattern) {
  const reference::HybridShape &s = whole.shape;
  HybridStates<double> state(s);
  Doubles h(whole.q.size());
  int64_t from = 0;
  for (int64_t count : split(s.T, pattern)) {
    HybridCase piece = tokensOf(whole, from, count);
    HybridTruth truth(piece);
    truth.state = state;
    Doubles part = truth.forward(&state);
    for (int64_t b = 0; b < s.B; ++b)
      std::copy_n(part.begin() + b * count * s.H * s.d, count * s.H * s.d, h.begin() + (b * s.T + from) * s.H * s.d);
    from += count;
  }
  return h;
}

TEST(HybridReference, PiecesAreTheWhole) {
  HybridCase c({2, 40, 2, 1, 8, 6, 3, 0.3});
  for (const std::vector<int64_t> &documents : {std::vector<int64_t>{40}, {1, 2, 17, 20}, {20, 3}}) {
    c.setDocuments(documents);
    for (const std::vector<int64_t> &pattern : {std::vector<int64_t>{1}, {7, 2}, {39}, {3, 11}})
      EXPECT_LT(difference(inPieces(c, pattern), HybridTruth(c).forward()), 1e-13);
  }
}

/// The scalar whose gradients hybridBackward gives.
static double loss(const HybridTruth &truth, const Doubles &frame) {
  HybridStates<double> after;
  Doubles h = truth.forward(&after);
  double total = 0;
  for (size_t n = 0; n < h.size(); ++n)
    total += h[n] * truth.dh[n];
  int64_t d = truth.shape.d;
  for (size_t n = 0; n < after.S.size(); ++n)
    total += after.S[n] * truth.dS[n] * std::exp(after.m[n / (d * d)] - frame[n / (d * d)]);
  for (size_t n = 0; n < after.z.size(); ++n)
    total += after.z[n] * truth.dz[n] * std::exp(after.m[n / d] - frame[n / d]);
  return total;
}

static void checkGradients(const HybridCase &c) {
  HybridTruth truth(c);
  HybridGradientArrays<double> g = truth.backward();
  HybridStates<double> after;
  truth.forward(&after);
  auto check = [&](const char *name, Doubles &values, const Doubles &gradient) {
    for (size_t n = 0; n < values.size(); ++n) {
      if (std::isnan(values[n])) { // a slot that holds nothing
        EXPECT_EQ(gradient[n], 0) << name << " " << n;
        continue;
      }
      double kept = values[n], step = 1e-5;
      values[n] = kept + step;
      double above = loss(truth, after.m);
      values[n] = kept - step;
      double slope = (above - loss(truth, after.m)) / (2 * step);
      values[n] = kept;
      EXPECT_NEAR(gradient[n], slope, 1e-8 * (1 + std::abs(slope))) << name << " " << n;
    }
  };
  check("q", truth.q, g.q), check("k", truth.k, g.k), check("v", truth.v, g.v);
  check("i", truth.i, g.i), check("f", truth.f, g.f), check("o", truth.o, g.o);
  check("qMap", truth.qMap, g.qMap), check("kMap", truth.kMap, g.kMap);
  if (!truth.state)
    return;
  HybridStates<double> &s = *truth.state;
  check("S", s.S, g.S), check("z", s.z, g.z), check("m", s.m, g.m);
  check("ringK", s.ringK, g.ringK), check("ringV", s.ringV, g.ringV);
  check("sinkK", s.sinkK, g.sinkK), check("sinkV", s.sinkV, g.sinkV);
}

TEST(HybridReference, GradientsAreCentralDifferences) {
  HybridCase c({2, 7, 2, 1, 4, 3, 2, 0.5});
  c.setDocuments({4, 1, 2});
  checkGradients(c);
  c.docs.clear();
  checkGradients(c);
  for (int64_t pos : {1, 4, 9}) {
    c.continueFrom(pos, 0.7f);
    c.docs.clear();
    checkGradients(c);
    c.setDocuments({3, 4});
    checkGradients(c);
  }
}

TEST(HybridReference, DecodeRotatesAndContinues) {
  HybridCase c({2, 1, 2, 1, 4, 3, 2, 0.5});
  c.continueFrom(5);
  HybridTruth truth(c);
  Doubles frequencies = {1, 0.1}, h(c.q.size());
  HybridStates<double> state = *truth.state;
  reference::HybridState pointers = view(state);
  reference::hybridDecode(truth.shape, truth.inputs(), frequencies.data(), 1.5, pointers, h.data());
  for (int64_t b = 0; b < 2; ++b)
    for (auto [x, heads] : {std::pair(&truth.q, 2), std::pair(&truth.k, 1)})
      for (int64_t row = b * heads * 4; row < (b + 1) * heads * 4; row += 4)
        for (int64_t n = 0; n < 2; ++n) {
          double angle = (5 + b) * frequencies[n], low = (*x)[row + n], high = (*x)[row + n + 2];
          (*x)[row + n] = 1.5 * (low * std::cos(angle) - high * std::sin(angle));
          (*x)[row + n + 2] = 1.5 * (high * std::cos(angle) + low * std::sin(angle));
        }
  HybridStates<double> want;
  EXPECT_LT(difference(h, truth.forward(&want)), 1e-14);
  EXPECT_LT(difference(state.S, want.S), 1e-14);
  EXPECT_EQ(state.pos, (std::vector<int32_t>{6, 7}));
}
