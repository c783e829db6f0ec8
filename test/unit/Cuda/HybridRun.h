//===- HybridRun.h - a hybrid case on the device -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TEST_UNIT_CUDA_HYBRIDRUN_H
#define XLSTM_TEST_UNIT_CUDA_HYBRIDRUN_H

#include "test/unit/Cuda/CudaTest.h"
#include "test/unit/Kernels/HybridCase.h"

namespace xlstm::test {

/// The case as `type` holds it: what kernel and truth both get.
inline HybridCase stored(xlstm_dtype type, HybridCase c) {
  for (Floats *array : {&c.q, &c.k, &c.v, &c.qMap, &c.kMap, &c.dh})
    *array = rounded(type, *array);
  if (c.state)
    for (Floats *array : {&c.state->ringK, &c.state->ringV, &c.state->sinkK, &c.state->sinkV})
      *array = rounded(type, *array);
  return c;
}

inline xlstm_hybrid_shape shapeOf(const HybridCase &c, xlstm_dtype type) {
  const reference::HybridShape &s = c.shape;
  return {s.B, s.T, s.H, s.Hkv, s.d, s.W, s.S, static_cast<float>(s.scale), type, type, 1};
}

/// A state on the device; rings in `type`.
struct DeviceState {
  DeviceFloats S, z, m, ringK, ringV, sinkK, sinkV;
  DeviceArray<int32_t> pos;

  DeviceState(xlstm_dtype type, const HybridStates<float> &s)
      : S(XLSTM_F32, s.S), z(XLSTM_F32, s.z), m(XLSTM_F32, s.m), ringK(type, s.ringK), ringV(type, s.ringV),
        sinkK(type, s.sinkK), sinkV(type, s.sinkV), pos(s.pos) {}
  xlstm_hybrid_state view() const {
    auto f = [](const DeviceFloats &a) { return static_cast<float *>(a.get()); };
    return {f(S), f(z), f(m), ringK.get(), ringV.get(), sinkK.get(), sinkV.get(), pos.get()};
  }
  HybridStates<float> values() const {
    HybridStates<float> s;
    s.S = S.values(), s.z = z.values(), s.m = m.values(), s.ringK = ringK.values(), s.ringV = ringV.values();
    s.sinkK = sinkK.values(), s.sinkV = sinkV.values(), s.pos = pos.values();
    return s;
  }
};

/// A case with its inputs on the device, ready to run.
class HybridRun {
public:
  HybridRun(const HybridCase &c, xlstm_dtype type)
      : shape(shapeOf(c, type)), type(type), q(type, c.q), k(type, c.k), v(type, c.v), qMap(type, c.qMap),
        kMap(type, c.kMap), i(XLSTM_F32, c.i), f(XLSTM_F32, c.f), o(XLSTM_F32, c.o), docs(c.docs),
        h(type, int64_t(c.q.size())), lse(XLSTM_F32, int64_t(c.i.size())), max(XLSTM_F32, int64_t(c.i.size())),
        denominator(XLSTM_F32, int64_t(c.i.size())), branch(type, int64_t(c.q.size())) {
    if (c.state)
      state.emplace(type, *c.state);
    in = {q.get(), k.get(), v.get(), at(i), at(f), at(o), qMap.get(), kMap.get(), docs.get()};
  }

  /// h; the state moves on, and what backward needs is kept.
  Floats forward(bool save = true) {
    DeviceBytes workspace(xlstm_cuda_hybrid_forward_workspace(&shape));
    xlstm_hybrid_saved saved = keep();
    xlstm_hybrid_state view = state ? state->view() : xlstm_hybrid_state{};
    EXPECT_EQ(xlstm_cuda_hybrid_forward(&shape, &in, state ? &view : nullptr, h.get(), save ? &saved : nullptr,
                                        workspace.get(), nullptr),
              0);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    return h.values();
  }

  /// Gradients at the state before forward; `useSaved`: forward must have run on it (it moves the state: give it back).
  HybridGradientArrays<float> backward(const HybridCase &c, bool useSaved) {
    DeviceBytes workspace(xlstm_cuda_hybrid_backward_workspace(&shape));
    HybridGradientArrays<float> g(c.shape);
    DeviceFloats dh(type, c.dh), dS(XLSTM_F32, c.dS), dz(XLSTM_F32, c.dz), dq(type, size(g.q)), dk(type, size(g.k)),
        dv(type, size(g.v));
    std::vector<std::pair<Floats *, DeviceFloats>> plain;
    for (Floats *array : {&g.i, &g.f, &g.o, &g.qMap, &g.kMap, &g.S, &g.z, &g.m, &g.ringK, &g.ringV, &g.sinkK, &g.sinkV})
      plain.emplace_back(array, DeviceFloats(XLSTM_F32, size(*array)));
    auto out = [&](int n) { return at(plain[n].second); };
    xlstm_hybrid_gradients gradients = {dq.get(), dk.get(), dv.get(), out(0), out(1), out(2),  out(3), out(4),
                                        out(5),   out(6),   out(7),   out(8), out(9), out(10), out(11)};
    if (!c.state)
      gradients.S = gradients.z = gradients.m = gradients.ring_k = gradients.ring_v = gradients.sink_k =
          gradients.sink_v = nullptr;
    xlstm_hybrid_saved saved = keep();
    xlstm_hybrid_state initial = state ? state->view() : xlstm_hybrid_state{}, dState{};
    dState.S = at(dS), dState.z = at(dz);
    EXPECT_EQ(xlstm_cuda_hybrid_backward(&shape, &in, state ? &initial : nullptr, useSaved ? &saved : nullptr, h.get(),
                                         dh.get(), c.dS.empty() ? nullptr : &dState, &gradients, workspace.get(),
                                         nullptr),
              0);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    g.q = dq.values(), g.k = dk.values(), g.v = dv.values();
    for (auto &[array, device] : plain)
      *array = device.values();
    return g;
  }

  std::optional<DeviceState> state;
  xlstm_hybrid_shape shape;

private:
  static float *at(const DeviceFloats &a) { return static_cast<float *>(a.get()); }
  static int64_t size(const Floats &a) { return static_cast<int64_t>(a.size()); }
  xlstm_hybrid_saved keep() const { return {at(lse), at(max), at(denominator), branch.get()}; }

  xlstm_dtype type;
  DeviceFloats q, k, v, qMap, kMap, i, f, o;
  DeviceArray<int32_t> docs;
  DeviceFloats h, lse, max, denominator, branch;
  xlstm_hybrid_inputs in;
};

} // namespace xlstm::test

#endif // XLSTM_TEST_UNIT_CUDA_HYBRIDRUN_H
