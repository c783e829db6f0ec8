//===- HybridBackward.cpp - reference of the mixer's gradients --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The recurrence backwards, token by token, from the states that forward went through, all of them kept.

#include "kernels/reference/Hybrid.h"

#include <algorithm>
#include <cmath>

namespace xlstm::reference {

namespace {

/// One call; the vectors are [B,T,H,d].
struct Call {
  const HybridShape &shape;
  const HybridInputs &in;
  const HybridState *initial, *dState;
  const HybridGradients &out;               // complete and zero at first
  std::vector<double> q, k, memory, window; // features, outputs of the branches
  std::vector<double> dq, dk, dMemory, dWindow;

  int64_t at(int64_t b, int64_t t, int64_t head) const { return (b * shape.T + t) * shape.H + head; }
  int64_t base(int64_t b, int64_t t) const { return documentBase(shape, in, initial, b, t); }
};

/// One head's memory. states[t] is what token t continues, empty at a document's start; states[T] is the final state.
struct Head {
  Call &call;
  int64_t b, head;
  KeyArrays<const double> v;
  KeyArrays<double> dv;
  std::vector<MemoryState> states;
  std::vector<double> denominators;

  Head(Call &call, int64_t b, int64_t head)
      : call(call), b(b), head(head), v(keyArrays<const double>(call.shape, call.in.v, nullptr, nullptr, b, head)),
        dv(keyArrays<double>(call.shape, call.out.v, nullptr, nullptr, b, head)) {
    MemoryState memory(call.shape, call.initial, b, head);
    int64_t d = call.shape.d;
    for (int64_t t = 0; t < call.shape.T; ++t) {
      if (call.base(b, t) == t)
        memory = MemoryState(d);
      states.push_back(memory);
      int64_t at = call.at(b, t, head);
      denominators.push_back(memory.step(&call.q[at * d], &call.k[at * d], v.at({KeyPlace::Fresh, t}), call.in.i[at],
                                         call.in.f[at], &call.memory[at * d]));
    }
    states.push_back(memory);
  }

  /// The state after token t, though a document may start at t + 1.
  MemoryState after(int64_t t) const {
    int64_t d = call.shape.d, at = call.at(b, t, head);
    MemoryState state = states[t];
    std::vector<double> h(d);
    state.step(&call.q[at * d], &call.k[at * d], v.at({KeyPlace::Fresh, t}), call.in.i[at], call.in.f[at], h.data());
    return state;
  }

  void back() {
    int64_t d = call.shape.d, n = b * call.shape.H + head;
    MemoryState gradient(d); // of the state after token t
    if (call.dState) {
      std::copy_n(call.dState->S + n * d * d, d * d, gradient.S.begin());
      std::copy_n(call.dState->z + n * d, d, gradient.z.begin());
    }
    for (int64_t t = call.shape.T - 1; t >= 0; --t)
      stepBack(t, gradient);
    const MemoryState &first = states[0];
    if (first.m == -INFINITY)
      return;
    std::copy(gradient.S.begin(), gradient.S.end(), call.out.S + n * d * d);
    std::copy(gradient.z.begin(), gradient.z.end(), call.out.z + n * d);
    for (int64_t a = 0; a < d * d; ++a)
      call.out.m[n] += gradient.S[a] * first.S[a];
    for (int64_t a = 0; a < d; ++a)
      call.out.m[n] += gradient.z[a] * first.z[a];
  }

