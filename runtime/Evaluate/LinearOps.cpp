//===- LinearOps.cpp - projections ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Fused.h"
#include "runtime/Evaluate/Interpreter.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>

using at::Tensor;

namespace xlstm::evaluate {

static lm::ParamOp paramOf(mlir::Value value) { return value ? value.getDefiningOp<lm::ParamOp>() : lm::ParamOp(); }

/// The op, and those behind it in its block that multiply the same rows by params: their gradients to the rows can then
/// be added up by the products.
static llvm::SmallVector<lm::LinearOp> groupOf(lm::LinearOp op, const Frame &frame) {
  llvm::SmallVector<lm::LinearOp> group = {op};
  for (mlir::Operation *user : op.getX().getUsers()) {
    auto other = mlir::dyn_cast<lm::LinearOp>(user);
    bool isBehind = other && other->getBlock() == op->getBlock() && op->isBeforeInBlock(other);
    if (isBehind && other.getX() == op.getX() && paramOf(other.getWeight()) &&
        (!other.getBias() || paramOf(other.getBias())) && (!frame.chosen || frame.chosen->contains(other)))
      group.push_back(other);
  }
  llvm::sort(group, [](lm::LinearOp a, lm::LinearOp b) { return a->isBeforeInBlock(b); });
  return group;
}

/// A param that another op of the group brings before its own turn.
static Tensor early(mlir::Value value, Frame &frame) {
  if (!value)
    return Tensor();
  if (!frame.isSet(value))
    runParam(paramOf(value), frame);
  return frame.peek(value);
}

/// All of the op's group at once. False where the kernels do not take the op, or nobody wants a gradient.
static bool runGroup(lm::LinearOp op, Frame &frame) {
  Tensor x = frame.peek(op.getX());
  if (frame.options.onResult || !takesLinear(x, frame.peek(op.getWeight()), op.getBias() != nullptr))
    return false;
  std::vector<Tensor> weights, biases;
  llvm::SmallVector<lm::LinearOp> taken;
  for (lm::LinearOp other : groupOf(op, frame)) {
    Tensor weight = early(other.getWeight(), frame);
    if (!takesLinear(x, weight, other.getBias() != nullptr))
      continue;
    taken.push_back(other);
    weights.push_back(weight);
    biases.push_back(early(other.getBias(), frame));
  }
  bool isWide = weights[0].scalar_type() == at::kFloat;
  if (!isWide && (taken.size() == 1 || !x.requires_grad()))
    return false;
  std::vector<Tensor> results = fusedLinears(x, weights, biases);
  for (auto [other, result] : llvm::zip(taken, results))
    frame.set(other, result);
  return true;
}

static void runLinear(lm::LinearOp op, Frame &frame) {
  if (frame.isSet(op) || runGroup(op, frame)) { // its operands have one use less
    for (mlir::Value operand : op->getOperands())
      frame.takeHeld(operand);
    return;
  }
  Tensor x = frame.take(op.getX()), weight = frame.take(op.getWeight()), bias = frame.takeOptional(op.getBias());
  frame.set(op, at::linear(x, weight, bias.defined() ? std::optional<Tensor>(bias) : std::nullopt));
}

static void runLinearAdd(lm::LinearAddOp op, Frame &frame) {
  Tensor x = frame.take(op.getX()), weight = frame.take(op.getWeight()), residual = frame.take(op.getResidual());
  Tensor bias = frame.takeOptional(op.getBias());
  frame.set(op, residual + at::linear(x, weight, bias.defined() ? std::optional<Tensor>(bias) : std::nullopt));
}

void addLinearOps(OpTable &table) {
  addOp<lm::LinearOp, runLinear>(table);
  addOp<lm::LinearAddOp, runLinearAdd>(table);
}

} // namespace xlstm::evaluate
