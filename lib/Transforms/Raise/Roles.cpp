//===- Roles.cpp - what an op of a layer is for ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Roles.h"

using namespace mlir;

namespace xlstm::raise {

/// Which operand of attention a value becomes: 0 queries, 1 keys, 2 values; nothing for another value.
static std::optional<unsigned> streamOf(Value value) {
  while (value.hasOneUse()) {
    OpOperand &use = *value.getUses().begin();
    Operation *user = use.getOwner();
    if (isa<lm::AttentionOp>(user))
      return use.getOperandNumber() < 3 ? std::optional(use.getOperandNumber()) : std::nullopt;
    if (!isa<lm::SplitHeadsOp, lm::RopeOp, lm::RmsNormOp>(user) || use.getOperandNumber() != 0)
      return std::nullopt;
    value = user->getResult(0);
  }
  return std::nullopt;
}

static Role step(Role first, unsigned stream) { return static_cast<Role>(static_cast<unsigned>(first) + stream); }

static std::optional<Role> roleOfLinear(lm::LinearOp op) {
  if (std::optional<unsigned> stream = streamOf(op.getResult()))
    return step(Role::Query, *stream);
  if (op.getX().getDefiningOp<lm::MergeHeadsOp>())
    return Role::Output;
  if (op.getX().getDefiningOp<lm::SwigluOp>())
    return Role::Down;
  for (OpOperand &use : op.getResult().getUses())
    if (isa<lm::SwigluOp>(use.getOwner()))
      return use.getOperandNumber() == 0 ? Role::Gate : Role::Up;
  return std::nullopt;
}

static std::optional<Role> roleOfNorm(lm::RmsNormOp op) {
  std::optional<unsigned> stream = streamOf(op.getResult());
  if (stream && *stream < 2)
    return step(cast<RankedTensorType>(op.getType()).getRank() == 4 ? Role::QueryHeadNorm : Role::QueryNorm, *stream);
  if (auto linear = op.getX().getDefiningOp<lm::LinearOp>())
    return roleOfLinear(linear) == Role::Output ? Role::AttentionOutputNorm : Role::MlpOutputNorm;
  for (Operation *user : op.getResult().getUsers()) {
    auto linear = dyn_cast<lm::LinearOp>(user);
    std::optional<Role> role = linear ? roleOfLinear(linear) : std::nullopt;
    if (role)
      return *role <= Role::Value ? Role::AttentionInputNorm : Role::MlpInputNorm;
  }
  return std::nullopt;
}

std::optional<Role> roleOf(Operation *op, lm::AddOp attentionSum) {
  if (auto linear = dyn_cast<lm::LinearOp>(op))
    return roleOfLinear(linear);
  if (auto norm = dyn_cast<lm::RmsNormOp>(op))
    return roleOfNorm(norm);
  if (isa<lm::SplitHeadsOp, lm::RopeOp>(op)) {
    std::optional<unsigned> stream = streamOf(op->getResult(0));
    bool isRope = isa<lm::RopeOp>(op);
    if (!stream || (isRope && *stream == 2))
      return std::nullopt;
    return step(isRope ? Role::QueryRope : Role::QueryHeads, *stream);
  }
  if (isa<lm::AttentionOp>(op))
    return Role::Attention;
  if (isa<lm::MergeHeadsOp>(op))
    return Role::MergedHeads;
  if (isa<lm::SwigluOp>(op))
    return Role::Swiglu;
  if (auto add = dyn_cast<lm::AddOp>(op))
    return add == attentionSum ? Role::AttentionSum : Role::MlpSum;
  return std::nullopt;
}

} // namespace xlstm::raise
