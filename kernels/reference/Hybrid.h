//===- Hybrid.h - the two branches of the reference mixer ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_REFERENCE_HYBRID_H
#define XLSTM_KERNELS_REFERENCE_HYBRID_H

#include "xlstm/Kernels/Reference.h"

#include <vector>

namespace xlstm::reference {

constexpr double SmallestDenominator = 1e-30;

/// The token at which the document of (b, t) begins: negative when the state holds its beginning.
int64_t documentBase(const HybridShape &shape, const HybridInputs &in, const HybridState *state, int64_t b, int64_t t);

/// A key that a query sees: a token of the piece, or a slot of the state's ring or sinks.
struct KeyPlace {
  enum Kind { Fresh, Ring, Sink } kind;
  int64_t index;
};
/// The keys of token t in order of position, each once.
std::vector<KeyPlace> visibleKeys(const HybridShape &shape, int64_t base, int64_t t);

/// Where the keys (or values, or their gradients) of one row and head lie: `fresh` at token 0, `ring` and `sinks` at
/// their slot 0. Rows are Hkv * d apart.
template <typename T>
struct KeyArrays {
  T *fresh, *ring, *sinks;
  int64_t stride;

  T *at(KeyPlace place) const {
    T *from = place.kind == KeyPlace::Fresh ? fresh : place.kind == KeyPlace::Ring ? ring : sinks;
    return from ? from + place.index * stride : nullptr;
  }
};
/// For row b and query head `head`; ring and sinks may be null.
template <typename T>
KeyArrays<T> keyArrays(const HybridShape &shape, T *fresh, T *ring, T *sinks, int64_t b, int64_t head) {
  int64_t g = head / (shape.H / shape.Hkv), width = shape.Hkv * shape.d;
  auto from = [&](T *base, int64_t rows) { return base ? base + b * rows * width + g * shape.d : nullptr; };
  return {from(fresh, shape.T), from(ring, shape.W), from(sinks, shape.S), width};
}

/// Softmax weights of one query over `places`.
std::vector<double> windowWeights(const HybridShape &shape, const double *q, const KeyArrays<const double> &k,
                                  const std::vector<KeyPlace> &places);

/// One head's memory: S [d, d], z [d], frame m.
struct MemoryState {
  std::vector<double> S, z;
  double m;

  explicit MemoryState(int64_t d);
  MemoryState(const HybridShape &shape, const HybridState *state, int64_t b, int64_t head);
  /// One token with mapped q and k; writes h [d], returns the denominator before its floor.
  double step(const double *q, const double *k, const double *v, double i, double f, double *h);
};

double logSigmoid(double x);

} // namespace xlstm::reference

#endif // XLSTM_KERNELS_REFERENCE_HYBRID_H
