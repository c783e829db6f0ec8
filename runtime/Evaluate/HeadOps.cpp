//===- HeadOps.cpp - some heads of all, and all of parts -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/Runs.h"
#include "runtime/Evaluate/Interpreter.h"

#include <ATen/ops/cat.h>

using at::Tensor;

namespace xlstm::evaluate {

/// Blocks of `size` of a dimension in this order. By runs of neighbours, which one alone is too: no index goes to a
/// device.
static Tensor pickBlocks(const Tensor &x, int64_t dim, int64_t size, llvm::ArrayRef<int64_t> blocks) {
  std::vector<Tensor> runs;
  lm::forEachRun(
      blocks, [&](size_t, int64_t first, int64_t count) { runs.push_back(x.narrow(dim, first * size, count * size)); });
  return runs.size() == 1 ? runs[0] : at::cat(runs, dim);
}

static Tensor pickHeads(const Tensor &x_BTHd, llvm::ArrayRef<int64_t> heads) { return pickBlocks(x_BTHd, 2, 1, heads); }

static void runTakeHeads(lm::TakeHeadsOp op, Frame &frame) {
  frame.set(op, pickHeads(frame.takeHeld(op.getX()), op.getHeads()));
}

static void runTakeBlocks(lm::TakeBlocksOp op, Frame &frame) {
  frame.set(op,
            pickBlocks(frame.takeHeld(op.getWeight()), int64_t(op.getAxis()), int64_t(op.getSize()), op.getBlocks()));
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
  addOp<lm::TakeBlocksOp, runTakeBlocks>(table);
  addOp<lm::JoinHeadsOp, runJoinHeads>(table);
}

} // namespace xlstm::evaluate
