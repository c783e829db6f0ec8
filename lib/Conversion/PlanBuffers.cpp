//===- PlanBuffers.cpp - give every value its place in memory -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"
#include "dialects/XLSTM/XLSTMDialect.h"
#include "xlstm/Conversion/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

namespace xlstm {
#define GEN_PASS_DEF_PLANBUFFERS
#include "lib/Conversion/Passes.h.inc"
} // namespace xlstm

using namespace mlir;
using namespace xlstm;

namespace {

int64_t placeBytes(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  int64_t bytes = tensor.getNumElements() * static_cast<int64_t>(llvm::divideCeil(tensor.getElementTypeBitWidth(), 8));
  return static_cast<int64_t>(llvm::alignTo(bytes, placeAlignment));
}

/// Places one after the other, one a name. A name keeps its place in every function.
struct NamedPlaces {
  llvm::StringMap<std::pair<int64_t, Type>> places;
  int64_t bytes = 0;

  FailureOr<int64_t> place(Operation *op, StringRef name, Type type) {
    auto [it, isNew] = places.try_emplace(name, bytes, type);
    if (!isNew && it->second.second != type)
      return op->emitOpError() << "expects \"" << name << "\" to have type " << it->second.second
                               << " as in an earlier function, found " << type;
    if (isNew)
      bytes += placeBytes(type);
    return it->second.first;
  }
};

/// A stretch of scratch memory that is in use from op `first` to op `last`.
struct Buffer {
  int64_t bytes, first, last;
  int64_t offset = -1;
};

/// An op's first result and where it lies: in `buffer`, `shift` bytes from its start.
struct Placement {
  unsigned buffer;
  int64_t shift;
};

/// Whether the op's result is a part of its operand's memory.
bool isView(Operation *op) {
  if (auto last = dyn_cast<lm::LastTokenOp>(op)) // of several rows it is no one stretch
    return cast<RankedTensorType>(last.getX().getType()).getDimSize(0) == 1;
  return isa<lm::SplitHeadsOp, lm::MergeHeadsOp>(op);
}

class FunctionPlanner {
public:
  FunctionPlanner(lm::ModelOp model, NamedPlaces &weights, NamedPlaces &states)
      : model(model), weights(weights), states(states) {}

  LogicalResult plan();

  std::vector<Buffer> buffers;
  int64_t scratchBytes = 0;

private:
  void inlineLayers();
  LogicalResult checkShapes();
  LogicalResult placeArguments();
  LogicalResult placeOp(Operation *op, int64_t index);
  LogicalResult followStates(Operation *op);
  LogicalResult checkNewStates();
  void touch(Value value, int64_t index);
  void packBuffers();
  void writeOffsets();

  IntegerAttr offsetAttr(int64_t offset) { return Builder(model.getContext()).getI64IntegerAttr(offset); }

