/*===- SparseLoss.h - C ABI of the head with both losses: CUDA -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// logits = logit_scale hidden weight^T; loss = gamma cross-entropy(labels) + beta KL(teacher || student), both means over the tokens
// with a label of at least 0 (docs/Method.md, stage II), forward and backward in one call. Logits exist for a few
// thousand tokens at a time, in `type`, and become their own gradient in place: N x V floats are never held.
*/

#ifndef XLSTM_KERNELS_SPARSELOSS_H
#define XLSTM_KERNELS_SPARSELOSS_H

#include "xlstm/Kernels/Hybrid.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int64_t N, D, V, K; /* tokens; hidden width; vocabulary, a multiple of 8; the teacher's stored tokens, 0 to 4096 */
  int64_t tokens;     /* at once; 0: as many as keep the logits under 290 MB, or 460 MB for float32 d_weight */
  float gamma, beta, logit_scale;
  int32_t with_tail; /* nonzero: one more bucket for all other tokens; zero: both sides renormalised over the K */
  enum xlstm_dtype type;        /* of hidden, weight and d_hidden: XLSTM_F32 or XLSTM_BF16 */
  enum xlstm_dtype weight_type; /* of d_weight: XLSTM_F32, or XLSTM_BF16 (rounded once every `tokens`) */
} xlstm_sparse_loss_shape;

typedef struct {
  const void *hidden;     /* [N,D] */
  const void *weight;     /* [V,D] */
  const int32_t *labels;  /* [N]; negative: the token counts for nothing */
  const int32_t *ids;     /* [N,K]; one outside [0, V) is left out, a repeated one counts at each place in the KL */
  const float *logprobs;  /* [N,K] */
  const float *tail;      /* [N], the logarithm of the others' probability; null without tail */
} xlstm_sparse_loss_inputs;

size_t xlstm_cuda_sparse_loss_workspace(const xlstm_sparse_loss_shape *shape);

/* losses [3]: loss, cross-entropy, KL. d_hidden [N,D] and d_weight [V,D] are written, of the loss times `scale`; either
   may be null. Enqueued on `stream`; 0, a cudaError_t, or 1000 + a cublasStatus_t. */
int xlstm_cuda_sparse_loss(const xlstm_sparse_loss_shape *shape, const xlstm_sparse_loss_inputs *in, float scale,
                           float *losses, void *d_hidden, void *d_weight, void *workspace, void *stream);

/* Tries the algorithms that cuBLASLt suggests for the products of this call, a few seconds at a head's size, and keeps the
   fastest for all later calls of the shape in this process (whose last bits may then be others). Writes to d_hidden,
   d_weight and workspace, with no meaning; waits for `stream`, which must not be captured. */
int xlstm_cuda_sparse_loss_tune(const xlstm_sparse_loss_shape *shape, const xlstm_sparse_loss_inputs *in, void *d_hidden,
                                void *d_weight, void *workspace, void *stream);

#ifdef __cplusplus
}
#endif

#endif /* XLSTM_KERNELS_SPARSELOSS_H */
