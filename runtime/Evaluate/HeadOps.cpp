//===- HeadOps.cpp - some heads of all, and all of parts -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Interpreter.h"

#include <ATen/ops/cat.h>

using at::Tensor;

namespace xlstm::evaluate {

/// Heads of x_BTHd in this order. By runs of neighbours, which one head alone is too: no index goes to a device.
static Tensor pickHeads(const Tensor &x_BTHd, llvm::ArrayRef<int64_t> heads) {
  std::vector<Tensor> runs;
  for (size_t from = 0, to = 0; from < heads.size(); from = to) {
    for (to = from + 1; to < heads.size() && heads[to] == heads[to - 1] + 1;)
      ++to;
    runs.push_back(x_BTHd.narrow(2, heads[from], int64_t(to - from)));
  }
  return runs.size() == 1 ? runs[0] : at::cat(runs, 2);
}

static void runTakeHeads(lm::TakeHeadsOp op, Frame &frame) {
  frame.set(op, pickHeads(frame.takeHeld(op.getX()), op.getHeads()));
}

static void runJoinHeads(lm::JoinHeadsOp op, Frame &frame) {
  std::vector<Tensor> parts;
  for (mlir::Value part : op.getParts())
    parts.push_back(frame.takeHeld(part));
  std::vector<int64_t> from(op.getHeads().size()); // where a head of the result lies in the parts
  for (auto [i, head] : llvm::enumerate(op.getHeads()))
    from[head] = int64_t(i);
  frame.set(op, pickHeads(at::cat(parts, 2), from));
}

void addHeadOps(OpTable &table) {
  addOp<lm::TakeHeadsOp, runTakeHeads>(table);
  addOp<lm::JoinHeadsOp, runJoinHeads>(table);
}

} // namespace xlstm::evaluate
