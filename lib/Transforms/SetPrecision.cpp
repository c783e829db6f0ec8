//===- SetPrecision.cpp - the type of activations and weights -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ModelEditing.h"
#include "xlstm/Transforms/Passes.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_SETPRECISION
#include "lib/Transforms/Passes.h.inc"

namespace {

class PrecisionSetter {
public:
  PrecisionSetter(lm::ModelOp model, Type type) : model(model), type(type) {}

  LogicalResult run();

private:
  LogicalResult set(Block &block);
  LogicalResult set(lm::LayerOp layer);
  LogicalResult set(Operation *op);
  LogicalResult setStates(lm::StatefulOpInterface op);
  LogicalResult giveOperand(OpOperand &operand, Type element);

  lm::ModelOp model;
  Type type;
};

bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value)); }

void retype(Value value, Type element) {
  if (isFloat(value))
    value.setType(cast<RankedTensorType>(value.getType()).clone(element));
}

/// Gives the element type to a parameter or an argument; an argument of a layer stands for the layer's input. What an
/// op computes has its type already.
bool give(Value value, Type element) {
  if (!isFloat(value) || getElementTypeOrSelf(value) == element)
    return true;
  if (auto blocks = value.getDefiningOp<lm::TakeBlocksOp>()) {
    for (Operation *user : blocks.getWeight().getUsers()) // all of one weight, none of them a type of its own
      if (auto other = dyn_cast<lm::TakeBlocksOp>(user))
        retype(other.getResult(), element);
    return give(blocks.getWeight(), element);
  }
  auto argument = dyn_cast<BlockArgument>(value);
  auto layer = argument ? dyn_cast<lm::LayerOp>(argument.getOwner()->getParentOp()) : nullptr;
  bool isGiven = argument ? !layer || give(layer.getInputs()[argument.getArgNumber()], element)
                          : bool(value.getDefiningOp<lm::ParamOp>());
  if (isGiven)
    retype(value, element);
  return isGiven;
}

LogicalResult PrecisionSetter::giveOperand(OpOperand &operand, Type element) {
  if (give(operand.get(), element))
    return success();
  InFlightDiagnostic error = operand.getOwner()->emitOpError()
                             << "cannot be given operand " << operand.getOperandNumber() << " as " << element;
  error.attachNote(operand.get().getLoc()) << "it is computed as " << getElementTypeOrSelf(operand.get());
  return error;
}

LogicalResult PrecisionSetter::set(lm::LayerOp layer) {
  for (auto [argument, input] : llvm::zip(layer.getBody().getArguments(), layer.getInputs()))
    argument.setType(input.getType());
  if (failed(set(layer.getBody().front())))
    return failure();
  Operation *yield = layer.getBody().front().getTerminator();
  for (auto [result, value] : llvm::zip(layer.getOutputs(), yield->getOperands()))
    result.setType(value.getType());
  return success();
}

LogicalResult PrecisionSetter::setStates(lm::StatefulOpInterface op) {
  if (op.getState().empty())
    return success();
  unsigned first = op.getState().getBeginOperandIndex();
  for (auto [i, state] : llvm::enumerate(op.describeStates())) {
    Type element = state.type.getElementType();
    if (failed(giveOperand(op->getOpOperand(first + i), element)))
      return failure();
    retype(op.getNewState()[i], element);
  }
  return success();
}

LogicalResult PrecisionSetter::set(Operation *op) {
  auto typed = dyn_cast<lm::PrecisionOpInterface>(op);
  if (typed)
    for (OpOperand &operand : op->getOpOperands())
      if (Type wanted = typed.getOperandPrecision(operand, type); wanted && failed(giveOperand(operand, wanted)))
        return failure();
  if (op->getNumOperands() == 0) // a parameter gets its type by its users
    return success();
  for (OpResult result : op->getResults())
    retype(result, typed ? typed.getResultPrecision(result, type) : getElementTypeOrSelf(op->getOperand(0)));
  auto stateful = dyn_cast<lm::StatefulOpInterface>(op);
  return stateful ? setStates(stateful) : success();
}

LogicalResult PrecisionSetter::set(Block &block) {
  for (Operation &op : block) {
    auto layer = dyn_cast<lm::LayerOp>(op);
    if (failed(layer ? set(layer) : set(&op)))
      return failure();
  }
  return success();
}

LogicalResult PrecisionSetter::run() {
  Block &body = model.getBody().front();
  if (failed(set(body)))
    return failure();
  model.setType(FunctionType::get(model.getContext(), llvm::to_vector(body.getArgumentTypes()),
                                  llvm::to_vector(body.getTerminator()->getOperandTypes())));
  return success();
}

class SetPrecision : public impl::SetPrecisionBase<SetPrecision> {
public:
  using SetPrecisionBase::SetPrecisionBase;

  void runOnOperation() override {
    Type element = elementOf(type, &getContext());
    FailureOr<SmallVector<lm::ModelOp>> chosen = chooseFunctions(getOperation(), *functions, hasState);
    if (failed(chosen))
      return signalPassFailure();
    for (lm::ModelOp model : *chosen)
      if (failed(PrecisionSetter(model, element).run()))
        return signalPassFailure();
  }
};

} // namespace
} // namespace xlstm
