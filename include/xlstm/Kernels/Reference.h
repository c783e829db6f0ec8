//===- Reference.h - naive float64 kernels: the truth of the tests --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every kernel and every form of the evaluator is compared with these. Loops as the formulas stand, float64 throughout,
// no stabilisation beyond what the formula says, no cleverness. Arrays are dense, last dimension fastest.
// Letters: B rows, T tokens, H query heads, Hkv key heads, d head channels, m features, dv value channels, W window,
// S sinks. docStart[b, t] is the index in row b where the document of token t begins.

#ifndef XLSTM_KERNELS_REFERENCE_H
#define XLSTM_KERNELS_REFERENCE_H

#include <cstdint>

namespace xlstm::reference {

/// y [rows, out] = x [rows, in] w^T [out, in] + bias [out] (may be null).
void linear(const double *x, const double *w, const double *bias, double *y, int64_t rows, int64_t in, int64_t out);

/// y = x / sqrt(mean(x^2) + eps) * w over rows of n.
void rmsNorm(const double *x, const double *w, double *y, int64_t rows, int64_t n, double eps);

/// Rotates pairs (i, i + d/2) of x [B, T, H, d] by positions[b, t] * frequencies[i]; cos and sin are multiplied by
/// `factor`.
void rope(const double *x, const int32_t *positions, const double *frequencies, double factor, double *y, int64_t B,
          int64_t T, int64_t H, int64_t d);

/// lm.attention: softmax over keys j <= t of the same document with t - window < j, and the document's first `sinks`
/// keys, each once. window < 0: all keys. q [B,T,H,d], k [B,T,Hkv,d], v [B,T,Hkv,dv], h [B,T,H,dv].
void attention(const double *q, const double *k, const double *v, const int32_t *docStart, double *h, int64_t B,
               int64_t T, int64_t H, int64_t Hkv, int64_t d, int64_t dv, double scale, int64_t window, int64_t sinks);

/// xlstm.feature_map softmax: y [B,T,H,m] = softmax over m of w[h] x[b,t,h*Hx/H]; w [H,m,d], x [B,T,Hx,d].
void featureMapSoftmax(const double *x, const double *w, double *y, int64_t B, int64_t T, int64_t Hx, int64_t H,
                       int64_t d, int64_t m);
/// xlstm.feature_map elu: 1 + elu(w[h] x).
void featureMapElu(const double *x, const double *w, double *y, int64_t B, int64_t T, int64_t Hx, int64_t H, int64_t d,
                   int64_t m);

/// xlstm.output_gate: y [B,T,H] = [q k v] . w[h] + b[h]; w [H,3d].
void outputGate(const double *q, const double *k, const double *v, const double *w, const double *b, double *y,
                int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t d);

/// xlstm.mlstm, token by token with the running maximum of the method (docs/Method.md). q, k [B,T,H,m],
/// v [B,T,Hkv,dv], i and f pre-activations [B,T,H] (both null: no gates), h [B,T,H,dv].
void mlstm(const double *q, const double *k, const double *v, const double *i, const double *f, const int32_t *docStart,
           double *h, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t m, int64_t dv);

/// xlstm.gated_delta, token by token: S = alpha (I - beta k k^T) S + beta k v^T and h = q S, q and k divided by
/// sqrt(|x|^2 + 1e-6) first, beta and alpha the sigmoids of `write` and `decay` [B,T,H]. q [B,T,H,m], k [B,T,Hkv,m],
/// v [B,T,Hkv,dv], h [B,T,H,dv].
void gatedDelta(const double *q, const double *k, const double *v, const double *write, const double *decay,
                const int32_t *docStart, double *h, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t m,
                int64_t dv);

/// xlstm.mix: y = sigmoid(gate) memory + (1 - sigmoid(gate)) window; gate [n], the rest [n, d].
void mix(const double *gate, const double *memory, const double *window, double *y, int64_t n, int64_t d);

/// lm.swiglu: y = gate * sigmoid(gate) * up.
void swiglu(const double *gate, const double *up, double *y, int64_t n);

/// Float64 twins of the structs of Hybrid.h; the layouts and meanings are the same.
struct HybridShape {
  int64_t B, T, H, Hkv, d, W, S;
  double scale;
};
struct HybridInputs {
  const double *q, *k, *v, *i, *f, *o, *qMap, *kMap;
  const int32_t *docStart; // null: the whole piece continues the state's document
};
struct HybridState {
  double *S, *z, *m, *ringK, *ringV, *sinkK, *sinkV;
  int32_t *pos;
};
/// Every pointer may be null; what is there is overwritten.
struct HybridGradients {
  double *q, *k, *v, *i, *f, *o, *qMap, *kMap, *S, *z, *m, *ringK, *ringV, *sinkK, *sinkV;
};

/// The whole mixer, h [B,T,H,d]. `state` is updated; null: every row starts a document.
void hybridForward(const HybridShape &shape, const HybridInputs &in, HybridState *state, double *h);

/// Gradients of sum(h * dh) + sum(final S * dState->S) + sum(final z * dState->z), the frame m a constant: S and z
/// stand for exp(m) S and exp(m) z. `initial` is the state before forward, or null; of dState (may be null) only S and z
/// are read.
void hybridBackward(const HybridShape &shape, const HybridInputs &in, const HybridState *initial, const double *dh,
                    const HybridState *dState, const HybridGradients &out);

/// One token (shape.T is 1): q and k are rotated by state->pos first (frequencies [d/2], null: not). h [B,1,H,d].
void hybridDecode(const HybridShape &shape, const HybridInputs &in, const double *frequencies, double ropeFactor,
                  HybridState &state, double *h);

} // namespace xlstm::reference

#endif // XLSTM_KERNELS_REFERENCE_H