  lm::ModelOp model;
  NamedPlaces &weights, &states;
  llvm::MapVector<Value, Placement> placements;
  /// Of every value that is a state: the state argument whose memory it is.
  DenseMap<Value, BlockArgument> stateOf;
  /// Of every state argument: the value that its memory holds now.
  DenseMap<BlockArgument, Value> current;
};

void FunctionPlanner::inlineLayers() {
  IRRewriter rewriter(model.getContext());
  for (lm::LayerOp layer : llvm::make_early_inc_range(model.getBody().getOps<lm::LayerOp>())) {
    Block &body = layer.getBody().front();
    Operation *yield = body.getTerminator();
    rewriter.inlineBlockBefore(&body, layer, layer.getInputs());
    rewriter.replaceOp(layer, yield->getOperands());
    rewriter.eraseOp(yield);
  }
}

LogicalResult FunctionPlanner::checkShapes() {
  auto check = [](Operation *op, Type type) -> LogicalResult {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape())
      return op->emitOpError() << "expects static shapes to plan its memory, found " << type;
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

LogicalResult FunctionPlanner::placeArguments() {
  unsigned firstState = model.getFirstStateArgument();
  if (firstState != 2 || !cast<RankedTensorType>(model.getArgument(1).getType()).getElementType().isSignlessInteger(32))
    return model.emitOpError() << "expects the arguments ids, pos (i32) and then the states";
  buffers.push_back({placeBytes(model.getArgument(1).getType()), 0, std::numeric_limits<int64_t>::max()});
  for (unsigned i = firstState; i < model.getNumArguments(); ++i) {
    BlockArgument argument = model.getArgument(i);
    auto name = model.getArgAttrOfType<StringAttr>(i, lm::LMDialect::stateAttrName);
    FailureOr<int64_t> offset = states.place(model, name, argument.getType());
    if (failed(offset))
      return failure();
    model.setArgAttr(i, offsetAttrName, offsetAttr(*offset));
    stateOf[argument] = argument;
    current[argument] = argument;
  }
  return success();
}

void FunctionPlanner::touch(Value value, int64_t index) {
  if (auto it = placements.find(value); it != placements.end())
    buffers[it->second.buffer].last = std::max(buffers[it->second.buffer].last, index);
}

/// New states take the place of the old ones: checks that the old ones are no longer needed.
LogicalResult FunctionPlanner::followStates(Operation *op) {
  for (Value operand : op->getOperands())
    if (auto it = stateOf.find(operand);
        it != stateOf.end() && current[it->second] != operand && !isa<lm::ReturnOp>(op))
      return op->emitOpError()
             << "uses state \""
             << model.getArgAttrOfType<StringAttr>(it->second.getArgNumber(), lm::LMDialect::stateAttrName).getValue()
             << "\" after its update, which was made in place";
  auto follow = [&](OperandRange oldStates, ResultRange newStates) -> LogicalResult {
    for (auto [oldState, newState] : llvm::zip(oldStates, newStates)) {
      auto it = stateOf.find(oldState);
      if (it == stateOf.end())
        return op->emitOpError() << "expects its states to be state arguments of the function";
      BlockArgument argument = it->second;
      stateOf[newState] = argument;
      current[argument] = newState;
    }
    return success();
  };
  if (auto attention = dyn_cast<lm::AttentionOp>(op))
    return follow(attention.getState(), attention.getNewState());
  if (auto mlstm = dyn_cast<::xlstm::xlstm::MlstmOp>(op))
    return follow(mlstm.getState(), mlstm.getNewState());
  if (auto hybrid = dyn_cast<::xlstm::xlstm::HybridOp>(op))
    return follow(hybrid.getState(), hybrid.getNewState());
  return success();
}

LogicalResult FunctionPlanner::placeOp(Operation *op, int64_t index) {
  for (Value operand : op->getOperands())
    touch(operand, index);
  if (failed(followStates(op)))
    return failure();
  if (auto param = dyn_cast<lm::ParamOp>(op)) {
    FailureOr<int64_t> offset = weights.place(op, param.getName(), param.getType());
    if (succeeded(offset))
      op->setAttr(offsetAttrName, offsetAttr(*offset));
    return offset;
  }
  if (op->getNumResults() == 0)
    return success();
  Value result = op->getResult(0);
  if (isView(op)) {
    if (!placements.contains(op->getOperand(0)))
      return op->emitOpError() << "expects its operand to be the first result of an op";
    Placement placement = placements[op->getOperand(0)];
    if (auto last = dyn_cast<lm::LastTokenOp>(op)) {
      auto type = cast<RankedTensorType>(last.getX().getType());
      int64_t tokens = type.getDimSize(1);
      placement.shift += (tokens - 1) * (type.getNumElements() / tokens) * type.getElementTypeBitWidth() / 8;
    }
    placements[result] = placement;
    return success();
  }
  placements[result] = {static_cast<unsigned>(buffers.size()), 0};
  buffers.push_back({placeBytes(result.getType()), index, index});
  return success();
}

LogicalResult FunctionPlanner::checkNewStates() {
  unsigned firstState = model.getFirstStateArgument();
  auto terminator = cast<lm::ReturnOp>(model.getBody().front().getTerminator());
  auto newStates = terminator.getOperands().take_back(model.getNumArguments() - firstState);
  for (auto [i, newState] : llvm::enumerate(newStates)) {
    BlockArgument argument = model.getArgument(firstState + i);
    if (current[argument] != newState)
      return terminator.emitOpError()
             << "expects the new state \""
             << model.getArgAttrOfType<StringAttr>(firstState + i, lm::LMDialect::stateAttrName).getValue()
             << "\" to be the last update of its argument";
  }
  return success();
}

/// The largest first, each at the lowest place that no buffer in use at the same time covers.
void FunctionPlanner::packBuffers() {
  std::vector<unsigned> order(buffers.size());
  for (unsigned i = 0; i < order.size(); ++i)
    order[i] = i;
  llvm::stable_sort(order, [&](unsigned a, unsigned b) { return buffers[a].bytes > buffers[b].bytes; });
  std::vector<Buffer *> placed; // by offset
  for (unsigned i : order) {
    Buffer &buffer = buffers[i];
    int64_t offset = 0;
    for (const Buffer *other : placed) {
      if (other->last < buffer.first || buffer.last < other->first)
        continue;
      if (offset + buffer.bytes <= other->offset)
        break;
      offset = std::max(offset, other->offset + other->bytes);
    }
    buffer.offset = offset;
    scratchBytes = std::max(scratchBytes, offset + buffer.bytes);
    placed.insert(llvm::upper_bound(placed, &buffer, [](auto *a, auto *b) { return a->offset < b->offset; }), &buffer);
  }
}

void FunctionPlanner::writeOffsets() {
  model.setArgAttr(1, offsetAttrName, offsetAttr(buffers[0].offset));
  for (auto &[value, placement] : placements)
    value.getDefiningOp()->setAttr(offsetAttrName, offsetAttr(buffers[placement.buffer].offset + placement.shift));
  model->setAttr(scratchBytesAttrName, offsetAttr(scratchBytes));
}

LogicalResult FunctionPlanner::plan() {
  inlineLayers();
  if (failed(checkShapes()) || failed(placeArguments()))
    return failure();
  for (auto [index, op] : llvm::enumerate(model.getBody().front()))
    if (failed(placeOp(&op, static_cast<int64_t>(index))))
      return failure();
  if (failed(checkNewStates()))
    return failure();
  packBuffers();
  writeOffsets();
  return success();
}

class PlanBuffers : public ::xlstm::impl::PlanBuffersBase<PlanBuffers> {
public:
  void runOnOperation() override {
    NamedPlaces weights, states;
    int64_t largest = 0;
    for (lm::ModelOp model : getOperation().getOps<lm::ModelOp>()) {
      if (model.getFirstStateArgument() == model.getNumArguments())
        continue;
      FunctionPlanner planner(model, weights, states);
      if (failed(planner.plan()))
        return signalPassFailure();
      numBuffers += planner.buffers.size();
      for (const Buffer &buffer : planner.buffers)
        unshared += buffer.bytes;
      largest = std::max(largest, planner.scratchBytes);
    }
    scratch = largest;
    Builder builder(&getContext());
    getOperation()->setAttr(weightBytesAttrName, builder.getI64IntegerAttr(weights.bytes));
    getOperation()->setAttr(stateBytesAttrName, builder.getI64IntegerAttr(states.bytes));
  }
};

} // namespace
