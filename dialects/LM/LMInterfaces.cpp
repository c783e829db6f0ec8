//===- LMInterfaces.cpp - what passes ask of an op ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMInterfaces.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

#include "dialects/LM/LMInterfaces.cpp.inc"

namespace xlstm::lm {

static LogicalResult verifyCount(StatefulOpInterface op, ArrayRef<StateSpec> states) {
  if (op.getState().size() == states.size())
    return success();
  InFlightDiagnostic error = op.emitOpError() << "expects either docs or the " << states.size() << " states ";
  llvm::interleaveComma(states, error, [&](const StateSpec &state) { error << state.name; });
  return error << ", found " << op.getState().size() << " states";
}

LogicalResult verifyStates(StatefulOpInterface op) {
  if (TypeRange(op.getState()) != TypeRange(op.getNewState()))
    return op.emitOpError() << "expects a new state for every state, of the same type";
  if (op.getDocStart()) {
    if (!op.getState().empty())
      return op.emitOpError() << "expects either docs or state";
    return success();
  }
  SmallVector<StateSpec> states = op.describeStates();
  if (failed(verifyCount(op, states)))
    return failure();
  for (auto [state, value] : llvm::zip(states, op.getState())) {
    auto type = cast<RankedTensorType>(value.getType());
    if (failed(verifyCompatibleShape(state.type, type)) || state.type.getElementType() != type.getElementType())
      return op.emitOpError() << "expects state " << state.name << " to be " << state.type << ", found " << type;
  }
  return success();
}

StatefulOpInterface addStates(StatefulOpInterface op, ValueRange states) {
  op.getStateMutable().assign(states);
  SmallVector<Type> types(op->getResultTypes());
  llvm::append_range(types, states.getTypes());
  Operation *extended =
      Operation::create(op->getLoc(), op->getName(), types, op->getOperands(), op->getDiscardableAttrDictionary(),
                        op->getPropertiesStorage(), /*successors=*/{}, /*numRegions=*/0);
  OpBuilder(op).insert(extended);
  op->replaceAllUsesWith(extended->getResults().take_front(op->getNumResults()));
  op->erase();
  return cast<StatefulOpInterface>(extended);
}

void describeCaches(SmallVectorImpl<StateSpec> &states, RankedTensorType keys, RankedTensorType values, int64_t window,
                    int64_t sinks) {
  auto cache = [](RankedTensorType type, int64_t length) {
    return RankedTensorType::get({type.getDimSize(0), length, type.getDimSize(2), type.getDimSize(3)},
                                 type.getElementType());
  };
  states.append({{"ring_k", cache(keys, window), 0}, {"ring_v", cache(values, window), 0}});
  if (sinks)
    states.append({{"sink_k", cache(keys, sinks), 0}, {"sink_v", cache(values, sinks), 0}});
}

} // namespace xlstm::lm
