//===- StateFlow.cpp - what a function must be to be compiled -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/LMToKernel/StateFlow.h"
#include "lib/Conversion/LMToKernel/KernelBuilder.h"

using namespace mlir;

namespace xlstm {

static LogicalResult checkShapes(lm::ModelOp model) {
  auto check = [](Operation *op, Type type) -> LogicalResult {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor && isa<lm::BlockType>(tensor.getElementType())) // those that can be compiled are known where they are read
      return success();
    FailureOr<kernel::Layout> layout =
        tensor ? kernel::Layout::of(MemRefType::get(tensor.getShape(), tensor.getElementType()))
               : FailureOr<kernel::Layout>(failure());
    if (failed(layout))
      return op->emitOpError() << "expects static shapes that fit into memory, found " << type;
    return success();
  };
  for (Type type : model.getArgumentTypes())
    if (failed(check(model, type)))
      return failure();
  for (Operation &op : model.getBody().front())
    for (Type type : op.getResultTypes())
      if (failed(check(&op, type)))
        return failure();
  return success();
}

static LogicalResult checkSignature(lm::ModelOp model) {
  auto typeOf = [](Type type) { return dyn_cast<RankedTensorType>(type); };
  auto ids = model.getNumArguments() > 1 ? typeOf(model.getArgumentTypes()[0]) : RankedTensorType();
  auto pos = ids ? typeOf(model.getArgumentTypes()[1]) : RankedTensorType();
  if (!pos || model.getFirstStateArgument() != 2 || !pos.getElementType().isSignlessInteger(32) || pos.getRank() != 1 ||
      ids.getRank() != 2 || pos.getDimSize(0) != ids.getDimSize(0))
    return model.emitOpError() << "expects the arguments ids [B, T], pos [B] (i32) and then the states";
  if (!ids.getElementType().isSignlessInteger(64))
    return model.emitOpError() << "expects ids of i64 in compiled functions, found " << ids;
  auto logits = model.getResultTypes().empty() ? RankedTensorType() : typeOf(model.getResultTypes().front());
  if (!logits || logits.getRank() != 3 || logits.getDimSize(1) != 1 || logits.getDimSize(0) != ids.getDimSize(0) ||
      !logits.getElementType().isF32())
    return model.emitOpError() << "expects logits (f32) of one token as the first result, found "
                               << (logits ? Type(logits) : Type(model.getFunctionType()));
  for (unsigned i = 2; i < model.getNumArguments(); ++i)
    if (auto name = model.getArgAttrOfType<StringAttr>(i, lm::LMDialect::stateAttrName).getValue();
        name.rsplit('.').second == positionName || name == positionName)
      return model.emitOpError() << "expects another name for state \"" << name
                                 << "\": compiled functions keep their position there";
  return success();
}

namespace {

class StateFlow {
public:
  explicit StateFlow(lm::ModelOp model) : model(model) {}
  LogicalResult check();

private:
  StringRef nameOf(BlockArgument state) {
    return model.getArgAttrOfType<StringAttr>(state.getArgNumber(), lm::LMDialect::stateAttrName).getValue();
  }
  LogicalResult checkReads(Operation *op);
  LogicalResult follow(Operation *op, OperandRange states, ResultRange newStates);
  LogicalResult checkReturned(Operation *terminator);

  lm::ModelOp model;
  DenseMap<Value, BlockArgument> stateOf; // of a state after any number of updates
  DenseMap<BlockArgument, Value> current; // what a state's memory holds now
};

} // namespace

LogicalResult StateFlow::checkReads(Operation *op) {
  for (Value operand : op->getOperands())
    if (auto it = stateOf.find(operand); it != stateOf.end() && current[it->second] != operand)
      return op->emitOpError() << "uses state \"" << nameOf(it->second)
                               << "\" after its update, which was made in place";
  return success();
}

LogicalResult StateFlow::follow(Operation *op, OperandRange states, ResultRange newStates) {
  for (auto [state, newState] : llvm::zip(states, newStates)) {
    auto it = stateOf.find(state);
    if (it == stateOf.end())
      return op->emitOpError() << "expects its states to be state arguments of the function";
    BlockArgument argument = it->second;
    stateOf[newState] = argument;
    current[argument] = newState;
  }
  return success();
}

LogicalResult StateFlow::checkReturned(Operation *terminator) {
  OperandRange newStates = terminator->getOperands().take_back(model.getNumArguments() - 2);
  for (auto [i, newState] : llvm::enumerate(newStates))
    if (BlockArgument argument = model.getArgument(2 + i); current[argument] != newState)
      return terminator->emitOpError() << "expects the new state \"" << nameOf(argument)
                                       << "\" to be the last update of its argument";
  return success();
}

LogicalResult StateFlow::check() {
  for (BlockArgument argument : model.getArguments().drop_front(2)) {
    stateOf[argument] = argument;
    current[argument] = argument;
  }
  for (Operation &op : model.getBody().front()) {
    if (op.hasTrait<OpTrait::IsTerminator>())
      return checkReturned(&op);
    if (failed(checkReads(&op)))
      return failure();
    if (auto stateful = dyn_cast<lm::StatefulOpInterface>(op);
        stateful && failed(follow(&op, stateful.getState(), stateful.getNewState())))
      return failure();
  }
  return success();
}

LogicalResult checkForCompilation(lm::ModelOp model) {
  return failure(failed(checkSignature(model)) || failed(checkShapes(model)) || failed(StateFlow(model).check()));
}

} // namespace xlstm
