//===- ModelEditing.cpp - clone, extend and clean up lm.model ops ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ModelEditing.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Iterators.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace xlstm {

LogicalResult checkCount(Operation *op, StringRef option, int64_t value, int64_t least) {
  if (value < least)
    return op->emitError() << "option " << option << " expects at least " << least << ", found " << value;
  if (value > lm::maxTokens)
    return op->emitError() << "option " << option << " expects at most " << lm::maxTokens << ", found " << value;
  return success();
}

static bool isTokens(Type type, unsigned width) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() == 2 && tensor.getElementType().isSignlessInteger(width);
}

lm::ModelOp findForward(ModuleOp module) {
  auto model = module.lookupSymbol<lm::ModelOp>("model");
  if (!model) {
    module.emitError() << "expects a forward pass: lm.model @model";
    return nullptr;
  }
  ArrayRef<Type> arguments = model.getArgumentTypes(), results = model.getResultTypes();
  bool isForward = arguments.size() == 2 && isTokens(arguments[0], 64) && isTokens(arguments[1], 32) &&
                   results.size() == 1 && cast<RankedTensorType>(results[0]).getRank() == 3;
  if (isForward)
    return model;
  model.emitOpError()
      << "expects @model to take ids [B, T] (i64) and doc_start [B, T] (i32) and to return logits [B, T, V], found "
      << model.getFunctionType();
  return nullptr;
}

lm::ModelOp cloneForward(ModuleOp module, StringRef name) {
  lm::ModelOp model = findForward(module);
  if (!model)
    return nullptr;
  if (Operation *other = module.lookupSymbol(name)) {
    InFlightDiagnostic error = module.emitError() << "has a function @" << name << " already";
    error.attachNote(other->getLoc()) << "it is here";
    return nullptr;
  }
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto clone = cast<lm::ModelOp>(builder.clone(*model));
  clone.setSymName(name);
  return clone;
}

bool hasState(lm::ModelOp model) { return model.getFirstStateArgument() != model.getNumArguments(); }

FailureOr<SmallVector<lm::ModelOp>> chooseFunctions(ModuleOp module, ArrayRef<std::string> names,
                                                    function_ref<bool(lm::ModelOp)> isDefault) {
  SmallVector<lm::ModelOp> chosen;
  for (const std::string &name : names) {
    auto model = module.lookupSymbol<lm::ModelOp>(name);
    if (!model)
      return module.emitError() << "option functions: no function is called '" << name << "'";
    chosen.push_back(model);
  }
  if (names.empty())
    llvm::append_range(chosen, llvm::make_filter_range(module.getOps<lm::ModelOp>(), isDefault));
  return chosen;
}

Value getLogits(lm::ModelOp model) { return model.getBody().front().getTerminator()->getOperand(0); }

SmallVector<Value> addLayerInputs(lm::LayerOp layer, ValueRange inputs) {
  SmallVector<Value> inside;
  layer.getInputsMutable().append(inputs);
  for (Value input : inputs)
    inside.push_back(layer.getBody().addArgument(input.getType(), input.getLoc()));
  return inside;
}

lm::LayerOp addLayerResults(lm::LayerOp layer, ValueRange values) {
  layer.getBody().front().getTerminator()->insertOperands(layer.getNumResults(), values);
  SmallVector<Type> types(layer.getResultTypes());
  llvm::append_range(types, values.getTypes());
  OpBuilder builder(layer);
  auto extended = builder.create<lm::LayerOp>(layer.getLoc(), types, layer.getIndexAttr(), layer.getInputs());
  extended->setDiscardableAttrs(layer->getDiscardableAttrDictionary());
  extended.getBody().takeBody(layer.getBody());
  layer.replaceAllUsesWith(extended.getResults().take_front(layer.getNumResults()));
  layer.erase();
  return extended;
}

void setResults(lm::ModelOp model, ValueRange values, ArrayRef<std::string> names) {
  Operation *terminator = model.getBody().front().getTerminator();
  terminator->setOperands(values);
  auto arguments = llvm::to_vector(model.getBody().front().getArgumentTypes());
  model.setType(FunctionType::get(model.getContext(), arguments, llvm::to_vector(values.getTypes())));
  Builder builder(model.getContext());
  SmallVector<Attribute> attributes;
  for (const std::string &name : names)
    attributes.push_back(
        builder.getDictionaryAttr(builder.getNamedAttr(lm::LMDialect::nameAttrName, builder.getStringAttr(name))));
  model.setResAttrsAttr(builder.getArrayAttr(attributes));
}

Type elementOf(Precision precision, MLIRContext *context) {
  switch (precision) {
  case Precision::F32:
    return Float32Type::get(context);
  case Precision::BF16:
    return BFloat16Type::get(context);
  case Precision::F16:
    return Float16Type::get(context);
  }
  return {};
}

void setWeightType(Value weight, Type element) {
  weight.setType(typeOf(weight).clone(element));
  for (Operation *user : weight.getUsers())
    if (isa<lm::TakeBlocksOp>(user))
      setWeightType(user->getResult(0), element);
}

void eraseDeadOps(lm::ModelOp model) {
  model.walk<WalkOrder::PostOrder, ReverseIterator>([](Operation *op) {
    if (isOpTriviallyDead(op))
      op->erase();
  });
}

} // namespace xlstm
