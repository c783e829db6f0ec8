/*===- Train.h - C ABI of the small steps of training: CUDA ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What stands between the products of a training step, forward and backward, each reading its operands once. Arrays are
// dense, 16-byte aligned, of `type` (XLSTM_F32 or XLSTM_BF16) unless said otherwise; sums are float32. Enqueued on
// `stream`; the result is a cudaError_t, cudaErrorInvalidValue for sizes that are not taken. Bits do not change from
run
// to run.
*/

#ifndef XLSTM_KERNELS_TRAIN_H
#define XLSTM_KERNELS_TRAIN_H

#include "xlstm/Kernels/Hybrid.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y [rows,n] = x scale w with scale [rows] = 1 / sqrt(mean(x^2) + eps), which backward reads. n: a multiple of 8, at
   most 16384. */
int xlstm_cuda_train_norm(enum xlstm_dtype type, const void *x, const void *w, void *y, float *scale, int64_t rows,
                          int64_t n, float eps, void *stream);

/* dx [rows,n]; dw [n], float32, may be null. Workspace: floats as the next function says. */
int xlstm_cuda_train_norm_backward(enum xlstm_dtype type, const void *x, const void *w, const float *scale,
                                   const void *dy, void *dx, float *dw, float *workspace, int64_t rows, int64_t n,
                                   void *stream);
int64_t xlstm_cuda_train_norm_workspace(int64_t rows, int64_t n);

/* x and y [tokens,H,d]: each pair (c, c + d/2) of a head turned by the token's angle, whose cosine and sine
   [tokens,d/2] are float32. sign -1 turns back, which is the backward. d: a multiple of 2. */
int xlstm_cuda_train_rotate(enum xlstm_dtype type, const void *x, const float *cosine, const float *sine, void *y,
                            int64_t tokens, int64_t H, int64_t d, float sign, void *stream);

/* Of y = gate sigmoid(gate) up, all [n]; n: a multiple of 8. */
int xlstm_cuda_train_swiglu_backward(enum xlstm_dtype type, const void *gate, const void *up, const void *dy,
                                     void *dgate, void *dup, int64_t n, void *stream);

/* Of xlstm_cuda_output_gate: dy [tokens,H] and w [H,3d] float32; dq [tokens,H,d], dk and dv [tokens,Hkv,d] of `type`,
   all three or none; dw [H,3d] float32 or null, with a workspace of floats as the next function says. d: a multiple
   of 8. */
int xlstm_cuda_train_output_gate_backward(enum xlstm_dtype type, const void *q, const void *k, const void *v,
                                          const float *w, const float *dy, void *dq, void *dk, void *dv, float *dw,
                                          float *workspace, int64_t tokens, int64_t H, int64_t Hkv, int64_t d,
                                          void *stream);
int64_t xlstm_cuda_train_output_gate_workspace(int64_t tokens, int64_t H, int64_t d);

/* sums [2], float32: of (x - y)^2 and of y^2 over n elements, a multiple of 8. Workspace: floats as the next function
   says. Backward, of the first sum alone: dx [n] = factor g (x - y), where g is one float32 on the device. */
int xlstm_cuda_train_squares(enum xlstm_dtype type, const void *x, const void *y, float *sums, float *workspace,
                             int64_t n, void *stream);
int64_t xlstm_cuda_train_squares_workspace(int64_t n);
int xlstm_cuda_train_squares_backward(enum xlstm_dtype type, const void *x, const void *y, const float *g, float factor,
                                      void *dx, int64_t n, void *stream);

/* Float32 as a sum of bf16: x = x0 + x1 + x2 to the last bit but for underflow. For every block of `inner` elements of
   x [n] writes `count` (1 to 6) blocks one after the other, the i-th holding part parts[i] (0, 1 or 2). */
int xlstm_cuda_train_split(const float *x, void *y, int64_t n, int64_t inner, const int32_t *parts, int32_t count,
                           void *stream);

#ifdef __cplusplus
}
#endif

#endif /* XLSTM_KERNELS_TRAIN_H */
