//===- Exchange.cpp - what the ranks of a step tell one another ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Exchange.h"

#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>

namespace xlstm {

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
