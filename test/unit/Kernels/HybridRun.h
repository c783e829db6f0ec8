//===- HybridRun.h - calls of the CPU mixer, and what they should give ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TEST_UNIT_KERNELS_HYBRIDRUN_H
#define XLSTM_TEST_UNIT_KERNELS_HYBRIDRUN_H

#include "HybridCase.h"

#include "kernels/common/Isa.h"

#include <gtest/gtest.h>

namespace xlstm::test {

/// Values in the type that a call stores them in.
class StoredValues {
public:
  StoredValues(const Floats &values, xlstm_dtype type) : floats(values), type(type) {
    for (float value : type == XLSTM_BF16 ? values : Floats())
      halves.push_back(std::bit_cast<uint32_t>(value) >> 16);
  }
  void *data() { return type == XLSTM_BF16 ? static_cast<void *>(halves.data()) : floats.data(); }
  Floats values() const {
    Floats result = floats;
    for (size_t n = 0; n < halves.size(); ++n)
      result[n] = std::bit_cast<float>(uint32_t(halves[n]) << 16);
    return result;
  }

private:
  Floats floats;
  std::vector<uint16_t> halves;
  xlstm_dtype type;
};

/// One case, outputs poisoned. With narrow rings the state's ring and sinks must start empty.
struct HybridRun {
  const HybridCase &c;
  xlstm_hybrid_shape shape;
  HybridStates<float> state; // c's at first
  std::vector<char> rings[4];
  StoredValues q, k, v, qMap, kMap, dh;
  Floats h, lse, max, denominator;
  StoredValues window;
  HybridGradientArrays<float> gradients;

  explicit HybridRun(const HybridCase &c, xlstm_dtype type = XLSTM_F32, xlstm_dtype ringType = XLSTM_F32)
      : c(c), shape{c.shape.B, c.shape.T, c.shape.H, c.shape.Hkv, c.shape.d, c.shape.W, c.shape.S, float(c.shape.scale),
                    type,      ringType,  1},
        q(c.q, type), k(c.k, type), v(c.v, type), qMap(c.qMap, type), kMap(c.kMap, type), dh(c.dh, type),
        h(c.q.size(), NAN), lse(c.i.size(), NAN), max(lse), denominator(lse), window(h, type), gradients(c.shape) {
    if (c.state)
      state = *c.state;
    for (std::vector<char> &ring : rings)
      ring.assign(4 * std::max(state.ringK.size(), state.sinkK.size()), char(0xff));
  }

  /// Tokens from `from` on.
  xlstm_hybrid_inputs inputs(int64_t from = 0) {
    auto rows = [&](StoredValues &values, int64_t width) {
      return static_cast<char *>(values.data()) + from * width * (shape.type == XLSTM_F32 ? 4 : 2);
    };
    return {rows(q, shape.H * shape.d),
            rows(k, shape.Hkv * shape.d),
            rows(v, shape.Hkv * shape.d),
            c.i.data() + from * shape.H,
            c.f.data() + from * shape.H,
            c.o.data() + from * shape.H,
            qMap.data(),
            kMap.data(),
            c.docs.empty() ? nullptr : c.docs.data()};
  }
  xlstm_hybrid_state states() {
    xlstm_hybrid_state pointers = view(state);
    if (shape.ring_type != XLSTM_F32) {
      pointers.ring_k = rings[0].data(), pointers.ring_v = rings[1].data();
      pointers.sink_k = rings[2].data(), pointers.sink_v = rings[3].data();
    }
    return pointers;
  }
  xlstm_hybrid_saved saved() { return {lse.data(), max.data(), denominator.data(), window.data()}; }

  void forward() {
    std::vector<char> workspace(xlstm_cpu_hybrid_forward_workspace(&shape), char(0xff));
    xlstm_hybrid_inputs in = inputs();
    xlstm_hybrid_state after = states();
    xlstm_hybrid_saved keep = saved();
    StoredValues out(h, shape.type);
    xlstm_cpu_hybrid_forward(&shape, &in, c.state ? &after : nullptr, out.data(), &keep, workspace.data());
    h = out.values();
  }

  /// The token `from` of a case of one row, float32.
  void decode(const int64_t *turns = nullptr, float ropeFactor = 1, int64_t from = 0) {
    xlstm_hybrid_inputs in = inputs(from);
    xlstm_hybrid_state after = states();
    shape.T = 1;
    xlstm_cpu_hybrid_decode(&shape, &in, turns, ropeFactor, &after, h.data() + from * shape.H * shape.d);
  }

