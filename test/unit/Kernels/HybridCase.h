//===- HybridCase.h - inputs of the hybrid mixer and their float64 truth --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TEST_UNIT_KERNELS_HYBRIDCASE_H
#define XLSTM_TEST_UNIT_KERNELS_HYBRIDCASE_H

#include "KernelTest.h"

#include "xlstm/Kernels/Hybrid.h"

#include <optional>

namespace xlstm::test {

/// Arrays of Hybrid.h's state in either precision.
template <typename T>
struct HybridStates {
  std::vector<T> S, z, m, ringK, ringV, sinkK, sinkV;
  std::vector<int32_t> pos;

  HybridStates() = default;
  /// Empty states; NaN wherever nothing may be read.
  explicit HybridStates(const reference::HybridShape &s)
      : S(s.B * s.H * s.d * s.d, NAN), z(s.B * s.H * s.d, NAN), m(s.B * s.H, -INFINITY),
        ringK(s.B * s.W * s.Hkv * s.d, NAN), ringV(ringK), sinkK(s.B * s.S * s.Hkv * s.d, NAN), sinkV(sinkK),
        pos(s.B, 0) {}
  template <typename Other>
  explicit HybridStates(const HybridStates<Other> &from)
      : S(from.S.begin(), from.S.end()), z(from.z.begin(), from.z.end()), m(from.m.begin(), from.m.end()),
        ringK(from.ringK.begin(), from.ringK.end()), ringV(from.ringV.begin(), from.ringV.end()),
        sinkK(from.sinkK.begin(), from.sinkK.end()), sinkV(from.sinkV.begin(), from.sinkV.end()), pos(from.pos) {}
};

inline reference::HybridState view(HybridStates<double> &s) {
  return {s.S.data(),     s.z.data(),     s.m.data(),     s.ringK.data(),
          s.ringV.data(), s.sinkK.data(), s.sinkV.data(), s.pos.data()};
}
inline xlstm_hybrid_state view(HybridStates<float> &s) {
  return {s.S.data(),     s.z.data(),     s.m.data(),     s.ringK.data(),
          s.ringV.data(), s.sinkK.data(), s.sinkV.data(), s.pos.data()};
}

/// Every gradient, in either precision.
template <typename T>
struct HybridGradientArrays {
  std::vector<T> q, k, v, i, f, o, qMap, kMap, S, z, m, ringK, ringV, sinkK, sinkV;

  explicit HybridGradientArrays(const reference::HybridShape &s)
      : q(s.B * s.T * s.H * s.d, NAN), k(s.B * s.T * s.Hkv * s.d, NAN), v(k), i(s.B * s.T * s.H, NAN), f(i), o(i),
        qMap(s.H * s.d * s.d, NAN), kMap(qMap), S(s.B * s.H * s.d * s.d, NAN), z(s.B * s.H * s.d, NAN),
        m(s.B * s.H, NAN), ringK(s.B * s.W * s.Hkv * s.d, NAN), ringV(ringK), sinkK(s.B * s.S * s.Hkv * s.d, NAN),
        sinkV(sinkK) {}
};

/// One random problem. Values are small enough that softmax features and scores stay apart from one-hot.
struct HybridCase {
  reference::HybridShape shape;
  Floats q, k, v, i, f, o, qMap, kMap, dh, dS, dz;
  std::vector<int32_t> docs;                // empty: null
  std::optional<HybridStates<float>> state; // absent: null

  /// Gates in [-gate, gate], the forget gates around `forget`.
  explicit HybridCase(const reference::HybridShape &s, uint32_t seed = 1, float gate = 2, float forget = 3)
      : shape(s), q(randomFloats(s.B * s.T * s.H * s.d, seed, -1, 1)),
        k(randomFloats(s.B * s.T * s.Hkv * s.d, seed + 1, -1, 1)), v(randomFloats(s.B * s.T * s.Hkv * s.d, seed + 2)),
        i(randomFloats(s.B * s.T * s.H, seed + 3, -gate, gate)),
        f(randomFloats(s.B * s.T * s.H, seed + 4, forget - gate, forget + gate)),
        o(randomFloats(s.B * s.T * s.H, seed + 5, -gate, gate)), dh(randomFloats(q.size(), seed + 8)) {
    float most = 3 / std::sqrt(float(s.d));
    qMap = randomFloats(s.H * s.d * s.d, seed + 6, -most, most);
    kMap = randomFloats(s.H * s.d * s.d, seed + 7, -most, most);
  }

  /// Documents of the given lengths in every row, the first continuing the state's if there is one.
  void setDocuments(const std::vector<int64_t> &lengths) {
    docs.clear();
    for (int64_t b = 0; b < shape.B; ++b) {
      int64_t start = 0, row = docs.size();
      for (int64_t length : split(shape.T, lengths)) {
        docs.insert(docs.end(), length, start == 0 && state ? -1 - int32_t(b) : int32_t(start));
        start = docs.size() - row;
      }
    }
  }