  /// `g`, the gradient of the state after token t, becomes that of the state before it.
  void stepBack(int64_t t, MemoryState &g) {
    int64_t d = call.shape.d, at = call.at(b, t, head);
    const MemoryState &before = states[t], now = after(t);
    const double *dh = &call.dMemory[at * d], *h = &call.memory[at * d], *value = v.at({KeyPlace::Fresh, t});
    double divisor = std::max(denominators[t], SmallestDenominator), dDenominator = 0, dWeight = 0, dDecay = 0;
    if (denominators[t] >= SmallestDenominator)
      for (int64_t c = 0; c < d; ++c)
        dDenominator -= dh[c] * h[c] / divisor;
    double weight = std::exp(call.in.i[at] - now.m), decay = std::exp(logSigmoid(call.in.f[at]) + before.m - now.m);
    for (int64_t a = 0; a < d; ++a) {
      double q = call.q[at * d + a], k = call.k[at * d + a], dq = dDenominator * now.z[a];
      g.z[a] += dDenominator * q;
      double dk = g.z[a];
      dDecay += g.z[a] * before.z[a];
      for (int64_t c = 0; c < d; ++c) {
        double &cell = g.S[a * d + c], dNumerator = dh[c] / divisor;
        dq += dNumerator * now.S[a * d + c];
        cell += dNumerator * q;
        dk += cell * value[c];
        dv.at({KeyPlace::Fresh, t})[c] += weight * cell * k;
        dDecay += cell * before.S[a * d + c];
        cell *= decay;
      }
      g.z[a] *= decay;
      call.dq[at * d + a] = dq;
      call.dk[at * d + a] = weight * dk;
      dWeight += dk * k;
    }
    call.out.i[at] = weight * dWeight;
    call.out.f[at] = decay * dDecay / (1 + std::exp(call.in.f[at])); // times the slope of log sigmoid
  }
};

/// The window branch of one head: weights and output forward, gradients back.
struct Window {
  Call &call;
  int64_t b, head;
  KeyArrays<const double> k, v;
  KeyArrays<double> dk, dv;

  Window(Call &call, int64_t b, int64_t head) : call(call), b(b), head(head) {
    HybridState none{};
    const HybridState &state = call.initial ? *call.initial : none;
    k = keyArrays<const double>(call.shape, call.in.k, state.ringK, state.sinkK, b, head);
    v = keyArrays<const double>(call.shape, call.in.v, state.ringV, state.sinkV, b, head);
    dk = keyArrays<double>(call.shape, call.out.k, call.out.ringK, call.out.sinkK, b, head);
    dv = keyArrays<double>(call.shape, call.out.v, call.out.ringV, call.out.sinkV, b, head);
  }

  void forward(int64_t t) {
    int64_t d = call.shape.d, row = call.at(b, t, head) * d;
    std::vector<KeyPlace> places = visibleKeys(call.shape, call.base(b, t), t);
    std::vector<double> weights = windowWeights(call.shape, call.in.q + row, k, places);
    for (size_t n = 0; n < places.size(); ++n)
      for (int64_t c = 0; c < d; ++c)
        call.window[row + c] += weights[n] * v.at(places[n])[c];
  }

  void back(int64_t t) {
    int64_t d = call.shape.d, row = call.at(b, t, head) * d;
    std::vector<KeyPlace> places = visibleKeys(call.shape, call.base(b, t), t);
    std::vector<double> weights = windowWeights(call.shape, call.in.q + row, k, places);
    const double *dh = &call.dWindow[row], *h = &call.window[row];
    for (size_t n = 0; n < places.size(); ++n) {
      double dWeight = 0;
      for (int64_t c = 0; c < d; ++c) {
        dWeight += dh[c] * (v.at(places[n])[c] - h[c]);
        dv.at(places[n])[c] += weights[n] * dh[c];
      }
      double dScore = weights[n] * dWeight * call.shape.scale;
      for (int64_t c = 0; c < d; ++c) {
        call.out.q[row + c] += dScore * k.at(places[n])[c];
        dk.at(places[n])[c] += dScore * call.in.q[row + c];
      }
    }
  }
};

/// Memory that stands for the gradients the caller does not want, so that the loops need not ask.
struct Unwanted {
  std::vector<std::vector<double>> arrays;

  void complete(double *&pointer, int64_t size) {
    if (!pointer)
      pointer = arrays.emplace_back(size).data();
    std::fill(pointer, pointer + size, 0.0);
  }

