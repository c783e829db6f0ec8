//===- StepCalls.cpp - one CUDA step an op --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/LMToCuda/StepCalls.h"
#include "xlstm/Conversion/Passes.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace xlstm {

int32_t cudaType(Type element) { return element.isF32() ? 0 : element.isBF16() ? 1 : -1; }

int64_t CudaModel::addPosition() {
  int64_t place = stateBytes;
  stateBytes += static_cast<int64_t>(llvm::alignTo(batch * sizeof(int32_t), placeAlignment));
  return place;
}

//===----------------------------------------------------------------------===//
// Values and calls
//===----------------------------------------------------------------------===//

void callOrReturn(OpBuilder &builder, LLVM::CallOp call) {
  Location loc = call.getLoc();
  Block *before = builder.getBlock();
  Region *region = before->getParent();
  Block *failed = builder.createBlock(region, region->end());
  builder.create<LLVM::ReturnOp>(loc, call.getResult());
  Block *after = builder.createBlock(region, failed->getIterator());
  builder.setInsertionPointToEnd(before);
  Value zero = builder.create<LLVM::ConstantOp>(loc, builder.getI32Type(), builder.getI32IntegerAttr(0));
  Value good = builder.create<LLVM::ICmpOp>(loc, LLVM::ICmpPredicate::eq, call.getResult(), zero);
  builder.create<LLVM::CondBrOp>(loc, good, after, failed);
  builder.setInsertionPointToEnd(after);
}

void StepCalls::step(Location loc, StringRef name, ArrayRef<Value> operands) {
  SmallVector<Value> all(operands);
  all.push_back(arguments.stream);
  projected = nullptr;
  callOrReturn(builder, call(loc, ("xlstm_cuda_" + name).str(), all, builder.getI32Type()));
}

Value StepCalls::type(Location loc, Value value) { return int32(loc, cudaType(elementType(value))); }

/// Behind the weights; ropes that are equal share their table.
Value StepCalls::frequencies(Location loc, lm::RopeAttr rope, int64_t headDim) {
  DenseElementsAttr table = frequencyTable(builder, rope, headDim);
  for (const auto &[offset, other] : shared.constants)
    if (other == table)
      return at(loc, memories.weights, offset);
  int64_t offset = shared.weightBytes;
  shared.constants[offset] = table;
  shared.weightBytes += static_cast<int64_t>(llvm::alignTo(table.getNumElements() * sizeof(float), placeAlignment));
  return at(loc, memories.weights, offset);
}

//===----------------------------------------------------------------------===//
// One op, one step
//===----------------------------------------------------------------------===//

/// What the steps ask of a dimension, mostly that rows begin at multiples of 16 bytes.
static LogicalResult checkMultiple(Operation *op, StringRef what, int64_t size, int64_t factor) {
  if (size % factor == 0)
    return success();
  return op->emitOpError() << "expects " << what << " to be a multiple of " << factor << " on CUDA, found " << size;
}

static LogicalResult checkTypes(Operation *op, std::initializer_list<Value> values) {
  for (Value value : values)
    if (value && elementType(value) != elementType(*values.begin()))
      return op->emitOpError() << "expects one type of activations and weights on CUDA, found "
                               << elementType(*values.begin()) << " and " << elementType(value);
  return success();
}

LogicalResult StepCalls::emitStep(lm::EmbedOp op) {
  Location loc = op.getLoc();
  int64_t width = dim(op.getTable(), 1);
  if (failed(checkTypes(op, {op.getResult(), op.getTable()})) || failed(checkMultiple(op, "its width", width, 8)))
    return failure();
  step(loc, "embed",
       {type(loc, op.getTable()), pointer(loc, op.getIds()), pointer(loc, op.getTable()), pointer(loc, op.getResult()),
        size(loc, count(op.getIds())), size(loc, dim(op.getTable(), 0)), size(loc, width)});
  return success();
}