  /// The state after random text: row b has `pos` + b tokens of its document behind it. Its gradient as well.
  void continueFrom(int64_t pos, float frame = 0) {
    HybridStates<float> s(shape);
    for (float &m : s.m)
      m = frame;
    s.S = randomFloats(s.S.size(), 21, 0, 1), s.z = randomFloats(s.z.size(), 22, 0.5, 1);
    int64_t width = shape.Hkv * shape.d;
    for (int64_t b = 0; b < shape.B; ++b) {
      s.pos[b] = pos + b;
      for (auto [ring, sinks] : {std::pair(&s.ringK, &s.sinkK), std::pair(&s.ringV, &s.sinkV)}) {
        Floats keys = randomFloats(s.pos[b] * width, ring == &s.ringK ? 23 : 24, -1, 1);
        for (int64_t p = 0; p < s.pos[b]; ++p) {
          auto key = keys.begin() + p * width;
          std::copy_n(key, width, ring->begin() + (b * shape.W + p % shape.W) * width);
          if (p < shape.S)
            std::copy_n(key, width, sinks->begin() + (b * shape.S + p) * width);
        }
      }
    }
    state = s;
    dS = randomFloats(s.S.size(), 25, -0.1, 0.1), dz = randomFloats(s.z.size(), 26, -0.1, 0.1);
  }
};

/// Tokens [from, from + count) of a case, its documents counted from there.
inline HybridCase tokensOf(const HybridCase &whole, int64_t from, int64_t count) {
  const reference::HybridShape &s = whole.shape;
  HybridCase piece = whole;
  auto cut = [&](const Floats &all, int64_t width) { return tokens(all, s.B, s.T, width, from, count); };
  piece.shape.T = count;
  piece.q = cut(whole.q, s.H * s.d), piece.k = cut(whole.k, s.Hkv * s.d), piece.v = cut(whole.v, s.Hkv * s.d);
  piece.i = cut(whole.i, s.H), piece.f = cut(whole.f, s.H), piece.o = cut(whole.o, s.H);
  piece.dh = cut(whole.dh, s.H * s.d);
  piece.docs.clear();
  for (int64_t b = 0; b < s.B && !whole.docs.empty(); ++b)
    for (int64_t t = from; t < from + count; ++t)
      piece.docs.push_back(whole.docs[b * s.T + t] - from);
  return piece;
}

/// A case widened to float64, with the reference's results.
struct HybridTruth {
  reference::HybridShape shape;
  Doubles q, k, v, i, f, o, qMap, kMap, dh, dS, dz;
  std::vector<int32_t> docs;
  std::optional<HybridStates<double>> state;

  explicit HybridTruth(const HybridCase &c)
      : shape(c.shape), q(widen(c.q)), k(widen(c.k)), v(widen(c.v)), i(widen(c.i)), f(widen(c.f)), o(widen(c.o)),
        qMap(widen(c.qMap)), kMap(widen(c.kMap)), dh(widen(c.dh)), dS(widen(c.dS)), dz(widen(c.dz)), docs(c.docs) {
    if (c.state)
      state.emplace(*c.state);
  }

  reference::HybridInputs inputs() const {
    return {q.data(),    k.data(),    v.data(),
            i.data(),    f.data(),    o.data(),
            qMap.data(), kMap.data(), docs.empty() ? nullptr : docs.data()};
  }

  /// h; `final` receives the state.
  Doubles forward(HybridStates<double> *final = nullptr) const {
    Doubles h(q.size());
    if (!state) {
      reference::hybridForward(shape, inputs(), nullptr, h.data());
      return h;
    }
    HybridStates<double> after = *state;
    reference::HybridState pointers = view(after);
    reference::hybridForward(shape, inputs(), &pointers, h.data());
    if (final)
      *final = after;
    return h;
  }

  HybridGradientArrays<double> backward() {
    HybridGradientArrays<double> g(shape);
    reference::HybridGradients out = {g.q.data(), g.k.data(),     g.v.data(),     g.i.data(),     g.f.data(),
                                      g.o.data(), g.qMap.data(),  g.kMap.data(),  g.S.data(),     g.z.data(),
                                      g.m.data(), g.ringK.data(), g.ringV.data(), g.sinkK.data(), g.sinkV.data()};
    reference::HybridState initial{}, dState{};
    if (state)
      initial = view(*state);
    dState.S = dS.data(), dState.z = dz.data();
    reference::hybridBackward(shape, inputs(), state ? &initial : nullptr, dh.data(), dS.empty() ? nullptr : &dState,
                              out);
    return g;
  }
};

} // namespace xlstm::test

#endif // XLSTM_TEST_UNIT_KERNELS_HYBRIDCASE_H
