//===- Losses.cpp - cross-entropy and sparse KL over large vocabularies ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Losses.h"

#include "runtime/Evaluate/Derivatives.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/where.h>

using at::Tensor;

namespace xlstm::evaluate {

/// Mean of `loss` where there is a label.
static Tensor labelledMean(const Tensor &loss_BT, const Tensor &labels_BT) {
  Tensor labelled = labels_BT >= 0;
  return at::where(labelled, loss_BT, at::Scalar(0)).sum() / labelled.sum().clamp_min(1).to(loss_BT.scalar_type());
}

Tensor crossEntropy(const Tensor &logits_BTV, const Tensor &labels_BT) {
  Tensor loss = rowCrossEntropy(logits_BTV.flatten(0, 1), labels_BT.to(at::kLong).flatten());
  return labelledMean(loss.view(labels_BT.sizes()), labels_BT);
}

/// sum p (log p - log q), where p = 0 gives 0.
static Tensor divergence(const Tensor &logP, const Tensor &logQ) {
  Tensor p = logP.exp(), isPositive = p > 0;
  return (p * at::where(isPositive, logP - logQ, at::Scalar(0))).sum(-1);
}

Tensor sparseKl(const Tensor &logits_BTV, const Tensor &ids_BTK, const Tensor &logprobs_BTK, const Tensor &tail_BT,
                const Tensor &labels_BT, bool withTail) {
  Tensor ids = ids_BTK.to(at::kLong), chosen = logits_BTV.gather(-1, ids);
  if (!withTail)
    return labelledMean(divergence(logprobs_BTK.log_softmax(-1), chosen.log_softmax(-1)), labels_BT);
  // Summed without the chosen ones: 1 - sum would lose a small tail.
  Tensor rest = logSumOfOthers(logits_BTV.flatten(0, 1), ids.flatten(0, 1)).view(tail_BT.sizes()).unsqueeze(-1);
  Tensor logP = at::cat({logprobs_BTK, tail_BT.unsqueeze(-1)}, -1).log_softmax(-1);
  return labelledMean(divergence(logP, at::cat({chosen, rest}, -1).log_softmax(-1)), labels_BT);
}

} // namespace xlstm::evaluate
