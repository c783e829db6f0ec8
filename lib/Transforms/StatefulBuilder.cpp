//===- StatefulBuilder.cpp - a forward pass with explicit state -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StatefulBuilder.h"
#include "ModelEditing.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace xlstm {

namespace {

class StatefulBuilder {
public:
  StatefulBuilder(lm::ModelOp model, const StatefulOptions &options)
      : model(model), options(options), builder(model.getContext()) {
    if (this->options.step.context == 0)
      this->options.step.context = model.getContextLength().value_or(0);
  }

  LogicalResult run();

private:
  LogicalResult specializeShapes();
  LogicalResult addPosition();
  LogicalResult makeStateful(lm::LayerOp layer);
  SmallVector<Value> addArguments(lm::LayerOp layer, ArrayRef<lm::StateSpec> states);
  LogicalResult removeDocuments();
  Value keepLastToken(Value logits);

  lm::ModelOp model;
  StatefulOptions options;
  OpBuilder builder;
  Value docs, pos;
  int64_t batch = ShapedType::kDynamic, tokens = ShapedType::kDynamic;
  std::vector<std::string> resultNames{"logits"};
  SmallVector<Value> results;
};

/// The size that both agree on; an error when both are static and differ.
FailureOr<int64_t> agree(lm::ModelOp model, StringRef option, int64_t wanted, int64_t found) {
  int64_t size = ShapedType::isDynamic(wanted) ? found : wanted;
  if (!ShapedType::isDynamic(size) && failed(checkCount(model, option, size, 1)))
    return failure();
  if (!ShapedType::isDynamic(found) && size != found)
    return model.emitError() << option << " is " << wanted << " but @model is fixed to " << found;
  return size;
}

/// Makes the leading dimensions [B, T] of every activation what they will be.
LogicalResult StatefulBuilder::specializeShapes() {
  ArrayRef<int64_t> ids = cast<RankedTensorType>(model.getArgument(0).getType()).getShape();
  FailureOr<int64_t> rows = agree(model, "batch", options.batch, ids[0]);
  FailureOr<int64_t> columns = agree(model, "tokens", options.tokens, ids[1]);
  if (failed(rows) || failed(columns))
    return failure();
  batch = *rows;
  tokens = *columns;
  auto specialize = [&](Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<int64_t> shape(type.getShape());
    int64_t leading[] = {batch, tokens};
    for (auto [found, wanted] : llvm::zip(shape, leading))
      if (ShapedType::isDynamic(found))
        found = wanted;
    value.setType(type.clone(shape));
  };
  llvm::for_each(model.getArguments(), specialize);
  model.getBody().walk([&](Operation *op) {
    llvm::for_each(op->getResults(), specialize);
    for (Region &region : op->getRegions())
      llvm::for_each(region.getArguments(), specialize);
  });
  return success();
}

/// Argument pos [B] beside docs, and every lm.positions counting from it.
LogicalResult StatefulBuilder::addPosition() {
  model.insertArgument(1, RankedTensorType::get({batch}, builder.getI32Type()), {}, model.getLoc());
  pos = model.getArgument(1);
  docs = model.getArgument(2);
  WalkResult walk = model.walk([&](lm::PositionsOp positions) -> WalkResult {
    if (positions.getDocStart() != docs)
      return positions.emitOpError() << "expects the model's own doc_start";
    builder.setInsertionPoint(positions);
    auto counted = builder.create<lm::PositionsOp>(positions.getLoc(), positions.getIds(), Value(), pos);
    positions.replaceAllUsesWith(counted.getResult());
    positions.erase();
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

/// One model argument and layer input a state; returns the values inside the layer.
SmallVector<Value> StatefulBuilder::addArguments(lm::LayerOp layer, ArrayRef<lm::StateSpec> states) {
  SmallVector<Value> arguments;
  for (const lm::StateSpec &state : states) {
    std::string name = ("layers." + Twine(layer.getIndex()) + "." + state.name).str();
    auto attributes = builder.getDictionaryAttr(
        {builder.getNamedAttr(lm::LMDialect::initAttrName, builder.getF32FloatAttr(state.init)),
         builder.getNamedAttr(lm::LMDialect::stateAttrName, builder.getStringAttr(name))});
    model.insertArgument(model.getNumArguments(), state.type, attributes, layer.getLoc());
    arguments.push_back(model.getArguments().back());
    resultNames.push_back(name);
  }
  return addLayerInputs(layer, arguments);
}

/// Checks that the op's states can be arguments: of other names than those in `names`, of a size that fits.
LogicalResult checkStates(lm::StatefulOpInterface op, ArrayRef<lm::StateSpec> states, llvm::StringSet<> &names) {
  for (const lm::StateSpec &state : states) {
    if (!names.insert(state.name).second)
      return op.emitOpError() << "is the second of its layer with a state " << state.name;
    if (!lm::storageBytes(state.type))
      return op.emitOpError() << "expects state " << state.name << " to have less than 2^63 bytes, found "
                              << state.type;
  }
  return success();
}

LogicalResult StatefulBuilder::makeStateful(lm::LayerOp layer) {
  SmallVector<lm::StatefulOpInterface> ops;
  layer.walk([&](lm::StatefulOpInterface op) { ops.push_back(op); });
  llvm::StringSet<> names;
  SmallVector<Value> newStates;
  for (lm::StatefulOpInterface op : ops) {
    if (op.getDocStart() != docs)
      return op.emitOpError() << "expects the model's own doc_start";
    if (failed(op.continueDocuments(pos, options.step)))
      return failure();
    SmallVector<lm::StateSpec> states = op.describeStates();
    if (failed(checkStates(op, states, names)))
      return failure();
    llvm::append_range(newStates, lm::addStates(op, addArguments(layer, states)).getNewState());
  }
  lm::LayerOp extended = addLayerResults(layer, newStates);
  llvm::append_range(results, extended.getOutputs().take_back(newStates.size()));
  return success();
}

LogicalResult StatefulBuilder::removeDocuments() {
  if (!docs.use_empty()) {
    Operation *user = *docs.user_begin();
    return user->emitOpError() << "reads doc_start and has no form with explicit state outside of a layer";
  }
  model.eraseArgument(2);
  return success();
}

/// Takes the last token in front of the output head (linear and rms_norm ops), so that the head reads one token only.
Value StatefulBuilder::keepLastToken(Value logits) {
  SmallVector<Operation *> head;
  Value source = logits;
  auto isHead = [&](Operation *op) {
    return isa_and_nonnull<lm::LinearOp, lm::RmsNormOp>(op) && op->getParentOp() == model && op->hasOneUse();
  };
  for (Operation *op = source.getDefiningOp(); isHead(op); op = source.getDefiningOp()) {
    head.push_back(op);
    source = op->getOperand(0);
  }
  auto one = [](Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    return RankedTensorType::get({type.getDimSize(0), 1, type.getDimSize(2)}, type.getElementType());
  };
  builder.setInsertionPointAfterValue(source);
  Value last = builder.create<lm::LastTokenOp>(model.getLoc(), source);
  if (head.empty())
    return last;
  head.back()->setOperand(0, last);
  for (Operation *op : head)
    op->getResult(0).setType(one(op->getResult(0)));
  return logits;
}

LogicalResult StatefulBuilder::run() {
  if (failed(checkCount(model, "context", options.step.context, 0)) ||
      failed(checkCount(model, "chunk", options.step.chunk, 0)) || failed(specializeShapes()) || failed(addPosition()))
    return failure();
  for (lm::LayerOp layer : model.getLayers())
    if (failed(makeStateful(layer)))
      return failure();
  if (failed(removeDocuments()))
    return failure();
  Value logits = getLogits(model);
  results.insert(results.begin(), options.lastLogits && tokens != 1 ? keepLastToken(logits) : logits);
  setResults(model, results, resultNames);
  return verify(model); // sizes that dynamic ones agreed with may not agree with the options'
}

} // namespace

LogicalResult buildStateful(ModuleOp module, StringRef name, const StatefulOptions &options) {
  lm::ModelOp model = cloneForward(module, name);
  if (!model)
    return failure();
  return StatefulBuilder(model, options).run();
}

} // namespace xlstm
