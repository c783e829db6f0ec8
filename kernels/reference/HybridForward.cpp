//===- HybridForward.cpp - reference of the mixer, token by token -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/reference/Hybrid.h"

#include <algorithm>
#include <cmath>

namespace xlstm::reference {

int64_t documentBase(const HybridShape &shape, const HybridInputs &in, const HybridState *state, int64_t b, int64_t t) {
  if (in.docStart && in.docStart[b * shape.T + t] >= 0)
    return in.docStart[b * shape.T + t];
  return state ? -state->pos[b] : 0;
}

std::vector<KeyPlace> visibleKeys(const HybridShape &shape, int64_t base, int64_t t) {
  std::vector<KeyPlace> places;
  for (int64_t p = 0; p <= t - base; ++p) {
    bool inWindow = t - base - shape.W < p;
    if (!inWindow && p >= shape.S)
      continue;
    if (base + p >= 0)
      places.push_back({KeyPlace::Fresh, base + p});
    else if (inWindow)
      places.push_back({KeyPlace::Ring, p % shape.W});
    else
      places.push_back({KeyPlace::Sink, p});
  }
  return places;
}

std::vector<double> windowWeights(const HybridShape &shape, const double *q, const KeyArrays<const double> &k,
                                  const std::vector<KeyPlace> &places) {
  std::vector<double> weights;
  for (KeyPlace place : places) {
    double score = 0;
    for (int64_t c = 0; c < shape.d; ++c)
      score += q[c] * k.at(place)[c];
    weights.push_back(score * shape.scale);
  }
  double top = *std::max_element(weights.begin(), weights.end()), total = 0;
  for (double &weight : weights)
    total += weight = std::exp(weight - top);
  for (double &weight : weights)
    weight /= total;
  return weights;
}

double logSigmoid(double x) { return x < 0 ? x - std::log1p(std::exp(x)) : -std::log1p(std::exp(-x)); }

MemoryState::MemoryState(int64_t d) : S(d * d, 0.0), z(d, 0.0), m(-INFINITY) {}

MemoryState::MemoryState(const HybridShape &shape, const HybridState *state, int64_t b, int64_t head)
    : MemoryState(shape.d) {
  int64_t d = shape.d, n = b * shape.H + head;
  if (!state || state->m[n] == -INFINITY)
    return;
  m = state->m[n];
  S.assign(state->S + n * d * d, state->S + (n + 1) * d * d);
  z.assign(state->z + n * d, state->z + (n + 1) * d);
}

double MemoryState::step(const double *q, const double *k, const double *v, double i, double f, double *h) {
  double kept = logSigmoid(f) + m, denominator = 0;
  m = std::max(kept, i);
  double decay = std::exp(kept - m), weight = std::exp(i - m);
  int64_t d = z.size();
  std::fill(h, h + d, 0.0);
  for (int64_t a = 0; a < d; ++a) {
    z[a] = decay * z[a] + weight * k[a];
    denominator += q[a] * z[a];
    for (int64_t c = 0; c < d; ++c) {
      S[a * d + c] = decay * S[a * d + c] + weight * k[a] * v[c];
      h[c] += q[a] * S[a * d + c];
    }
  }
  for (int64_t c = 0; c < d; ++c)
    h[c] /= std::max(denominator, SmallestDenominator);
  return denominator;
}

/// The memory's output of every token; `state` receives the final S, z and m.
static void runMemory(const HybridShape &shape, const HybridInputs &in, const double *q, const double *k,
                      HybridState *state, double *h) {
  int64_t d = shape.d;
  for (int64_t b = 0; b < shape.B; ++b)
    for (int64_t head = 0; head < shape.H; ++head) {
      MemoryState memory(shape, state, b, head);
      for (int64_t t = 0; t < shape.T; ++t) {
        if (documentBase(shape, in, state, b, t) == t)
          memory = MemoryState(d);
        int64_t at = (b * shape.T + t) * shape.H + head;
        const double *v = keyArrays<const double>(shape, in.v, nullptr, nullptr, b, head).at({KeyPlace::Fresh, t});
        memory.step(q + at * d, k + at * d, v, in.i[at], in.f[at], h + at * d);
      }
      if (!state)
        continue;
      int64_t n = b * shape.H + head;
      std::copy(memory.S.begin(), memory.S.end(), state->S + n * d * d);
      std::copy(memory.z.begin(), memory.z.end(), state->z + n * d);
      state->m[n] = memory.m;
    }
}

static void runWindow(const HybridShape &shape, const HybridInputs &in, const HybridState *state, double *h) {
  HybridState none{};
  const HybridState &from = state ? *state : none;
  int64_t d = shape.d;
  for (int64_t b = 0; b < shape.B; ++b)
    for (int64_t head = 0; head < shape.H; ++head) {
      auto k = keyArrays<const double>(shape, in.k, from.ringK, from.sinkK, b, head);
      auto v = keyArrays<const double>(shape, in.v, from.ringV, from.sinkV, b, head);
      for (int64_t t = 0; t < shape.T; ++t) {
        int64_t at = ((b * shape.T + t) * shape.H + head) * d;
        std::vector<KeyPlace> places = visibleKeys(shape, documentBase(shape, in, state, b, t), t);
        std::vector<double> weights = windowWeights(shape, in.q + at, k, places);
        std::fill(h + at, h + at + d, 0.0);
        for (size_t n = 0; n < places.size(); ++n)
          for (int64_t c = 0; c < d; ++c)
            h[at + c] += weights[n] * v.at(places[n])[c];
      }
    }
}

/// The keys and values of the last document, and its length.
static void remember(const HybridShape &shape, const HybridInputs &in, HybridState &state) {
  int64_t width = shape.Hkv * shape.d;
  for (int64_t b = 0; b < shape.B; ++b) {
    int64_t base = documentBase(shape, in, &state, b, shape.T - 1);
    for (int64_t t = std::max<int64_t>(base, 0); t < shape.T; ++t) {
      int64_t p = t - base, from = (b * shape.T + t) * width, slot = (b * shape.W + p % shape.W) * width;
      std::copy_n(in.k + from, width, state.ringK + slot);
      std::copy_n(in.v + from, width, state.ringV + slot);
      if (p >= shape.S)
        continue;
      std::copy_n(in.k + from, width, state.sinkK + (b * shape.S + p) * width);
      std::copy_n(in.v + from, width, state.sinkV + (b * shape.S + p) * width);
    }
    state.pos[b] = shape.T - base;
  }
}

void hybridForward(const HybridShape &shape, const HybridInputs &in, HybridState *state, double *h) {
  int64_t tokens = shape.B * shape.T, size = tokens * shape.H * shape.d;
  std::vector<double> q(size), k(size), memory(size), window(size);
  featureMapSoftmax(in.q, in.qMap, q.data(), shape.B, shape.T, shape.H, shape.H, shape.d, shape.d);
  featureMapSoftmax(in.k, in.kMap, k.data(), shape.B, shape.T, shape.Hkv, shape.H, shape.d, shape.d);
  runWindow(shape, in, state, window.data());
  runMemory(shape, in, q.data(), k.data(), state, memory.data());
  mix(in.o, memory.data(), window.data(), h, tokens * shape.H, shape.d);
  if (state)
    remember(shape, in, *state);
}

} // namespace xlstm::reference
