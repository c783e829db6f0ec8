//===- LossRows.h - both losses of some tokens, their logits at hand ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Letters: N tokens, V vocabulary, K stored tokens of the teacher.

#ifndef XLSTM_RUNTIME_EVALUATE_LOSSROWS_H
#define XLSTM_RUNTIME_EVALUATE_LOSSROWS_H

#include <ATen/core/Tensor.h>

namespace xlstm::evaluate {

/// What the losses compare logits with.
struct LossTargets {
  at::Tensor labels_N;               // int64; negative: the token counts for nothing
  at::Tensor ids_NK;                 // int64
  at::Tensor logprobs_NK, tail_N;    // in the type of the logits
  bool withTail = false;             // one more bucket for all other tokens; otherwise both sides renormalised
  double ceWeight = 1, klWeight = 1; // of the losses in what is differentiated

  LossTargets narrow(int64_t from, int64_t count) const;
};

/// Cross-entropy and KL of every token [N], 0 for a negative label, into `ce` and `kl`. `logits` [N, V] is used up:
/// with `wantsGradient` it becomes the gradient of share (ceWeight sum(ce) + klWeight sum(kl)), `share` a scalar.
void lossRows(at::Tensor logits, const LossTargets &targets, const at::Tensor &share, bool wantsGradient, at::Tensor ce,
              at::Tensor kl);

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_LOSSROWS_H
