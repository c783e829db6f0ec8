//===- Derivatives.h - functions whose derivative is written by hand ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where autograd over single ATen ops would keep or make several tensors of the size of the largest.

#ifndef XLSTM_RUNTIME_EVALUATE_DERIVATIVES_H
#define XLSTM_RUNTIME_EVALUATE_DERIVATIVES_H

#include <ATen/core/Tensor.h>

namespace xlstm::evaluate {

/// x / sqrt(mean(x^2) + eps) * weight over the last dimension.
at::Tensor rmsNorm(const at::Tensor &x, const at::Tensor &weight, double eps);

/// Rotates the channel pairs (i, i + d/2) of x [B, T, H, d]; cos and sin [B, T, 1, d/2] are constants.
at::Tensor rotatePairs(const at::Tensor &x, const at::Tensor &cos, const at::Tensor &sin);

/// (q . k) exp(a_s - top_t) for query t and key s of a chunk, 0 where `hidden`: q, k [.., L, m], a and top [.., L] in
/// float64, hidden [.., L, L]. `top` is a constant.
at::Tensor decayedScores(const at::Tensor &q, const at::Tensor &k, const at::Tensor &a, const at::Tensor &top,
                         const at::Tensor &hidden);

/// x[.., :d] / max(x[.., d], smallest) for x [.., d + 1].
at::Tensor divideByLast(const at::Tensor &x, double smallest);

/// -log softmax(logits)[label] of every row, 0 for a negative label: logits [R, V], labels [R].
at::Tensor rowCrossEntropy(const at::Tensor &logits, const at::Tensor &labels);

/// log of the sum of exp(logits) over the tokens that are not in `ids`: logits [R, V], ids [R, K], result [R].
at::Tensor logSumOfOthers(const at::Tensor &logits, const at::Tensor &ids);

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_DERIVATIVES_H
