//===- SetPrecision.cpp - the type of activations and weights -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/XLSTM/XLSTMDialect.h"
#include "xlstm/Transforms/Passes.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_SETPRECISION
#include "lib/Transforms/Passes.h.inc"

namespace {

class PrecisionSetter {
public:
  PrecisionSetter(lm::ModelOp model, Type type) : model(model), type(type), f32(Float32Type::get(model.getContext())) {}

  void run();

private:
  void set(Block &block);
  void set(lm::LayerOp layer);
  void set(lm::EmbedOp op);
  void set(lm::LinearOp op);
  void set(xlstm::FeatureMapOp op);
  void set(xlstm::OutputGateOp op);
  void set(xlstm::MlstmOp op) { retype(op.getH(), type); }
  void set(lm::AttentionOp op);
  void set(xlstm::HybridOp op);
  void set(xlstm::MixOp op) { retype(op.getResult(), elementType(op.getMemory())); }
  void set(Operation *op);
  void setCaches(ValueRange states, ValueRange newStates, Value keys);

  static Type elementType(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }
  /// Floats alone; of a layer's argument also what it stands for.
  static void retype(Value value, Type element);

  lm::ModelOp model;
  Type type, f32;
};

void PrecisionSetter::retype(Value value, Type element) {
  auto tensor = value ? dyn_cast<RankedTensorType>(value.getType()) : RankedTensorType();
  if (!tensor || !isa<FloatType>(tensor.getElementType()))
    return;
  value.setType(tensor.clone(element));
  if (auto argument = dyn_cast<BlockArgument>(value))
    if (auto layer = dyn_cast<lm::LayerOp>(argument.getOwner()->getParentOp()))
      retype(layer.getInputs()[argument.getArgNumber()], element);
}

/// Whether a use of the value is a gate's pre-activation.
bool isGate(Value value) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    return llvm::TypeSwitch<Operation *, bool>(user)
        .Case([&](xlstm::HybridOp op) {
          return value == op.getOGate() || value == op.getIGate() || value == op.getFGate();
        })
        .Case([&](xlstm::MlstmOp op) { return value == op.getIGate() || value == op.getFGate(); })
        .Case([&](xlstm::MixOp op) { return value == op.getGate(); })
        .Default(false);
  });
}

/// Whether the value becomes the model's first result, the logits.
bool isLogits(Value value) {
  while (value.hasOneUse()) {
    OpOperand &use = *value.use_begin();
    if (isa<lm::ReturnOp>(use.getOwner()))
      return use.getOperandNumber() == 0;
    if (!isa<lm::ScaleOp, lm::LastTokenOp>(use.getOwner()))
      return false;
    value = use.getOwner()->getResult(0);
  }
  return false;
}

void PrecisionSetter::set(lm::LayerOp layer) {
  for (auto [argument, input] : llvm::zip(layer.getBody().getArguments(), layer.getInputs()))
    argument.setType(input.getType());
  set(layer.getBody().front());
  Operation *yield = layer.getBody().front().getTerminator();
  for (auto [result, value] : llvm::zip(layer.getOutputs(), yield->getOperands()))
    result.setType(value.getType());
}

void PrecisionSetter::set(lm::EmbedOp op) {
  retype(op.getTable(), type);
  retype(op.getResult(), type);
}

void PrecisionSetter::set(lm::LinearOp op) {
  Type weights = isGate(op.getResult()) ? f32 : type;
  retype(op.getWeight(), weights);
  retype(op.getBias(), weights);
  retype(op.getResult(), isLogits(op.getResult()) ? f32 : weights);
}

void PrecisionSetter::set(xlstm::FeatureMapOp op) {
  retype(op.getWeight(), type);
  retype(op.getResult(), type);
}

void PrecisionSetter::set(xlstm::OutputGateOp op) {
  for (Value value : {op.getWeight(), op.getBias(), op.getResult()})
    retype(value, f32);
}

void PrecisionSetter::setCaches(ValueRange states, ValueRange newStates, Value keys) {
  for (ValueRange values : {states, newStates})
    for (Value value : values)
      retype(value, elementType(keys));
}

void PrecisionSetter::set(lm::AttentionOp op) {
  retype(op.getH(), type);
  setCaches(op.getState(), op.getNewState(), op.getK());
}

void PrecisionSetter::set(xlstm::HybridOp op) {
  for (Value value : {op.getQMap(), op.getKMap(), op.getH(), op.getWindowOut()})
    retype(value, type);
  setCaches(op.getState().drop_front(3), op.getNewState().drop_front(3), op.getK());
}

/// Any other op works in the type of its first operand; a norm's weight has it too.
void PrecisionSetter::set(Operation *op) {
  if (op->getNumOperands() == 0 || op->getNumResults() == 0)
    return;
  if (auto norm = dyn_cast<lm::RmsNormOp>(op))
    retype(norm.getWeight(), elementType(norm.getX()));
  for (Value result : op->getResults())
    retype(result, elementType(op->getOperand(0)));
}

void PrecisionSetter::set(Block &block) {
  for (Operation &op : block)
    llvm::TypeSwitch<Operation *>(&op)
        .Case<lm::LayerOp, lm::EmbedOp, lm::LinearOp, xlstm::FeatureMapOp, xlstm::OutputGateOp, xlstm::MlstmOp,
              lm::AttentionOp, xlstm::HybridOp, xlstm::MixOp>([&](auto typed) { set(typed); })
        .Case([](lm::ParamOp) {}) // by its users
        .Default([&](Operation *other) { set(other); });
}

void PrecisionSetter::run() {
  Block &body = model.getBody().front();
  set(body);
  model.setType(FunctionType::get(model.getContext(), llvm::to_vector(body.getArgumentTypes()),
                                  llvm::to_vector(body.getTerminator()->getOperandTypes())));
}

class SetPrecision : public impl::SetPrecisionBase<SetPrecision> {
public:
  using SetPrecisionBase::SetPrecisionBase;

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    Type element = type == Precision::BF16 ? Type(BFloat16Type::get(context)) : Type(Float32Type::get(context));
    for (lm::ModelOp model : getOperation().getOps<lm::ModelOp>())
      if (model.getFirstStateArgument() != model.getNumArguments())
        PrecisionSetter(model, element).run();
  }
};

} // namespace
} // namespace xlstm