template <typename Projection>
LogicalResult StepCalls::emitProjection(Projection op, Value residual) {
  Location loc = op.getLoc();
  Type x = elementType(op.getX()), w = elementType(op.getWeight()), y = elementType(op.getResult());
  bool isKnown = (x == y && w == y) || (x.isBF16() && y.isF32() && cudaType(w) >= 0);
  if (!isKnown || (op.getBias() && elementType(op.getBias()) != w))
    return op.emitOpError() << "expects types that CUDA multiplies (run --xlstm-set-precision), found " << x << ", "
                            << w << " and " << y;
  int64_t in = dim(op.getWeight(), 1);
  if (failed(checkMultiple(op, "its input width", in, 8)))
    return failure();
  shared.workspace.insert({"xlstm_cuda_linear_workspace", {}});
  step(loc, projected == op.getX() && !residual ? "linear_beside" : "linear",
       {type(loc, op.getX()), type(loc, op.getWeight()), type(loc, op.getResult()), pointer(loc, op.getX()),
        pointer(loc, op.getWeight()), pointer(loc, op.getBias()), pointer(loc, residual), pointer(loc, op.getResult()),
        size(loc, count(op.getX()) / in), size(loc, in), size(loc, dim(op.getWeight(), 0)), arguments.workspace});
  projected = op.getX();
  return success();
}

LogicalResult StepCalls::emitStep(lm::LinearOp op) { return emitProjection(op, Value()); }
LogicalResult StepCalls::emitStep(lm::LinearAddOp op) { return emitProjection(op, op.getResidual()); }

LogicalResult StepCalls::emitStep(lm::RmsNormOp op) {
  Location loc = op.getLoc();
  int64_t n = dim(op.getWeight(), 0);
  if (failed(checkTypes(op, {op.getX(), op.getWeight()})) || failed(checkMultiple(op, "its width", n, 8)))
    return failure();
  step(loc, "rms_norm",
       {type(loc, op.getX()), pointer(loc, op.getX()), pointer(loc, op.getWeight()), pointer(loc, op.getResult()),
        size(loc, count(op.getX()) / n), size(loc, 1), size(loc, n), size(loc, n),
        float32(loc, op.getEps().convertToDouble())});
  return success();
}

LogicalResult StepCalls::emitStep(lm::PositionsOp op) {
  Location loc = op.getLoc();
  if (!op.getPos())
    return op.emitOpError() << "expects at in native code, found docs";
  step(loc, "positions",
       {pointer(loc, op.getPos()), pointer(loc, op.getResult()), size(loc, dim(op.getResult(), 0)),
        size(loc, dim(op.getResult(), 1))});
  return success();
}

LogicalResult StepCalls::emitStep(lm::RopeOp op) {
  Location loc = op.getLoc();
  Value x = op.getX();
  if (failed(checkMultiple(op, "its head width", dim(x, 3), 4)))
    return failure();
  step(loc, "rope",
       {type(loc, x), pointer(loc, x), pointer(loc, op.getPositions()), frequencies(loc, op.getRope(), dim(x, 3)),
        pointer(loc, op.getResult()), size(loc, dim(x, 0) * dim(x, 1)), size(loc, dim(x, 2)), size(loc, dim(x, 3)),
        size(loc, dim(x, 2) * dim(x, 3)), float32(loc, op.getRope().attentionFactor())});
  return success();
}

LogicalResult StepCalls::emitStep(lm::SwigluOp op) {
  Location loc = op.getLoc();
  int64_t n = cast<RankedTensorType>(op.getResult().getType()).getShape().back();
  if (failed(checkMultiple(op, "its width", n, 8)))
    return failure();
  step(loc, "swiglu",
       {type(loc, op.getGate()), pointer(loc, op.getGate()), pointer(loc, op.getUp()), pointer(loc, op.getResult()),
        size(loc, count(op.getResult()) / n), size(loc, n), size(loc, n), size(loc, n)});
  return success();
}

LogicalResult StepCalls::emitStep(lm::AddOp op) {
  Location loc = op.getLoc();
  step(loc, "add",
       {type(loc, op.getLhs()), pointer(loc, op.getLhs()), pointer(loc, op.getRhs()), pointer(loc, op.getResult()),
        size(loc, count(op.getResult()))});
  return success();
}

LogicalResult StepCalls::emitStep(lm::ScaleOp op) {
  Location loc = op.getLoc();
  step(loc, "scale",
       {type(loc, op.getX()), pointer(loc, op.getX()), pointer(loc, op.getResult()), size(loc, count(op.getX())),
        float32(loc, op.getFactor().convertToDouble())});
  return success();
}

