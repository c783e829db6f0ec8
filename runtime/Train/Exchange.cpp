//===- Exchange.cpp - what the ranks of a step tell one another ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Exchange.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>

namespace xlstm {

/// Summed at once: enough that a collective's own time does not count, and little beside the gradients.
static constexpr int64_t BucketElements = 1 << 24;

static void sumTogether(Group &group, const std::vector<at::Tensor> &gradients) {
  std::vector<at::Tensor> flat;
  for (const at::Tensor &gradient : gradients)
    flat.push_back(gradient.flatten());
  at::Tensor all = at::cat(flat);
  group.allReduce(all);
  int64_t at = 0;
  for (const at::Tensor &gradient : gradients) {
    gradient.copy_(all.narrow(0, at, gradient.numel()).view(gradient.sizes()));
    at += gradient.numel();
  }
}

void sumGradients(Group &group, const ParamMap &trained) {
  if (group.isAlone())
    return;
  c10::NoGradGuard noGrad;
  std::vector<at::Tensor> bucket;
  int64_t elements = 0;
  for (const auto &[name, param] : trained) {
    const at::Tensor &gradient = param.grad();
    if (!gradient.defined()) // nor has it on another rank: which params a function reads does not depend on its rows
      continue;
    bucket.push_back(gradient);
    elements += gradient.numel();
    if (elements < BucketElements)
      continue;
    sumTogether(group, std::exchange(bucket, {}));
    elements = 0;
  }
  if (!bucket.empty())
    sumTogether(group, bucket);
}

void sumMetrics(Group &group, StepMetrics &metrics, GateRanges &gates) {
  if (group.isAlone())
    return;
  c10::NoGradGuard noGrad;
  at::Tensor sums = at::stack(metrics.numbers());
  group.allReduce(sums);
  for (size_t n = 0; n < metrics.numbers().size(); ++n)
    metrics.numbers()[n] = sums.select(0, int64_t(n));
  if (!gates.input.least.defined())
    return;
  GateRanges::Range &in = gates.input, &out = gates.forget;
  at::Tensor greatest = at::stack({in.least.neg(), in.greatest, out.least.neg(), out.greatest});
  group.allReduce(greatest, Reduction::Max);
  in = {greatest.select(0, 0).neg(), greatest.select(0, 1)};
  out = {greatest.select(0, 2).neg(), greatest.select(0, 3)};
}

} // namespace xlstm
