//===- XLSTMPrecision.cpp - how the mixer's ops take a precision ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gates are float32 always, and so are the weights of the output gate.

#include "dialects/XLSTM/XLSTMDialect.h"

using namespace mlir;

namespace xlstm::xlstm {

Type FeatureMapOp::getOperandPrecision(OpOperand &operand, Type activation) {
  return operand.getOperandNumber() == 1 ? activation : Type();
}
Type FeatureMapOp::getResultPrecision(OpResult, Type activation) { return activation; }

Type OutputGateOp::getOperandPrecision(OpOperand &operand, Type) {
  bool isWeight = operand.getOperandNumber() >= 3;
  return isWeight ? Float32Type::get(getContext()) : Type();
}
Type OutputGateOp::getResultPrecision(OpResult, Type) { return Float32Type::get(getContext()); }

Type MlstmOp::getOperandPrecision(OpOperand &operand, Type) {
  bool isGate = operand.get() == getIGate() || operand.get() == getFGate();
  return isGate ? Float32Type::get(getContext()) : Type();
}
Type MlstmOp::getResultPrecision(OpResult, Type activation) { return activation; }

Type MixOp::getOperandPrecision(OpOperand &operand, Type) {
  return operand.getOperandNumber() == 0 ? Float32Type::get(getContext()) : Type();
}
Type MixOp::getResultPrecision(OpResult, Type) { return getMemory().getType().getElementType(); }

Type BlendOp::getOperandPrecision(OpOperand &operand, Type) {
  return operand.getOperandNumber() == 0 ? Float32Type::get(getContext()) : Type();
}
Type BlendOp::getResultPrecision(OpResult, Type) { return getFull().getType().getElementType(); }

Type HybridOp::getOperandPrecision(OpOperand &operand, Type activation) {
  Value value = operand.get();
  if (value == getQMap() || value == getKMap())
    return activation;
  bool isGate = value == getOGate() || value == getIGate() || value == getFGate();
  return isGate ? Float32Type::get(getContext()) : Type();
}
Type HybridOp::getResultPrecision(OpResult, Type activation) { return activation; }

Type AlignLossOp::getResultPrecision(OpResult, Type) { return Float32Type::get(getContext()); }
Type SparseKlOp::getResultPrecision(OpResult, Type) { return Float32Type::get(getContext()); }

Type HeadLossesOp::getOperandPrecision(OpOperand &operand, Type activation) {
  return operand.get() == getWeight() ? activation : Type();
}
Type HeadLossesOp::getResultPrecision(OpResult, Type) { return Float32Type::get(getContext()); }

} // namespace xlstm::xlstm
