//===- CallEmitter.cpp - values and calls of a planned function -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/CallEmitter.h"
#include "xlstm/Conversion/Passes.h"

using namespace mlir;

namespace xlstm {

Value CallEmitter::size(Location loc, int64_t value) {
  return builder.create<LLVM::ConstantOp>(loc, builder.getI64Type(), builder.getI64IntegerAttr(value));
}

Value CallEmitter::int32(Location loc, int64_t value) {
  return builder.create<LLVM::ConstantOp>(loc, builder.getI32Type(), builder.getI32IntegerAttr(value));
}

Value CallEmitter::float32(Location loc, double value) {
  return builder.create<LLVM::ConstantOp>(loc, builder.getF32Type(),
                                          builder.getF32FloatAttr(static_cast<float>(value)));
}

Value CallEmitter::null(Location loc) {
  return builder.create<LLVM::ZeroOp>(loc, LLVM::LLVMPointerType::get(builder.getContext()));
}

Value CallEmitter::at(Location loc, Value base, int64_t offset) {
  if (offset == 0)
    return base;
  Value index = size(loc, offset); // a GEP's constant indices have 32 bits, too few for the weights
  return builder.create<LLVM::GEPOp>(loc, base.getType(), builder.getI8Type(), base, ValueRange{index});
}

Value CallEmitter::pointer(Location loc, Value value) { return value ? pointers.lookup(value) : null(loc); }

LLVM::CallOp CallEmitter::call(Location loc, StringRef name, ValueRange operands, Type result) {
  auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(name);
  if (!function) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    auto type = LLVM::LLVMFunctionType::get(result, llvm::to_vector(operands.getTypes()));
    function = builder.create<LLVM::LLVMFuncOp>(loc, name, type);
  }
  return builder.create<LLVM::CallOp>(loc, function, operands);
}

int64_t CallEmitter::argumentOffset(lm::ModelOp model, unsigned i) {
  return model.getArgAttrOfType<IntegerAttr>(i, offsetAttrName).getInt();
}

void CallEmitter::bindStates(lm::ModelOp model) {
  for (unsigned i = model.getFirstStateArgument(); i < model.getNumArguments(); ++i)
    pointers[model.getArgument(i)] = at(model.getLoc(), memories.state, argumentOffset(model, i));
}

LogicalResult CallEmitter::bindResult(Operation *op) {
  if (op->getNumResults() == 0)
    return success();
  auto offset = op->getAttrOfType<IntegerAttr>(offsetAttrName);
  if (!offset)
    return op->emitOpError() << "expects " << offsetAttrName << " (run --xlstm-plan-buffers first)";
  Value base = isa<lm::ParamOp>(op) ? memories.weights : memories.scratch;
  pointers[op->getResult(0)] = at(op->getLoc(), base, offset.getInt());
  return success();
}

void CallEmitter::updateInPlace(ValueRange oldStates, ValueRange newStates) {
  for (auto [oldState, newState] : llvm::zip(oldStates, newStates))
    pointers[newState] = pointers.lookup(oldState);
}

DenseElementsAttr frequencyTable(Builder &builder, lm::RopeAttr rope, int64_t headDim) {
  SmallVector<float> values;
  for (double frequency : rope.computeFrequencies(headDim))
    values.push_back(static_cast<float>(frequency));
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, builder.getF32Type());
  return DenseElementsAttr::get(type, ArrayRef<float>(values));
}

} // namespace xlstm