  HybridGradients complete(HybridGradients out, const HybridShape &s) {
    int64_t queries = s.B * s.T * s.H, keys = s.B * s.T * s.Hkv, states = s.B * s.H;
    complete(out.q, queries * s.d);
    for (double **keyGradient : {&out.k, &out.v})
      complete(*keyGradient, keys * s.d);
    for (double **gate : {&out.i, &out.f, &out.o})
      complete(*gate, queries);
    for (double **map : {&out.qMap, &out.kMap})
      complete(*map, s.H * s.d * s.d);
    complete(out.S, states * s.d * s.d);
    complete(out.z, states * s.d);
    complete(out.m, states);
    for (double **ring : {&out.ringK, &out.ringV})
      complete(*ring, s.B * s.W * s.Hkv * s.d);
    for (double **sinks : {&out.sinkK, &out.sinkV})
      complete(*sinks, s.B * s.S * s.Hkv * s.d);
    return out;
  }
};

} // namespace

static void mixBack(Call &call, const double *dh) {
  int64_t d = call.shape.d;
  for (int64_t n = 0; n < call.shape.B * call.shape.T * call.shape.H; ++n) {
    double open = 1 / (1 + std::exp(-call.in.o[n]));
    for (int64_t c = n * d; c < (n + 1) * d; ++c) {
      call.dMemory[c] = open * dh[c];
      call.dWindow[c] = (1 - open) * dh[c];
      call.out.o[n] += open * (1 - open) * dh[c] * (call.memory[c] - call.window[c]);
    }
  }
}

/// features = softmax(map x): adds to dx [B,T,Hx,d] and dMap.
static void mapBack(const HybridShape &shape, const double *x, int64_t Hx, const double *map,
                    const std::vector<double> &features, const std::vector<double> &dFeatures, double *dx,
                    double *dMap) {
  int64_t d = shape.d;
  for (int64_t token = 0; token < shape.B * shape.T; ++token)
    for (int64_t head = 0; head < shape.H; ++head) {
      int64_t row = (token * shape.H + head) * d, from = (token * Hx + head * Hx / shape.H) * d;
      double along = 0;
      for (int64_t a = 0; a < d; ++a)
        along += features[row + a] * dFeatures[row + a];
      for (int64_t a = 0; a < d; ++a) {
        double g = features[row + a] * (dFeatures[row + a] - along);
        for (int64_t c = 0; c < d; ++c) {
          dx[from + c] += g * map[(head * d + a) * d + c];
          dMap[(head * d + a) * d + c] += g * x[from + c];
        }
      }
    }
}

void hybridBackward(const HybridShape &shape, const HybridInputs &in, const HybridState *initial, const double *dh,
                    const HybridState *dState, const HybridGradients &wanted) {
  Unwanted unwanted;
  HybridGradients out = unwanted.complete(wanted, shape);
  Call call{shape, in, initial, dState, out, {}, {}, {}, {}, {}, {}, {}, {}};
  for (std::vector<double> *array :
       {&call.q, &call.k, &call.memory, &call.window, &call.dq, &call.dk, &call.dMemory, &call.dWindow})
    array->assign(shape.B * shape.T * shape.H * shape.d, 0.0);
  featureMapSoftmax(in.q, in.qMap, call.q.data(), shape.B, shape.T, shape.H, shape.H, shape.d, shape.d);
  featureMapSoftmax(in.k, in.kMap, call.k.data(), shape.B, shape.T, shape.Hkv, shape.H, shape.d, shape.d);
  for (int64_t b = 0; b < shape.B; ++b)
    for (int64_t h = 0; h < shape.H; ++h)
      for (int64_t t = 0; t < shape.T; ++t)
        Window(call, b, h).forward(t);
  for (int64_t b = 0; b < shape.B; ++b)
    for (int64_t h = 0; h < shape.H; ++h)
      Head(call, b, h); // fills call.memory
  mixBack(call, dh);
  for (int64_t b = 0; b < shape.B; ++b)
    for (int64_t h = 0; h < shape.H; ++h) {
      Head(call, b, h).back();
      for (int64_t t = 0; t < shape.T; ++t)
        Window(call, b, h).back(t);
    }
  mapBack(shape, in.q, shape.H, in.qMap, call.q, call.dq, out.q, out.qMap);
  mapBack(shape, in.k, shape.Hkv, in.kMap, call.k, call.dk, out.k, out.kMap);
}

} // namespace xlstm::reference
