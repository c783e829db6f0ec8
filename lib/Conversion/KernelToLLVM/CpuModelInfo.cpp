//===- CpuModelInfo.cpp - what a model compiled for the CPU exports -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/Globals.h"
#include "lib/Conversion/KernelToLLVM/ModelInfo.h"
#include "xlstm/Runtime/Deploy/ModelAbi.h"

using namespace mlir;

namespace xlstm {

/// A loop that stores the state's first value into its elements.
static void fill(CEmitter &emitter, OpBuilder &builder, Value pointer, kernel::StateOp state) {
  Location loc = state.getLoc();
  auto type = cast<MemRefType>(state.getResult().getType());
  Type element = type.getElementType();
  TypedAttr first = builder.getZeroAttr(element);
  if (isa<FloatType>(element))
    first = FloatAttr::get(element, state.getInit().convertToFloat());
  Value value = emitter.number(loc, first);
  emitter.loop(loc, emitter.i64(loc, 0), emitter.i64(loc, type.getNumElements()), emitter.i64(loc, 1),
               [&](Value index) {
                 Value place = builder.create<LLVM::GEPOp>(loc, pointer.getType(), element, pointer, ValueRange{index});
                 builder.create<LLVM::StoreOp>(loc, value, place);
               });
}

static LLVM::LLVMFuncOp buildInitState(ModuleOp module, OpBuilder &builder, const CompiledModel &model) {
  Location loc = module.getLoc();
  OpBuilder::InsertionGuard guard(builder);
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), {pointer});
  auto function = builder.create<LLVM::LLVMFuncOp>(loc, "init_state", type, LLVM::Linkage::Internal);
  builder.setInsertionPointToEnd(function.addEntryBlock(builder));
  Value memory = builder.getBlock()->getArgument(0);
  CEmitter emitter(module, builder);
  for (auto [offset, state] : collectStates(model))
    if (!isCache(state)) // nothing reads a key before it is written; a cache takes memory as a text grows
      fill(emitter, builder, emitter.at(loc, memory, offset), state);
  builder.create<LLVM::ReturnOp>(loc, ValueRange());
  return function;
}

void exportCpuModel(ModuleOp module, OpBuilder &builder, const CompiledModel &model) {
  auto named = [&](StringRef name) -> const CompiledFunction * {
    for (const CompiledFunction &function : model.functions)
      if (function.name() == name)
        return &function;
    return nullptr;
  };
  LLVM::LLVMFuncOp initState = buildInitState(module, builder, model);
  const CompiledFunction *prefill = named("prefill"), *decode = named("decode"), *many = named("decode_many");
  if (!prefill || !decode)
    return;
  kernel::FuncOp one = decode->kernels;
  auto logits = *one.getBody().getOps<kernel::LogitsOp>().begin();
  static const RecordField fields[] = {XLSTM_MODEL_FIELDS(XLSTM_RECORD_FIELD)};
  Record record(fields);
  record.set("abi", XLSTM_MODEL_ABI, builder)
      .set("prefill_tokens", prefill->tokens(), builder)
      .set("vocab", cast<MemRefType>(logits.getResult().getType()).getDimSize(2), builder)
      .set("cache_tokens", cacheSize(model).tokens, builder)
      .set("token_bytes", cacheSize(model).tokenBytes, builder)
      .set("weight_bytes", model.bytesOf(kernel::Arena::Weights), builder)
      .set("state_bytes", model.bytesOf(kernel::Arena::State), builder)
      .set("scratch_bytes", model.bytesOf(kernel::Arena::Scratch), builder)
      .set("init_state", FlatSymbolRefAttr::get(initState))
      .set("prefill", FlatSymbolRefAttr::get(prefill->native))
      .set("decode", FlatSymbolRefAttr::get(decode->native))
      .set("most_rows", many ? many->idsShape()[0] : 0, builder)
      .set("decode_many", many ? Attribute(FlatSymbolRefAttr::get(many->native)) : builder.getUnitAttr());
  buildRecord(module, builder, "xlstm_model", record);
}

} // namespace xlstm
