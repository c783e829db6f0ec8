/*===- Cuda.h - C ABI of the CUDA kernels beside the mixer -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All pointers are device memory; arrays dense, last dimension fastest, the first element at a multiple of 16 bytes. A
// stride is the number of elements from one token (or row) of an operand to the next, so that it may be a part of a
// packed product: at least the row's own length. Any width is taken; those that are multiples of 8, at addresses that
are
// multiples of 16 bytes, are fast.
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

/* y [tokens, dim] = table[ids[t]]; an id outside [0, vocab) gives zeros. */
int xlstm_cuda_embed(enum xlstm_dtype type, const int64_t *ids, const void *table, void *y, int64_t tokens,
                     int64_t vocab, int64_t dim, void *stream);

/* y [rows, n] = x / sqrt(mean(x^2) + eps) * w [n]; `group` consecutive rows of x lie side by side (a token's heads),
   groups x_stride elements apart; rows a multiple of group. y may be x where x is dense. w is read before the call in
   front on the stream has ended: that one must not write it. */
int xlstm_cuda_rms_norm(enum xlstm_dtype type, const void *x, const void *w, void *y, int64_t rows, int64_t group,
                        int64_t n, int64_t x_stride, float eps, void *stream);

/* Rotates pairs (i, i + d/2) of x [tokens, H, d] by float32(positions[t] * frequencies[i]); cos and sin times factor.
   d even; y may be x where x is dense. */
int xlstm_cuda_rope(enum xlstm_dtype type, const void *x, const int32_t *positions, const float *frequencies, void *y,
                    int64_t tokens, int64_t H, int64_t d, int64_t x_stride, float factor, void *stream);

/* y [rows, n] = gate * sigmoid(gate) * up. */
int xlstm_cuda_swiglu(enum xlstm_dtype type, const void *gate, const void *up, void *y, int64_t rows, int64_t n,
                      int64_t gate_stride, int64_t up_stride, void *stream);

/* One token for each row of logits [B, V]: of the top_k largest (0: all) and among them the smallest set of the largest
   whose probability reaches top_p (1: all), by its probability at `temperature` (0: the largest, the first of equals).
   Logits nearer than 8e-6 (after division by the temperature) count as equal, and equals are kept together; one 27
   below the largest is never drawn. random [B]: the rows' SplitMix64 states, advanced by one draw; the same state gives
   the same token, always. V below 2^23. */
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
