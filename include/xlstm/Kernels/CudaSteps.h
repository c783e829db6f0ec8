/*===- CudaSteps.h - the steps that a model compiled for CUDA consists of ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One call an op with flat arguments, for generated code; beside embed, rms_norm, rope and swiglu of Cuda.h, whose
rules
// hold here too. Activations are float32 or bf16, gates and state float32 always. Weights are read before the call in
// front on the stream has ended: that one must not write them.
*/

#ifndef XLSTM_KERNELS_CUDASTEPS_H
#define XLSTM_KERNELS_CUDASTEPS_H

#include "xlstm/Kernels/Cuda.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y [rows, out] = x [rows, in] w^T + bias + residual; w [out, in], bias [out] of w_type and residual [rows, out] of
   y_type may be null; y may be residual. Types (x, w, y): all float32 (no TF32), all bf16, bf16 bf16 float32, bf16
   float32 float32 (gates). In bf16 and in place, the product of many rows is rounded before the residual is added, as
   two ops would. A few rows go through kernels that read w once, more through cuBLASLt; `in` not a multiple of 8 is
   slow. `workspace`: xlstm_cuda_linear_workspace() bytes. The first call of a shape chooses an algorithm and must not
   be captured. */
int xlstm_cuda_linear(enum xlstm_dtype x_type, enum xlstm_dtype w_type, enum xlstm_dtype y_type, const void *x,
                      const void *w, const void *bias, const void *residual, void *y, int64_t rows, int64_t in,
                      int64_t out, void *workspace, void *stream);
size_t xlstm_cuda_linear_workspace(void);
/* The same, where the call in front of it on the stream was linear or linear_beside with the same x, and this one reads
   nothing that it wrote: a few rows need not wait for it. */
int xlstm_cuda_linear_beside(enum xlstm_dtype x_type, enum xlstm_dtype w_type, enum xlstm_dtype y_type, const void *x,
                             const void *w, const void *bias, const void *residual, void *y, int64_t rows, int64_t in,
                             int64_t out, void *workspace, void *stream);

/* y [tokens, H] = [q k v] . w[h] + b[h]; q [tokens, H, d], k and v [tokens, Hkv, d] of `type`; w [H, 3d], b [H]. */
int xlstm_cuda_output_gate(enum xlstm_dtype type, const void *q, const void *k, const void *v, const float *w,
                           const float *b, float *y, int64_t tokens, int64_t H, int64_t Hkv, int64_t d,
                           int64_t q_stride, int64_t k_stride, int64_t v_stride, void *stream);

/* The mixer with state: T more tokens of B texts, T = 1 by decode, else by forward. i, f and o_gate [B,T,H]; the state
   as in xlstm_hybrid_state, rings and sinks of `type`; pos [B] is this mixer's own, and moves on by T as the rest of
   its state does. frequencies null: q and k are rotated already; else T must be 1. d a multiple of 8, at most 256, W at
   least 1; the strides multiples of 8 where T is not 1.
   workspace: xlstm_cuda_hybrid_step_workspace; zeroed: xlstm_cuda_hybrid_step_zeroed (zero before, zero after). */
int xlstm_cuda_hybrid_step(enum xlstm_dtype type, const void *q, const void *k, const void *v, const float *i_gate,
                           const float *f_gate, const float *o_gate, const void *q_map, const void *k_map,
                           const float *frequencies, float *S, float *z, float *m, void *ring_k, void *ring_v,
                           void *sink_k, void *sink_v, int32_t *pos, void *h, int64_t B, int64_t T, int64_t H,
                           int64_t Hkv, int64_t d, int64_t W, int64_t sinks, int64_t q_stride, int64_t k_stride,
                           int64_t v_stride, float scale, float rope_factor, void *workspace, void *zeroed,
                           void *stream);
size_t xlstm_cuda_hybrid_step_workspace(enum xlstm_dtype type, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t d,
                                        int64_t W, int64_t sinks);
size_t xlstm_cuda_hybrid_step_zeroed(enum xlstm_dtype type, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t d,
                                     int64_t W, int64_t sinks);

