//===- ConvertLMToLLVM.cpp - planned functions to LLVM functions ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/LMToLLVM/KernelCalls.h"
#include "lib/Conversion/LMToLLVM/ModelInfo.h"
#include "lib/Conversion/PlannedFunction.h"
#include "xlstm/Conversion/Passes.h"

namespace xlstm {
#define GEN_PASS_DEF_CONVERTLMTOLLVM
#include "lib/Conversion/Passes.h.inc"
} // namespace xlstm

using namespace mlir;
using namespace xlstm;

namespace {

LLVM::LLVMFuncOp createFunction(lm::ModelOp model, OpBuilder &builder) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                          {pointer, pointer, pointer, pointer, builder.getI32Type(), pointer});
  auto function = builder.create<LLVM::LLVMFuncOp>(model.getLoc(), model.getSymName(), type, LLVM::Linkage::Internal);
  for (unsigned i : {0u, 1u, 2u, 3u, 5u}) // no two of the memories overlap
    function.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
  for (unsigned i : {0u, 1u, 2u})
    function.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(), builder.getI64IntegerAttr(placeAlignment));
  for (unsigned i : {0u, 3u})
    function.setArgAttr(i, LLVM::LLVMDialect::getReadonlyAttrName(), builder.getUnitAttr());
  return function;
}

class ConvertLMToLLVM : public ::xlstm::impl::ConvertLMToLLVMBase<ConvertLMToLLVM> {
public:
  void runOnOperation() override {
    SmallVector<lm::ModelOp> models = llvm::to_vector(getOperation().getOps<lm::ModelOp>());
    InitialStates states;
    for (lm::ModelOp model : models)
      if (failed(convert(model, states)))
        return signalPassFailure();
    if (converted.empty())
      return;
    OpBuilder builder(&getContext());
    LLVM::LLVMFuncOp initState = buildInitState(getOperation(), builder, states);
    exportModel(builder, initState);
    for (lm::ModelOp model : models)
      model.erase();
  }

private:
  LogicalResult convert(lm::ModelOp model, InitialStates &states);
  void exportModel(OpBuilder &builder, LLVM::LLVMFuncOp initState);

  struct Converted {
    lm::ModelOp model;
    LLVM::LLVMFuncOp function;
  };
  llvm::StringMap<Converted> converted;
};

LogicalResult ConvertLMToLLVM::convert(lm::ModelOp model, InitialStates &states) {
  if (model.getFirstStateArgument() == model.getNumArguments())
    return success();
  if (failed(checkPlanned(model)))
    return failure();
  if (int64_t rows = cast<RankedTensorType>(model.getArgumentTypes()[0]).getDimSize(0); rows != 1)
    return model.emitOpError() << "expects ids of one row in native code for the CPU, found " << rows;
  OpBuilder builder(model);
  LLVM::LLVMFuncOp function = createFunction(model, builder);
  Block *entry = function.addEntryBlock(builder);
  builder.setInsertionPointToEnd(entry);
  auto argument = [&](unsigned i) { return entry->getArgument(i); };
  KernelCalls calls(getOperation(), builder,
                    {argument(0), argument(1), argument(2), argument(3), argument(4), argument(5)});
  calls.bindArguments(model);
  for (Operation &op : model.getBody().front())
    if (failed(calls.emit(&op)))
      return failure();
  collectStates(model, states);
  converted[model.getSymName()] = {model, function};
  return success();
}

void ConvertLMToLLVM::exportModel(OpBuilder &builder, LLVM::LLVMFuncOp initState) {
  auto prefill = converted.find("prefill"), decode = converted.find("decode");
  if (prefill == converted.end() || decode == converted.end())
    return;
  auto number = [](Operation *op, StringRef name) { return op->getAttrOfType<IntegerAttr>(name).getInt(); };
  lm::ModelOp one = decode->second.model, many = prefill->second.model;
  ModelNumbers numbers;
  numbers.prefillTokens = cast<RankedTensorType>(many.getArgumentTypes()[0]).getDimSize(1);
  numbers.vocab = cast<RankedTensorType>(one.getResultTypes()[0]).getDimSize(2);
  numbers.contextLength = static_cast<int64_t>(one.getContextLength().value_or(0));
  numbers.weightBytes = number(getOperation(), weightBytesAttrName);
  numbers.stateBytes = number(getOperation(), stateBytesAttrName);
  numbers.scratchBytes = std::max(number(one, scratchBytesAttrName), number(many, scratchBytesAttrName));
  buildModelInfo(getOperation(), builder, numbers, initState, prefill->second.function, decode->second.function);
}

} // namespace