LogicalResult StepCalls::emitStep(lm::LastTokenOp op) {
  Location loc = op.getLoc();
  Value x = op.getX();
  if (dim(x, 0) > 1 || pointer(loc, op.getResult()) == arguments.logits) // else it is a part of x's own place
    step(loc, "last_token",
         {type(loc, x), pointer(loc, x), pointer(loc, op.getResult()), size(loc, dim(x, 0)), size(loc, dim(x, 1)),
          size(loc, dim(x, 2))});
  return success();
}

LogicalResult StepCalls::emitStep(::xlstm::xlstm::OutputGateOp op) {
  Location loc = op.getLoc();
  if (failed(checkTypes(op, {op.getQ(), op.getK(), op.getV()})) ||
      failed(checkTypes(op, {op.getResult(), op.getWeight(), op.getBias()})))
    return failure();
  Value q = op.getQ();
  int64_t own = dim(q, 2) * dim(q, 3), shared = dim(op.getK(), 2) * dim(q, 3);
  step(loc, "output_gate",
       {type(loc, q), pointer(loc, q), pointer(loc, op.getK()), pointer(loc, op.getV()), pointer(loc, op.getWeight()),
        pointer(loc, op.getBias()), pointer(loc, op.getResult()), size(loc, dim(q, 0) * dim(q, 1)),
        size(loc, dim(q, 2)), size(loc, dim(op.getK(), 2)), size(loc, dim(q, 3)), size(loc, own), size(loc, shared),
        size(loc, shared)});
  return success();
}

LogicalResult StepCalls::emitStep(::xlstm::xlstm::HybridOp op) {
  Location loc = op.getLoc();
  Value q = op.getQ();
  int64_t B = dim(q, 0), T = dim(q, 1), H = dim(q, 2), Hkv = dim(op.getK(), 2), d = dim(q, 3);
  int64_t W = static_cast<int64_t>(op.getWindow()), sinks = static_cast<int64_t>(op.getSinks());
  if (!op.getPos() || !op.getWindowOut().use_empty())
    return op.emitOpError() << "expects at and state, and no use of its window_out on CUDA";
  OperandRange state = op.getState();
  if (failed(checkTypes(op, {q, op.getK(), op.getV(), op.getQMap(), op.getKMap(), state[3], state[4]})) ||
      failed(checkMultiple(op, "its head width", d, 8)))
    return failure();
  if (d > 256)
    return op.emitOpError() << "expects a head width of at most 256 on CUDA, found " << d;
  auto [own, isNew] = shared.mixerPosition.try_emplace(stateOffsets.lookup(state[0]), 0);
  if (isNew)
    own->second = shared.addPosition();
  std::vector<int64_t> sizes{B, T, H, Hkv, d, W, sinks}, query{cudaType(elementType(q))};
  query.insert(query.end(), sizes.begin(), sizes.end());
  shared.workspace.insert({"xlstm_cuda_hybrid_step_workspace", query});
  shared.zeroed.insert({"xlstm_cuda_hybrid_step_zeroed", query});
  SmallVector<Value> operands{type(loc, q)};
  for (Value value : {q, Value(op.getK()), Value(op.getV()), Value(op.getIGate()), Value(op.getFGate()),
                      Value(op.getOGate()), Value(op.getQMap()), Value(op.getKMap())})
    operands.push_back(pointer(loc, value));
  operands.push_back(op.getRope() ? frequencies(loc, *op.getRope(), d) : null(loc));
  for (unsigned i = 0; i < 7; ++i)
    operands.push_back(pointer(loc, i < state.size() ? state[i] : Value()));
  operands.push_back(at(loc, memories.state, own->second));
  operands.push_back(pointer(loc, op.getH()));
  sizes.insert(sizes.end(), {H * d, Hkv * d, Hkv * d}); // strides
  for (int64_t value : sizes)
    operands.push_back(size(loc, value));
  operands.append({float32(loc, op.getScale().convertToDouble()),
                   float32(loc, op.getRope() ? op.getRope()->attentionFactor() : 1), arguments.workspace,
                   arguments.zeroed});
  step(loc, "hybrid_step", operands);
  updateInPlace(state, op.getNewState());
  for (auto [oldState, newState] : llvm::zip(state, op.getNewState()))
    stateOffsets[newState] = stateOffsets.lookup(oldState);
  return success();
}

