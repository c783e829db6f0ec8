//===- LossRows.cpp - both losses of some tokens, their logits at hand ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The stored tokens' logits are taken out of the row first, so that the others are summed without them: one minus their
// sum would lose a small tail. An exponential of the others is taken once, and is their gradient but for a factor.

#include "runtime/Evaluate/LossRows.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/where.h>

#include <limits>

using at::Tensor;

namespace xlstm::evaluate {

constexpr double Infinity = std::numeric_limits<double>::infinity();

LossTargets LossTargets::narrow(int64_t from, int64_t count) const {
  LossTargets part = *this;
  for (Tensor *tensor : {&part.labels_N, &part.ids_NK, &part.logprobs_NK, &part.tail_N})
    *tensor = tensor->narrow(0, from, count);
  return part;
}

/// The stored tokens' logits, [N, K], which become minus infinity in `logits`. `isFirst`: an id that is stored several
/// times is one token of the vocabulary, which one of its places stands for.
static Tensor takeChosen(Tensor &logits, const Tensor &ids, Tensor &isFirst) {
  Tensor chosen = logits.gather(1, ids);
  Tensor place = at::arange(ids.size(1), logits.options()).expand_as(ids);
  logits.scatter_(1, ids, place);
  isFirst = logits.gather(1, ids).eq_(place).to(at::kBool);
  logits.scatter_(1, ids, -Infinity);
  return chosen;
}

/// sum p (log p - log q), where p = 0 gives 0.
static Tensor divergence(const Tensor &logP, const Tensor &logQ) {
  Tensor p = logP.exp();
  return (p * at::where(p > 0, logP - logQ, at::Scalar(0))).sum(-1);
}

void lossRows(Tensor logits, const LossTargets &targets, const Tensor &share, bool wantsGradient, Tensor ce,
              Tensor kl) {
  const Tensor &ids = targets.ids_NK;
  Tensor isLabelled = targets.labels_N >= 0, labels = targets.labels_N.clamp_min(0).unsqueeze(1), isFirst;
  Tensor labelLogit = logits.gather(1, labels), chosen = takeChosen(logits, ids, isFirst);

  Tensor top = logits.amax(1, true);
  top.masked_fill_(top == -Infinity, 0); // all of the vocabulary is stored
  Tensor sum = logits.sub_(top).exp_().sum(1, true), others = sum.log() + top;
  Tensor once = chosen.masked_fill(isFirst.logical_not(), -Infinity);
  Tensor all = at::logsumexp(at::cat({once, others}, 1), 1, true);
  ce.copy_((all - labelLogit).squeeze(1)).masked_fill_(isLabelled.logical_not(), 0);

  const bool withTail = targets.withTail;
  Tensor logP = withTail ? at::cat({targets.logprobs_NK, targets.tail_N.unsqueeze(1)}, 1) : targets.logprobs_NK;
  Tensor logQ = withTail ? at::cat({chosen, others}, 1) : chosen;
  logP = logP.log_softmax(1), logQ = logQ.log_softmax(1);
  kl.copy_(divergence(logP, logQ)).masked_fill_(isLabelled.logical_not(), 0);
  if (!wantsGradient)
    return;

  Tensor factor = isLabelled.to(logits.scalar_type()).mul_(share).unsqueeze(1), ofCe = factor * targets.ceWeight;
  Tensor ofBuckets = logQ.exp_().sub_(logP.exp_()).mul_(factor * targets.klWeight); // d KL / d log q, q normalised
  Tensor ofOthers = (top - all).exp_().mul_(ofCe);
  if (withTail)
    ofOthers += ofBuckets.narrow(1, ids.size(1), 1) / sum;
  logits.mul_(ofOthers.masked_fill_(sum == 0, 0));
  logits.scatter_add_(1, ids, (once - all).exp_().mul_(ofCe).add_(ofBuckets.narrow(1, 0, ids.size(1))));
  logits.scatter_add_(1, labels, ofCe.neg_());
}

} // namespace xlstm::evaluate
