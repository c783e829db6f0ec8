//===- HeadLosses.h - the head with both losses as one differentiable function ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Letters: N tokens, D hidden width, V vocabulary, K stored tokens of the teacher.

#ifndef XLSTM_RUNTIME_EVALUATE_HEADLOSSES_H
#define XLSTM_RUNTIME_EVALUATE_HEADLOSSES_H

#include "runtime/Evaluate/LossRows.h"

namespace xlstm::evaluate {

/// How many tokens are taken at once where ATen multiplies: the products of a chunk read and write a whole weight, so
/// it has tokens enough to pay for that; its rows are then taken as many at a time as a CPU's cache holds.
struct HeadLossChunks {
  int64_t elements = 1 << 22, leastTokens = 256; // of a chunk's logits; but never fewer tokens
  int64_t cacheElements = 1 << 18;
};

/// The operands of xlstm.head_losses, tokens of all rows in one dimension.
struct HeadLossOperands {
  at::Tensor hidden_ND, weight_VD; // of one type
  LossTargets targets;             // logprobs and tail in at least float32
  double logitScale = 1;
  HeadLossChunks chunks = {};
};

/// Scalars of at least float32; the gradient goes through `loss`.
struct HeadLossResult {
  at::Tensor loss, ce, kl;
};

/// Whether a CUDA kernel takes these as they are: bf16 or float32, widths that are multiples of 8.
bool hasHeadLossKernel(const HeadLossOperands &x);

/// By the kernel where there is one; otherwise by ATen, for operands of at least float32. Logits exist for some tokens
/// at a time. Where a gradient is wanted it is computed along with the losses, while a token's logits are at hand.
HeadLossResult headLosses(const HeadLossOperands &x);

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_HEADLOSSES_H
