//===- KernelCalls.cpp - one kernel call an op ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/LMToLLVM/KernelCalls.h"
#include "xlstm/Conversion/Passes.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace xlstm {

/// A kernel's name for weights of a type: "linear" becomes "linear_bf16". All of an op's weights have the same type.
static FailureOr<std::string> weightedKernel(Operation *op, StringRef kernel, Value weight, Value second = {}) {
  Type type = elementType(weight);
  if (second && elementType(second) != type)
    return op->emitOpError() << "expects weight and bias of one type in native code, found " << type << " and "
                             << elementType(second);
  if (type.isF32())
    return (kernel + "_f32").str();
  if (type.isBF16())
    return (kernel + "_bf16").str();
  if (type.isF16())
    return (kernel + "_f16").str();
  return op->emitOpError() << "expects weights of f32, bf16 or f16 in native code, found " << type;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// The table of angular frequencies as a constant of the module; ropes that are equal share it.
Value KernelCalls::frequencies(Location loc, lm::RopeAttr rope, int64_t headDim) {
  DenseElementsAttr table = frequencyTable(builder, rope, headDim);
  LLVM::GlobalOp global;
  unsigned tables = 0;
  for (LLVM::GlobalOp other : module.getOps<LLVM::GlobalOp>()) {
    ++tables;
    if (other.getValueOrNull() == table)
      global = other;
  }
  if (!global) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    auto arrayType = LLVM::LLVMArrayType::get(builder.getF32Type(), table.getNumElements());
    global = builder.create<LLVM::GlobalOp>(loc, arrayType, /*isConstant=*/true, LLVM::Linkage::Internal,
                                            "rope_frequencies_" + std::to_string(tables), table,
                                            /*alignment=*/placeAlignment);
  }
  return builder.create<LLVM::AddressOfOp>(loc, global);
}

void KernelCalls::call(Location loc, StringRef kernel, ValueRange operands) {
  CallEmitter::call(loc, ("xlstm_cpu_" + kernel).str(), operands, LLVM::LLVMVoidType::get(builder.getContext()));
}

//===----------------------------------------------------------------------===//
// One op, one kernel
//===----------------------------------------------------------------------===//

LogicalResult KernelCalls::emitCall(lm::EmbedOp op) {
  Location loc = op.getLoc();
  FailureOr<std::string> kernel = weightedKernel(op, "embed", op.getTable());
  if (failed(kernel))
    return failure();
  if (!elementType(op.getIds()).isSignlessInteger(64))
    return op.emitOpError() << "expects ids of i64 in native code, found " << elementType(op.getIds());
  call(loc, *kernel,
       {pointer(loc, op.getIds()), pointer(loc, op.getTable()), pointer(loc, op.getResult()),
        size(loc, count(op.getIds())), size(loc, dim(op.getTable(), 0)), size(loc, dim(op.getTable(), 1))});
  return success();
}

LogicalResult KernelCalls::emitCall(lm::LinearOp op) {
  Location loc = op.getLoc();
  FailureOr<std::string> kernel = weightedKernel(op, "linear", op.getWeight(), op.getBias());
  if (failed(kernel))
    return failure();
  int64_t in = dim(op.getWeight(), 1);
  call(loc, *kernel,
       {pointer(loc, op.getX()), pointer(loc, op.getWeight()), pointer(loc, op.getBias()), pointer(loc, op.getResult()),
        size(loc, count(op.getX()) / in), size(loc, in), size(loc, dim(op.getWeight(), 0))});
  return success();
}

LogicalResult KernelCalls::emitCall(lm::RmsNormOp op) {
  Location loc = op.getLoc();
  FailureOr<std::string> kernel = weightedKernel(op, "rms_norm", op.getWeight());
  if (failed(kernel))
    return failure();
  int64_t n = dim(op.getWeight(), 0);
  Value eps = builder.create<LLVM::ConstantOp>(loc, builder.getF64Type(), op.getEpsAttr());
  call(loc, *kernel,
       {pointer(loc, op.getX()), pointer(loc, op.getWeight()), pointer(loc, op.getResult()),
        size(loc, count(op.getX()) / n), size(loc, n), eps});
  return success();
}