/* lm.attention with state: T tokens after pos[b] earlier ones (pos is read only). q [B,T,H,d], k [B,T,Hkv,d],
   v [B,T,Hkv,dv], h [B,T,H,dv]; ring_k [B,W,Hkv,d] and ring_v [B,W,Hkv,dv] hold position p in slot p mod W, sink_k and
   sink_v the first S positions (null where S is 0), all of `type`. Any width whose 16 rows fit shared memory; bf16 up
   to 256 is fast. */
int xlstm_cuda_attention(enum xlstm_dtype type, const void *q, const void *k, const void *v, const int32_t *pos,
                         void *ring_k, void *ring_v, void *sink_k, void *sink_v, void *h, int64_t B, int64_t T,
                         int64_t H, int64_t Hkv, int64_t d, int64_t dv, int64_t W, int64_t S, int64_t q_stride,
                         int64_t k_stride, int64_t v_stride, float scale, void *workspace, void *stream);
size_t xlstm_cuda_attention_workspace(enum xlstm_dtype type, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t d,
                                      int64_t dv, int64_t W, int64_t S);

/* y [tokens, H, m] = softmax over m of w[h] x[t, h Hx / H] (elu: 1 + elu of it); x [tokens, Hx, d], w [H, m, d]. */
int xlstm_cuda_feature_map_softmax(enum xlstm_dtype type, const void *x, const void *w, void *y, int64_t tokens,
                                   int64_t Hx, int64_t H, int64_t d, int64_t m, int64_t x_stride, void *stream);
int xlstm_cuda_feature_map_elu(enum xlstm_dtype type, const void *x, const void *w, void *y, int64_t tokens, int64_t Hx,
                               int64_t H, int64_t d, int64_t m, int64_t x_stride, void *stream);

/* xlstm.mlstm with state S [B,H,m,dv], z [B,H,m], running maximum max [B,H] (-inf at a document's start), float32.
   q and k [B,T,H,m] (dense), v [B,T,Hkv,dv], h [B,T,H,dv]; i and f pre-activations [B,T,H] (both null: no gates). T is
   cut into chunks of at most `chunk`. */
int xlstm_cuda_mlstm(enum xlstm_dtype type, const void *q, const void *k, const void *v, const float *i, const float *f,
                     float *S, float *z, float *max, void *h, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t m,
                     int64_t dv, int64_t v_stride, int64_t chunk, void *stream);

/* positions [B,T] = pos[b] + t. */
int xlstm_cuda_positions(const int32_t *pos, int32_t *positions, int64_t B, int64_t T, void *stream);
/* pos[b] += T: the end of a function, for the pos of a model that positions come from (a mixer moves its own). */
int xlstm_cuda_advance(int32_t *pos, int64_t B, int64_t T, void *stream);
/* y [B, n] = x [B, T, n] at the last token. */
int xlstm_cuda_last_token(enum xlstm_dtype type, const void *x, void *y, int64_t B, int64_t T, int64_t n, void *stream);
/* y = a + b; y = factor * x; n elements. */
int xlstm_cuda_add(enum xlstm_dtype type, const void *a, const void *b, void *y, int64_t n, void *stream);
int xlstm_cuda_scale(enum xlstm_dtype type, const void *x, void *y, int64_t n, float factor, void *stream);
/* y = sigmoid(gate) memory + (1 - sigmoid(gate)) window; gate [n], the rest [n, d]. */
int xlstm_cuda_mix(enum xlstm_dtype type, const float *gate, const void *memory, const void *window, void *y, int64_t n,
                   int64_t d, void *stream);
/* y [rows, n] = x. */
int xlstm_cuda_copy(enum xlstm_dtype type, const void *x, void *y, int64_t rows, int64_t n, int64_t x_stride,
                    void *stream);
/* n 32-bit words of `value`: the first value of a state. */
int xlstm_cuda_fill(void *y, uint32_t value, int64_t n, void *stream);
/* y [n] = mean + deviation * normal, the same for a seed and n on every device. */
int xlstm_cuda_random_fill(enum xlstm_dtype type, void *y, int64_t n, uint64_t seed, float mean, float deviation,
                           void *stream);

#ifdef __cplusplus
}
#endif

#endif /* XLSTM_KERNELS_CUDASTEPS_H */
