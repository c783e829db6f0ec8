//===- StatefulBuilder.cpp - a forward pass with explicit state -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StatefulBuilder.h"
#include "ModelEditing.h"

#include "mlir/IR/Builders.h"

#include <limits>

using namespace mlir;

namespace xlstm {

namespace {

/// A state of one op: its name within the layer, type, initial value.
struct State {
  std::string name;
  RankedTensorType type;
  float init;
};

class StatefulBuilder {
public:
  StatefulBuilder(lm::ModelOp model, const StatefulOptions &options)
      : model(model), options(options), builder(model.getContext()) {}

  LogicalResult run();

private:
  LogicalResult specializeShapes();
  LogicalResult addPosition();
  LogicalResult makeStateful(lm::LayerOp layer);
  LogicalResult addStates(lm::LayerOp layer, lm::AttentionOp attention, SmallVector<Value> &newStates);
  void addStates(lm::LayerOp layer, xlstm::MlstmOp mlstm, SmallVector<Value> &newStates);
  SmallVector<Value> addArguments(lm::LayerOp layer, ArrayRef<State> states);
  LogicalResult removeDocuments();
  Value keepLastToken(Value logits);

  lm::ModelOp model;
  const StatefulOptions &options;
  OpBuilder builder;
  Value docs, pos;
  int64_t batch = ShapedType::kDynamic, tokens = ShapedType::kDynamic;
  std::vector<std::string> resultNames{"logits"};
  SmallVector<Value> results;
};

/// The size that both agree on; an error when both are static and differ.
FailureOr<int64_t> agree(lm::ModelOp model, StringRef option, int64_t wanted, int64_t found) {
  if (!ShapedType::isDynamic(wanted) && wanted < 1)
    return model.emitError() << option << " expects at least 1, found " << wanted;
  if (ShapedType::isDynamic(found) || wanted == found)
    return wanted;
  if (ShapedType::isDynamic(wanted))
    return found;
  return model.emitError() << option << " is " << wanted << " but @model is fixed to " << found;
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
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      return;
    SmallVector<int64_t> shape(type.getShape());
    int64_t leading[] = {batch, tokens};
    for (auto [found, wanted] : llvm::zip(shape, leading))
      if (ShapedType::isDynamic(found))
        found = wanted;
    value.setType(RankedTensorType::get(shape, type.getElementType()));
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
    auto counted =
        builder.create<lm::PositionsOp>(positions.getLoc(), positions.getType(), positions.getIds(), Value(), pos);
    positions.replaceAllUsesWith(counted.getResult());
    positions.erase();
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

/// One model argument and layer input a state; returns the values inside the layer.
SmallVector<Value> StatefulBuilder::addArguments(lm::LayerOp layer, ArrayRef<State> states) {
  SmallVector<Value> arguments;
  for (const State &state : states) {
    std::string name = "layers." + std::to_string(layer.getIndex()) + "." + state.name;
    auto attributes = builder.getDictionaryAttr(
        {builder.getNamedAttr(lm::LMDialect::initAttrName, builder.getF32FloatAttr(state.init)),
         builder.getNamedAttr(lm::LMDialect::stateAttrName, builder.getStringAttr(name))});
    model.insertArgument(model.getNumArguments(), state.type, attributes, layer.getLoc());
    arguments.push_back(model.getArguments().back());
    resultNames.push_back(name);
  }
  return addLayerInputs(layer, arguments);
}

LogicalResult StatefulBuilder::addStates(lm::LayerOp layer, lm::AttentionOp attention, SmallVector<Value> &newStates) {
  if (attention.getDocStart() != docs)
    return attention.emitOpError() << "expects the model's own doc_start";
  int64_t window = attention.getWindow() ? static_cast<int64_t>(*attention.getWindow()) : options.context;
  if (window == 0)
    window = model.getContextLength().value_or(0);
  if (window < 1)
    return attention.emitOpError()
           << "has no window and the model no context_length: option context expects at least 1";
  int64_t sinks = attention.getSinks().value_or(0);
  auto keys = cast<RankedTensorType>(attention.getK().getType()),
       values = cast<RankedTensorType>(attention.getV().getType());
  auto cache = [&](RankedTensorType type, int64_t length) {
    return RankedTensorType::get({batch, length, type.getDimSize(2), type.getDimSize(3)}, type.getElementType());
  };
  SmallVector<State> states{{"ring_k", cache(keys, window), 0}, {"ring_v", cache(values, window), 0}};
  if (sinks)
    states.append({{"sink_k", cache(keys, sinks), 0}, {"sink_v", cache(values, sinks), 0}});
  SmallVector<Value> arguments = addArguments(layer, states);
  SmallVector<Type> types{attention.getH().getType()};
  llvm::append_range(types, ValueRange(arguments).getTypes());
  builder.setInsertionPoint(attention);
  auto stepped = builder.create<lm::AttentionOp>(
      attention.getLoc(), types, attention.getQ(), attention.getK(), attention.getV(), /*doc_start=*/Value(), pos,
      arguments, attention.getScaleAttr(), builder.getI64IntegerAttr(window), attention.getSinksAttr());
  attention.getH().replaceAllUsesWith(stepped.getH());
  attention.erase();
  llvm::append_range(newStates, stepped.getNewState());
  return success();
}

void StatefulBuilder::addStates(lm::LayerOp layer, xlstm::MlstmOp mlstm, SmallVector<Value> &newStates) {
  auto q = cast<RankedTensorType>(mlstm.getQ().getType()), v = cast<RankedTensorType>(mlstm.getV().getType());
  int64_t heads = q.getDimSize(2), features = q.getDimSize(3);
  Type f32 = builder.getF32Type();
  SmallVector<Value> arguments =
      addArguments(layer, {{"S", RankedTensorType::get({batch, heads, features, v.getDimSize(3)}, f32), 0},
                           {"z", RankedTensorType::get({batch, heads, features}, f32), 0},
                           {"m", RankedTensorType::get({batch, heads}, f32), -std::numeric_limits<float>::infinity()}});
  SmallVector<Type> types{mlstm.getH().getType()};
  llvm::append_range(types, ValueRange(arguments).getTypes());
  builder.setInsertionPoint(mlstm);
  IntegerAttr chunk = options.chunk ? builder.getI64IntegerAttr(options.chunk) : mlstm.getChunkAttr();
  auto stepped = builder.create<xlstm::MlstmOp>(mlstm.getLoc(), types, mlstm.getQ(), mlstm.getK(), mlstm.getV(),
                                                mlstm.getIGate(), mlstm.getFGate(), /*doc_start=*/Value(), arguments,
                                                xlstm::FormAttr::get(builder.getContext(), options.form), chunk);
  mlstm.getH().replaceAllUsesWith(stepped.getH());
  mlstm.erase();
  llvm::append_range(newStates, stepped.getNewState());
}

LogicalResult StatefulBuilder::makeStateful(lm::LayerOp layer) {
  SmallVector<lm::AttentionOp> attentions;
  SmallVector<xlstm::MlstmOp> mlstms;
  SmallVector<Value> newStates;
  WalkResult walk = layer.walk([&](Operation *op) -> WalkResult {
    if (auto attention = dyn_cast<lm::AttentionOp>(op))
      attentions.push_back(attention);
    if (auto mlstm = dyn_cast<xlstm::MlstmOp>(op))
      mlstms.push_back(mlstm);
    if (attentions.size() > 1 || mlstms.size() > 1)
      return op->emitOpError() << "is the second of its kind in layer " << layer.getIndex()
                               << ": their states would have one name";
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  for (xlstm::MlstmOp mlstm : mlstms)
    addStates(layer, mlstm, newStates);
  for (lm::AttentionOp attention : attentions)
    if (failed(addStates(layer, attention, newStates)))
      return failure();
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
  Value last = builder.create<lm::LastTokenOp>(model.getLoc(), one(source), source);
  if (head.empty())
    return last;
  head.back()->setOperand(0, last);
  for (Operation *op : head)
    op->getResult(0).setType(one(op->getResult(0)));
  return logits;
}

LogicalResult StatefulBuilder::run() {
  if (options.context < 0)
    return model.emitError() << "option context expects at least 0, found " << options.context;
  if (options.chunk < 0)
    return model.emitError() << "option chunk expects at least 0, found " << options.chunk;
  if (failed(specializeShapes()) || failed(addPosition()))
    return failure();
  for (lm::LayerOp layer : model.getLayers())
    if (failed(makeStateful(layer)))
      return failure();
  if (failed(removeDocuments()))
    return failure();
  Value logits = getLogits(model);
  results.insert(results.begin(), options.lastLogits && tokens != 1 ? keepLastToken(logits) : logits);
  setResults(model, results, resultNames);
  return success();
}

} // namespace

LogicalResult buildStateful(ModuleOp module, StringRef name, const StatefulOptions &options) {
  lm::ModelOp model = cloneForward(module, name);
  if (!model)
    return failure();
  return StatefulBuilder(model, options).run();
}

} // namespace xlstm
