/*===- Cuda.h - C ABI of the CUDA kernels beside the mixer -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All pointers are device memory; arrays dense, last dimension fastest, the first element at a multiple of 16 bytes.
// Every function enqueues on `stream` (a cudaStream_t), may be captured in a graph, and returns 0 or a cudaError_t; a
// shape or type that it does not support is cudaErrorInvalidValue (1) before anything is enqueued. `type` is that of
// activations and weights, XLSTM_F32 or XLSTM_BF16; arithmetic is float32. Letters: B rows, T tokens, H heads, d width.
*/

#ifndef XLSTM_KERNELS_CUDA_H
#define XLSTM_KERNELS_CUDA_H

#include "xlstm/Kernels/Hybrid.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y [tokens, dim] = table[ids[t]]; an id outside [0, vocab) gives zeros. dim a multiple of 8. */
int xlstm_cuda_embed(enum xlstm_dtype type, const int64_t *ids, const void *table, void *y, int64_t tokens,
                     int64_t vocab, int64_t dim, void *stream);

/* y [rows, n] = s / sqrt(mean(s^2) + eps) * w [n], where s = x + residual is also stored in `sum` (may be either's own
   memory); residual null: s = x, and sum is not written. n a multiple of 8, at most 32768. w is read before the call in
   front on the stream has ended: that one must not write it. */
int xlstm_cuda_rms_norm(enum xlstm_dtype type, const void *x, const void *residual, const void *w, void *sum, void *y,
                        int64_t rows, int64_t n, float eps, void *stream);

/* Rotates pairs (i, i + d/2) of x [tokens, H, d] by float32(positions[t] * frequencies[i]); cos and sin times factor.
   d a multiple of 4; y may be x. */
int xlstm_cuda_rope(enum xlstm_dtype type, const void *x, const int32_t *positions, const float *frequencies,
                    float factor, void *y, int64_t tokens, int64_t H, int64_t d, void *stream);

/* y [rows, n] = gate * sigmoid(gate) * up; rows of gate and up lie `stride` elements apart (2 n where they are packed
   side by side). n and stride multiples of 8. */
int xlstm_cuda_swiglu(enum xlstm_dtype type, const void *gate, const void *up, void *y, int64_t rows, int64_t n,
                      int64_t stride, void *stream);

/* One token for each row of logits [B, V]: of the top_k largest (0: all) and among them the smallest set of the largest
   whose probability reaches top_p (1: all), by its probability at `temperature` (0: the largest, the first of equals).
   Logits nearer than 8e-6 (after division by the temperature) count as equal, and equals are kept together; one 27 below
   the largest is never drawn. random [B]: the rows' SplitMix64 states, advanced by one draw; the same state gives the
   same token, always. V below 2^23. */
int xlstm_cuda_sample(enum xlstm_dtype type, const void *logits, int64_t *ids, uint64_t *random, int64_t B, int64_t V,
                      float temperature, int64_t top_k, float top_p, void *stream);

/* The state of sequence `to_row` of `to` becomes that of `from_row` of `from`: save, restore and copy (shape.B is not
   read; rows are not checked). Both must hold this shape. */
int xlstm_cuda_hybrid_state_copy(const xlstm_hybrid_shape *shape, const xlstm_hybrid_state *from, int64_t from_row,
                                 const xlstm_hybrid_state *to, int64_t to_row, void *stream);
/* The state of `row` at a document's start. */
int xlstm_cuda_hybrid_state_reset(const xlstm_hybrid_shape *shape, const xlstm_hybrid_state *state, int64_t row,
                                  void *stream);

#ifdef __cplusplus
}
#endif

#endif /* XLSTM_KERNELS_CUDA_H */