LogicalResult KernelCalls::emitCall(lm::PositionsOp op) {
  Location loc = op.getLoc();
  if (!op.getPos())
    return op.emitOpError() << "expects at in native code, found docs";
  call(loc, "positions",
       {pointer(loc, op.getPos()), pointer(loc, op.getResult()), size(loc, dim(op.getResult(), 0)),
        size(loc, dim(op.getResult(), 1))});
  return success();
}

LogicalResult KernelCalls::emitCall(lm::RopeOp op) {
  Location loc = op.getLoc();
  Value x = op.getX();
  call(loc, "rope",
       {pointer(loc, x), pointer(loc, op.getPositions()), frequencies(loc, op.getRope(), dim(x, 3)),
        float32(loc, op.getRope().attentionFactor()), pointer(loc, op.getResult()), size(loc, dim(x, 0)),
        size(loc, dim(x, 1)), size(loc, dim(x, 2)), size(loc, dim(x, 3))});
  return success();
}

LogicalResult KernelCalls::emitCall(lm::SwigluOp op) {
  Location loc = op.getLoc();
  call(loc, "swiglu",
       {pointer(loc, op.getGate()), pointer(loc, op.getUp()), pointer(loc, op.getResult()),
        size(loc, count(op.getResult()))});
  return success();
}

LogicalResult KernelCalls::emitCall(lm::AddOp op) {
  Location loc = op.getLoc();
  call(loc, "add",
       {pointer(loc, op.getLhs()), pointer(loc, op.getRhs()), pointer(loc, op.getResult()),
        size(loc, count(op.getResult()))});
  return success();
}

LogicalResult KernelCalls::emitCall(lm::ScaleOp op) {
  Location loc = op.getLoc();
  call(loc, "scale",
       {pointer(loc, op.getX()), float32(loc, op.getFactor().convertToDouble()), pointer(loc, op.getResult()),
        size(loc, count(op.getResult()))});
  return success();
}

LogicalResult KernelCalls::emitCall(lm::AttentionOp op) {
  Location loc = op.getLoc();
  if (!op.getPos())
    return op.emitOpError() << "expects at and state in native code, found docs";
  OperandRange state = op.getState();
  bool hasSinks = state.size() == 4;
  call(loc, "attention",
       {pointer(loc, op.getQ()), pointer(loc, op.getK()), pointer(loc, op.getV()), pointer(loc, op.getPos()),
        pointer(loc, state[0]), pointer(loc, state[1]), pointer(loc, hasSinks ? state[2] : Value()),
        pointer(loc, hasSinks ? state[3] : Value()), pointer(loc, op.getH()), size(loc, dim(op.getQ(), 0)),
        size(loc, dim(op.getQ(), 1)), size(loc, dim(op.getQ(), 2)), size(loc, dim(op.getK(), 2)),
        size(loc, dim(op.getQ(), 3)), size(loc, dim(op.getV(), 3)), size(loc, dim(state[0], 1)),
        size(loc, hasSinks ? dim(state[2], 1) : 0), float32(loc, op.getScale().convertToDouble())});
  updateInPlace(state, op.getNewState());
  return success();
}

LogicalResult KernelCalls::emitCall(::xlstm::xlstm::FeatureMapOp op) {
  Location loc = op.getLoc();
  bool isElu = op.getKind() == ::xlstm::xlstm::FeatureKind::Elu;
  FailureOr<std::string> kernel = weightedKernel(op, isElu ? "feature_map_elu" : "feature_map_softmax", op.getWeight());
  if (failed(kernel))
    return failure();
  Value x = op.getX(), y = op.getResult();
  call(loc, *kernel,
       {pointer(loc, x), pointer(loc, op.getWeight()), pointer(loc, y), size(loc, dim(x, 0)), size(loc, dim(x, 1)),
        size(loc, dim(x, 2)), size(loc, dim(y, 2)), size(loc, dim(x, 3)), size(loc, dim(y, 3))});
  return success();
}

LogicalResult KernelCalls::emitCall(::xlstm::xlstm::OutputGateOp op) {
  Location loc = op.getLoc();
  FailureOr<std::string> kernel = weightedKernel(op, "output_gate", op.getWeight(), op.getBias());
  if (failed(kernel))
    return failure();
  Value q = op.getQ();
  call(loc, *kernel,
       {pointer(loc, q), pointer(loc, op.getK()), pointer(loc, op.getV()), pointer(loc, op.getWeight()),
        pointer(loc, op.getBias()), pointer(loc, op.getResult()), size(loc, dim(q, 0)), size(loc, dim(q, 1)),
        size(loc, dim(q, 2)), size(loc, dim(op.getK(), 2)), size(loc, dim(q, 3))});
  return success();
}

