/*===- Cpu.h - C ABI of the CPU kernels that compiled models call ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Codegen calls these with constant sizes and inlines them (lib/Target/Cpu), so a kernel is written for any shape and
// becomes one for the student's. Float32 activations; weights float32, bfloat16 or float16 by suffix. Arrays are dense,
// last dimension fastest; letters as in Reference.h. Outputs never alias inputs. State is updated in place.
*/

#ifndef XLSTM_KERNELS_CPU_H
#define XLSTM_KERNELS_CPU_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint16_t xlstm_bf16;
typedef uint16_t xlstm_f16;

/* y [tokens, dim] = table[ids[t]]; an id outside [0, vocab) gives zeros. */
#define XLSTM_DECLARE_EMBED(suffix, type)                                                                              \
  void xlstm_cpu_embed_##suffix(const int64_t *ids, const type *table, float *y, int64_t tokens, int64_t vocab,        \
                                int64_t dim);
/* y [rows, out] = x [rows, in] w^T + bias; w [out, in]; bias [out] may be null. */
#define XLSTM_DECLARE_LINEAR(suffix, type)                                                                             \
  void xlstm_cpu_linear_##suffix(const float *x, const type *w, const type *bias, float *y, int64_t rows, int64_t in,  \
                                 int64_t out);
/* y [rows, n] = x / sqrt(mean(x^2) + eps) * w [n]. */
#define XLSTM_DECLARE_RMS_NORM(suffix, type)                                                                           \
  void xlstm_cpu_rms_norm_##suffix(const float *x, const type *w, float *y, int64_t rows, int64_t n, double eps);
/* y [B,T,H,m] = softmax over m of w[h] x[b,t,h*Hx/H] (elu: 1 + elu of it); w [H,m,d]. */
#define XLSTM_DECLARE_FEATURE_MAP(suffix, type)                                                                        \
  void xlstm_cpu_feature_map_softmax_##suffix(const float *x, const type *w, float *y, int64_t B, int64_t T,           \
                                              int64_t Hx, int64_t H, int64_t d, int64_t m);                            \
  void xlstm_cpu_feature_map_elu_##suffix(const float *x, const type *w, float *y, int64_t B, int64_t T, int64_t Hx,   \
                                          int64_t H, int64_t d, int64_t m);
/* y [B,T,H] = [q k v] . w[h] + b[h]; w [H,3d], b [H]. */
#define XLSTM_DECLARE_OUTPUT_GATE(suffix, type)                                                                        \
  void xlstm_cpu_output_gate_##suffix(const float *q, const float *k, const float *v, const type *w, const type *b,    \
                                      float *y, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t d);

#define XLSTM_DECLARE_WEIGHTED(suffix, type)                                                                           \
  XLSTM_DECLARE_EMBED(suffix, type)                                                                                    \
  XLSTM_DECLARE_LINEAR(suffix, type)                                                                                   \
  XLSTM_DECLARE_RMS_NORM(suffix, type)                                                                                 \
  XLSTM_DECLARE_FEATURE_MAP(suffix, type)                                                                              \
  XLSTM_DECLARE_OUTPUT_GATE(suffix, type)

XLSTM_DECLARE_WEIGHTED(f32, float)
XLSTM_DECLARE_WEIGHTED(bf16, xlstm_bf16)
XLSTM_DECLARE_WEIGHTED(f16, xlstm_f16)

/* positions [B,T] = pos[b] + t. */
void xlstm_cpu_positions(const int32_t *pos, int32_t *positions, int64_t B, int64_t T);

/* Rotates pairs (i, i + d/2) of x [B,T,H,d] by float32(positions[b,t] * frequencies[i]); cos and sin times factor. */
void xlstm_cpu_rope(const float *x, const int32_t *positions, const float *frequencies, float factor, float *y,
                    int64_t B, int64_t T, int64_t H, int64_t d);

/* y = gate * sigmoid(gate) * up; y = a + b; y = factor * x; n elements. */
void xlstm_cpu_swiglu(const float *gate, const float *up, float *y, int64_t n);
void xlstm_cpu_add(const float *a, const float *b, float *y, int64_t n);
void xlstm_cpu_scale(const float *x, float factor, float *y, int64_t n);

/* lm.attention with state: T tokens after pos[b] earlier ones. ring_k [B,W,Hkv,d], ring_v [B,W,Hkv,dv] hold position p
   in slot p mod W; sink_k [B,S,Hkv,d], sink_v [B,S,Hkv,dv] the first S positions (null when S is 0). */
void xlstm_cpu_attention(const float *q, const float *k, const float *v, const int32_t *pos, float *ring_k,
                         float *ring_v, float *sink_k, float *sink_v, float *h, int64_t B, int64_t T, int64_t H,
                         int64_t Hkv, int64_t d, int64_t dv, int64_t W, int64_t S, float scale);

/* xlstm.mlstm with state S [B,H,m,dv], z [B,H,m], running maximum max [B,H] (-inf at a document's start). q, k
   [B,T,H,m], v [B,T,Hkv,dv], i and f pre-activations [B,T,H] (both null: no gates). T is cut into chunks of `chunk`. */
void xlstm_cpu_mlstm(const float *q, const float *k, const float *v, const float *i, const float *f, float *S, float *z,
                     float *max, float *h, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t m, int64_t dv,
                     int64_t chunk);

/* xlstm.gated_delta with state S [B,H,m,dv] (0 at a document's start), token by token. q [B,T,H,m], k [B,T,Hkv,m], v
   [B,T,Hkv,dv], write and decay pre-activations [B,T,H]. */
void xlstm_cpu_gated_delta(const float *q, const float *k, const float *v, const float *write, const float *decay,
                           float *S, float *h, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t m, int64_t dv);

/* y = sigmoid(gate) memory + (1 - sigmoid(gate)) window; gate [n], the rest [n, d]. */
void xlstm_cpu_mix(const float *gate, const float *memory, const float *window, float *y, int64_t n, int64_t d);

#ifdef __cplusplus
}
#endif

#endif /* XLSTM_KERNELS_CPU_H */
