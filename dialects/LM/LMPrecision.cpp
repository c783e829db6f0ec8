//===- LMPrecision.cpp - how ops with weights take a precision ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"

using namespace mlir;

namespace xlstm::lm {

/// Whether a use of the value asks for float32, as that of a gate's pre-activation does.
static bool staysFloat32(Value value, Type activation) {
  return llvm::any_of(value.getUses(), [&](OpOperand &use) {
    auto user = dyn_cast<PrecisionOpInterface>(use.getOwner());
    Type wanted = user ? user.getOperandPrecision(use, activation) : Type();
    return wanted && wanted.isF32() && wanted != activation;
  });
}

/// Whether the value becomes the model's first result, the logits.
static bool isLogits(Value value) {
  while (value.hasOneUse()) {
    OpOperand &use = *value.use_begin();
    if (isa<ReturnOp>(use.getOwner()))
      return use.getOperandNumber() == 0;
    if (!isa<ScaleOp, LastTokenOp>(use.getOwner()))
      return false;
    value = use.getOwner()->getResult(0);
  }
  return false;
}

Type EmbedOp::getOperandPrecision(OpOperand &operand, Type activation) {
  return operand.getOperandNumber() == 1 ? activation : Type();
}

Type EmbedOp::getResultPrecision(OpResult, Type activation) { return activation; }

/// What is float32 always is computed of float32 weights.
Type LinearOp::getOperandPrecision(OpOperand &operand, Type activation) {
  if (operand.getOperandNumber() == 0)
    return {};
  return staysFloat32(getResult(), activation) ? Float32Type::get(getContext()) : activation;
}

Type LinearOp::getResultPrecision(OpResult, Type activation) {
  return isLogits(getResult()) || staysFloat32(getResult(), activation) ? Float32Type::get(getContext()) : activation;
}

/// The weight and the bias; x and the residual come as they are.
Type LinearAddOp::getOperandPrecision(OpOperand &operand, Type activation) {
  return operand.get() == getWeight() || operand.get() == getBias() ? activation : Type();
}

Type LinearAddOp::getResultPrecision(OpResult, Type) { return getResidual().getType().getElementType(); }

/// Logits come as they are; what is summed over them is float32.
Type CrossEntropyOp::getResultPrecision(OpResult, Type) { return Float32Type::get(getContext()); }

Type RmsNormOp::getOperandPrecision(OpOperand &operand, Type) {
  return operand.getOperandNumber() == 1 ? getX().getType().getElementType() : Type();
}

} // namespace xlstm::lm