LogicalResult KernelCalls::emitCall(::xlstm::xlstm::MlstmOp op) {
  Location loc = op.getLoc();
  if (op.getDocStart())
    return op.emitOpError() << "expects state in native code, found docs";
  OperandRange state = op.getState();
  Value q = op.getQ();
  int64_t chunk = op.getForm() == ::xlstm::xlstm::Form::Recurrent ? 1 : static_cast<int64_t>(op.getChunk());
  call(loc, "mlstm",
       {pointer(loc, q), pointer(loc, op.getK()), pointer(loc, op.getV()), pointer(loc, op.getIGate()),
        pointer(loc, op.getFGate()), pointer(loc, state[0]), pointer(loc, state[1]), pointer(loc, state[2]),
        pointer(loc, op.getH()), size(loc, dim(q, 0)), size(loc, dim(q, 1)), size(loc, dim(q, 2)),
        size(loc, dim(op.getV(), 2)), size(loc, dim(q, 3)), size(loc, dim(op.getV(), 3)), size(loc, chunk)});
  updateInPlace(state, op.getNewState());
  return success();
}

LogicalResult KernelCalls::emitCall(::xlstm::xlstm::MixOp op) {
  Location loc = op.getLoc();
  call(loc, "mix",
       {pointer(loc, op.getGate()), pointer(loc, op.getMemory()), pointer(loc, op.getWindow()),
        pointer(loc, op.getResult()), size(loc, count(op.getGate())), size(loc, dim(op.getMemory(), 3))});
  return success();
}

LogicalResult KernelCalls::emitCall(lm::ReturnOp op) {
  Location loc = op.getLoc();
  Value logits = op.getOperands()[0];
  Value bytes = size(loc, count(logits) * static_cast<int64_t>(sizeof(float)));
  builder.create<LLVM::MemcpyOp>(loc, arguments.logits, pointer(loc, logits), bytes, /*isVolatile=*/false);
  builder.create<LLVM::ReturnOp>(loc, ValueRange());
  return success();
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

void KernelCalls::bindArguments(lm::ModelOp model) {
  Location loc = model.getLoc();
  pointers[model.getArgument(0)] = arguments.ids;
  Value pos = at(loc, memories.scratch, argumentOffset(model, 1));
  builder.create<LLVM::StoreOp>(loc, arguments.pos, pos);
  pointers[model.getArgument(1)] = pos;
  bindStates(model);
}

/// What the kernels compute in: float32 activations, int32 positions. Weights have their stored type.
static LogicalResult checkActivations(Operation *op) {
  if (isa<lm::ParamOp>(op))
    return success();
  for (Value result : op->getResults())
    if (Type type = elementType(result); !(isa<lm::PositionsOp>(op) ? type.isSignlessInteger(32) : type.isF32()))
      return op->emitOpError() << "expects " << (isa<lm::PositionsOp>(op) ? "i32" : "f32")
                               << " results in native code, found " << type;
  return success();
}

LogicalResult KernelCalls::emit(Operation *op) {
  if (failed(checkActivations(op)))
    return failure();
  if (failed(bindResult(op)))
    return failure();
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<lm::EmbedOp, lm::LinearOp, lm::RmsNormOp, lm::PositionsOp, lm::RopeOp, lm::SwigluOp, lm::AddOp, lm::ScaleOp,
            lm::AttentionOp, ::xlstm::xlstm::FeatureMapOp, ::xlstm::xlstm::OutputGateOp, ::xlstm::xlstm::MlstmOp,
            ::xlstm::xlstm::MixOp, lm::ReturnOp>([&](auto typed) { return emitCall(typed); })
      .Case<lm::ParamOp, lm::SplitHeadsOp, lm::MergeHeadsOp, lm::LastTokenOp>([](auto) { return success(); })
      .Default([](Operation *other) { return other->emitOpError() << "has no kernel in native code"; });
}

} // namespace xlstm