  /// The first tokens in one piece, the rest one by one.
  void forwardThenDecode(int64_t first) {
    int64_t T = shape.T;
    shape.T = first;
    forward();
    for (int64_t t = first; t < T; ++t)
      decode(nullptr, 1, t);
  }

  /// With what forward kept, or, without `kept`, from nothing.
  void backward(bool kept = true) {
    std::vector<char> workspace(xlstm_cpu_hybrid_backward_workspace(&shape), char(0xff));
    xlstm_hybrid_inputs in = inputs();
    HybridStates<float> before = c.state.value_or(HybridStates<float>());
    xlstm_hybrid_state initial = view(before), dState{};
    Floats dS = c.dS, dz = c.dz;
    dState.S = dS.data(), dState.z = dz.data();
    xlstm_hybrid_saved keep = saved();
    HybridGradientArrays<float> &g = gradients;
    StoredValues dq(g.q, shape.type), dk(g.k, shape.type), dv(g.v, shape.type);
    xlstm_hybrid_gradients out = {dq.data(),  dk.data(),      dv.data(),      g.i.data(),     g.f.data(),
                                  g.o.data(), g.qMap.data(),  g.kMap.data(),  g.S.data(),     g.z.data(),
                                  g.m.data(), g.ringK.data(), g.ringV.data(), g.sinkK.data(), g.sinkV.data()};
    xlstm_cpu_hybrid_backward(&shape, &in, c.state ? &initial : nullptr, kept ? &keep : nullptr, h.data(), dh.data(),
                              dS.empty() ? nullptr : &dState, &out, workspace.data());
    g.q = dq.values(), g.k = dk.values(), g.v = dv.values();
  }
};

/// Equal where `want` is NaN, which stands for what nothing may touch.
inline Floats masked(Floats got, Doubles &want) {
  for (size_t n = 0; n < want.size(); ++n)
    if (std::isnan(want[n]) && std::isnan(got[n]))
      got[n] = want[n] = 0;
  return got;
}

inline void expectStates(const HybridStates<float> &got, HybridStates<double> want, const reference::HybridShape &s,
                         double tolerance) {
  auto near = [&](const char *name, const Floats &values, Doubles &truth, int64_t heads, int64_t width) {
    EXPECT_LT(headError(masked(values, truth), truth, heads, width), tolerance) << "state " << name;
  };
  // The frames may round apart: what stands behind them is compared.
  for (size_t n = 0; n < want.m.size(); ++n)
    EXPECT_NEAR(got.m[n], want.m[n], 1e-6 * (1 + std::abs(want.m[n]))) << "state m";
  near("S", got.S, want.S, s.H, s.d * s.d), near("z", got.z, want.z, s.H, s.d);
  near("ring_k", got.ringK, want.ringK, s.Hkv, s.d), near("ring_v", got.ringV, want.ringV, s.Hkv, s.d);
  near("sink_k", got.sinkK, want.sinkK, s.Hkv, s.d), near("sink_v", got.sinkV, want.sinkV, s.Hkv, s.d);
  EXPECT_EQ(got.pos, want.pos);
}

inline void expectGradients(const HybridGradientArrays<float> &got, const HybridGradientArrays<double> &want,
                            const reference::HybridShape &s, double tolerance) {
  auto near = [&](const char *name, const Floats &values, const Doubles &truth, int64_t heads, int64_t width) {
    // A first token's features, say, have no gradient: what is left of the sums is compared with what went into them.
    EXPECT_LT(headError(values, truth, heads, width, 0.1), tolerance) << "gradient of " << name;
  };
  near("q", got.q, want.q, s.H, s.d), near("k", got.k, want.k, s.Hkv, s.d), near("v", got.v, want.v, s.Hkv, s.d);
  near("i", got.i, want.i, s.H, 1), near("f", got.f, want.f, s.H, 1), near("o", got.o, want.o, s.H, 1);
  near("q_map", got.qMap, want.qMap, s.H, s.d * s.d), near("k_map", got.kMap, want.kMap, s.H, s.d * s.d);
  near("S", got.S, want.S, s.H, s.d * s.d), near("z", got.z, want.z, s.H, s.d), near("m", got.m, want.m, s.H, 1);
  near("ring_k", got.ringK, want.ringK, s.Hkv, s.d), near("ring_v", got.ringV, want.ringV, s.Hkv, s.d);
  near("sink_k", got.sinkK, want.sinkK, s.Hkv, s.d), near("sink_v", got.sinkV, want.sinkV, s.Hkv, s.d);
}

} // namespace xlstm::test

#endif // XLSTM_TEST_UNIT_KERNELS_HYBRIDRUN_H
