//===- ModelInfo.cpp - what a compiled model exports ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/LMToLLVM/ModelInfo.h"
#include "lib/Conversion/Globals.h"
#include "xlstm/Runtime/Deploy/ModelAbi.h"

using namespace mlir;

namespace xlstm {

/// A loop that stores `value` into `elements` floats from `pointer` on.
static void fill(OpBuilder &builder, Location loc, Value pointer, const InitialState &state) {
  auto i64 = [&](int64_t value) -> Value {
    return builder.create<LLVM::ConstantOp>(loc, builder.getI64Type(), builder.getI64IntegerAttr(value));
  };
  Block *before = builder.getBlock();
  Region *region = before->getParent();
  Block *body = builder.createBlock(region, region->end(), builder.getI64Type(), loc);
  Block *after = builder.createBlock(region, region->end());
  builder.setInsertionPointToEnd(before);
  Value value = builder.create<LLVM::ConstantOp>(loc, builder.getF32Type(),
                                                 builder.getF32FloatAttr(static_cast<float>(state.value)));
  builder.create<LLVM::BrOp>(loc, i64(0), body);
  builder.setInsertionPointToEnd(body);
  Value index = body->getArgument(0);
  Value element = builder.create<LLVM::GEPOp>(loc, pointer.getType(), builder.getF32Type(), pointer, ValueRange{index});
  builder.create<LLVM::StoreOp>(loc, value, element);
  Value next = builder.create<LLVM::AddOp>(loc, index, i64(1));
  Value more = builder.create<LLVM::ICmpOp>(loc, LLVM::ICmpPredicate::slt, next, i64(state.type.getNumElements()));
  builder.create<LLVM::CondBrOp>(loc, more, body, ValueRange{next}, after, ValueRange{});
  builder.setInsertionPointToEnd(after);
}

LLVM::LLVMFuncOp buildInitState(ModuleOp module, OpBuilder &builder, const InitialStates &states) {
  Location loc = module.getLoc();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module.getBody());
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), {pointer});
  auto function = builder.create<LLVM::LLVMFuncOp>(loc, "init_state", type, LLVM::Linkage::Internal);
  Block *entry = function.addEntryBlock(builder);
  builder.setInsertionPointToEnd(entry);
  for (const auto &[offset, state] : states) {
    Value index = builder.create<LLVM::ConstantOp>(loc, builder.getI64Type(), builder.getI64IntegerAttr(offset));
    Value place =
        builder.create<LLVM::GEPOp>(loc, pointer, builder.getI8Type(), entry->getArgument(0), ValueRange{index});
    fill(builder, loc, place, state);
  }
  builder.create<LLVM::ReturnOp>(loc, ValueRange());
  return function;
}

void buildModelInfo(ModuleOp module, OpBuilder &builder, const ModelNumbers &numbers, LLVM::LLVMFuncOp initState,
                    LLVM::LLVMFuncOp prefill, LLVM::LLVMFuncOp decode) {
  auto i32 = [&](int64_t value) { return builder.getI32IntegerAttr(value); };
  auto i64 = [&](int64_t value) { return builder.getI64IntegerAttr(value); };
  auto address = [](LLVM::LLVMFuncOp function) { return FlatSymbolRefAttr::get(function); };
  buildRecord(module, builder, "xlstm_model",
              {i32(XLSTM_MODEL_ABI), i32(numbers.prefillTokens), i64(numbers.vocab), i64(numbers.contextLength),
               i64(numbers.weightBytes), i64(numbers.stateBytes), i64(numbers.scratchBytes), address(initState),
               address(prefill), address(decode)});
}

} // namespace xlstm