LogicalResult StepCalls::emitStep(lm::ReturnOp op) {
  Location loc = op.getLoc();
  auto model = cast<lm::ModelOp>(op->getParentOp());
  int64_t tokens = dim(model.getArgument(0), 1);
  Value logits = op.getOperands().front();
  if (pointers.lookup(logits) != arguments.logits || !elementType(logits).isF32())
    return op.emitOpError() << "expects logits of f32 that are the result of a step on CUDA, found "
                            << elementType(logits);
  step(loc, "advance", {pointer(loc, model.getArgument(1)), size(loc, shared.batch), size(loc, tokens)});
  builder.create<LLVM::ReturnOp>(loc, int32(loc, 0));
  return success();
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

void StepCalls::bindArguments(lm::ModelOp model) {
  pointers[model.getArgument(0)] = arguments.ids;
  pointers[model.getArgument(1)] = at(model.getLoc(), memories.state, shared.position);
  bindStates(model);
  for (unsigned i = model.getFirstStateArgument(); i < model.getNumArguments(); ++i)
    stateOffsets[model.getArgument(i)] = argumentOffset(model, i);
}

/// " of layer 3", out of the names of the op's weights or states.
static std::string describeLayer(Operation *op) {
  for (Value operand : op->getOperands()) {
    StringRef name;
    if (auto param = operand.getDefiningOp<lm::ParamOp>())
      name = param.getName();
    else if (auto argument = dyn_cast<BlockArgument>(operand))
      if (auto state = cast<lm::ModelOp>(argument.getOwner()->getParentOp())
                           .getArgAttrOfType<StringAttr>(argument.getArgNumber(), lm::LMDialect::stateAttrName))
        name = state.getValue();
    unsigned layer;
    size_t at = name.find("layers.");
    if (at != StringRef::npos && !name.drop_front(at + 7).split('.').first.getAsInteger(10, layer))
      return " of layer " + std::to_string(layer);
  }
  return "";
}

static LogicalResult noStep(Operation *op) {
  return op->emitError() << "'" << op->getName() << "' op" << describeLayer(op)
                         << " has no step on CUDA: it runs models whose layers all have the hybrid mixer with softmax "
                            "feature maps, gates and a window (xlstm.hybrid)";
}

/// Activations are float32 or bf16; integers are positions.
static LogicalResult checkResult(Operation *op) {
  if (op->getNumResults() == 0 || isa<lm::PositionsOp>(op))
    return success();
  if (Type element = elementType(op->getResult(0)); cudaType(element) < 0)
    return op->emitOpError() << "expects f32 or bf16 on CUDA (run --xlstm-set-precision), found " << element;
  return success();
}

LogicalResult StepCalls::emit(Operation *op) {
  if (failed(checkResult(op)) || failed(bindResult(op)))
    return failure();
  // The head's result goes where the caller wants the logits.
  if (op->getNumResults() == 1 && !isa<lm::ParamOp, lm::SplitHeadsOp, lm::MergeHeadsOp>(op) &&
      llvm::any_of(op->getResult(0).getUses(),
                   [](OpOperand &use) { return isa<lm::ReturnOp>(use.getOwner()) && use.getOperandNumber() == 0; }))
    pointers[op->getResult(0)] = arguments.logits;
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<lm::EmbedOp, lm::LinearOp, lm::LinearAddOp, lm::RmsNormOp, lm::PositionsOp, lm::RopeOp, lm::SwigluOp,
            lm::AddOp, lm::ScaleOp, lm::LastTokenOp, ::xlstm::xlstm::OutputGateOp, ::xlstm::xlstm::HybridOp,
            lm::ReturnOp>([&](auto typed) { return emitStep(typed); })
      .Case<lm::ParamOp, lm::SplitHeadsOp, lm::MergeHeadsOp>([](auto) { return success(); })
      .Default(noStep);
}

} // namespace xlstm
