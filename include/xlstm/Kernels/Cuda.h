/*===- Cuda.h - C ABI of the CUDA kernels beside the mixer -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels of compiled models are in CudaCalls.h, which is made of dialects/Kernel/KernelCallOps.td; the rules for all:
// pointers are device memory; arrays dense, last dimension fastest, the first element at a multiple of its own size. Any
// width is taken; those that are multiples of 8, at addresses and strides that are multiples of 16 bytes, are fast. Weights
// are read before the call in front on the stream has ended: that one must not write them.
// Every function enqueues on `stream` (a cudaStream_t), may be captured in a graph, and returns 0 or a cudaError_t; a
// shape or type that it does not support is cudaErrorInvalidValue (1) before anything is enqueued. Arithmetic is float32.
*/

#ifndef XLSTM_KERNELS_CUDA_H
#define XLSTM_KERNELS_CUDA_H

#include "xlstm/Kernels/CudaCalls.h"
#include "xlstm/Kernels/Hybrid.h"

#ifdef __cplusplus
extern "C" {
#endif

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

/* n 32-bit words of `value`: the first value of a state. */
int xlstm_cuda_fill(void *y, uint32_t value, int64_t n, void *stream);
/* y [n] = mean + deviation * normal, the same for a seed and n on every device. */
int xlstm_cuda_random_fill(enum xlstm_dtype type, void *y, int64_t n, uint64_t seed, float mean, float deviation,
                           void *stream);

#ifdef __cplusplus
}
#endif

#endif /* XLSTM_KERNELS_CUDA_H */
