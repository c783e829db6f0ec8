//===- CudaModelInfo.cpp - what a model compiled for CUDA exports ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/LMToCuda/CudaModelInfo.h"
#include "lib/Conversion/Globals.h"
#include "lib/Conversion/LMToCuda/RandomWeights.h"
#include "xlstm/Conversion/Passes.h"
#include "xlstm/Runtime/Deploy/CudaModelAbi.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace xlstm {

LLVM::LLVMFuncOp beginStepFunction(OpBuilder &builder, Location loc, StringRef name, CudaArguments &arguments) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto type = LLVM::LLVMFunctionType::get(builder.getI32Type(), {pointer, pointer});
  auto function = builder.create<LLVM::LLVMFuncOp>(loc, name, type, LLVM::Linkage::Internal);
  Block *entry = function.addEntryBlock(builder);
  builder.setInsertionPointToEnd(entry);
  Value *fields[] = {&arguments.weights, &arguments.state, &arguments.scratch, &arguments.workspace,
                     &arguments.zeroed,  &arguments.ids,   &arguments.logits}; // in the struct's order
  for (auto [i, field] : llvm::enumerate(fields)) {
    Value place = builder.create<LLVM::GEPOp>(loc, pointer, pointer, entry->getArgument(0),
                                              ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    *field = builder.create<LLVM::LoadOp>(loc, pointer, place);
  }
  arguments.stream = entry->getArgument(1);
  return function;
}

namespace {

class InfoBuilder : CallEmitter {
public:
  InfoBuilder(ModuleOp module, OpBuilder &builder, const CudaModel &model)
      : CallEmitter(module, builder, {}), model(model) {}

  Attribute buildInitState(const InitialStates &states);
  /// `size_t name(void)`: the largest of what the queries return.
  Attribute buildMaximum(StringRef name, const std::set<SizeQuery> &queries);
  Attribute buildConstants();

private:
  void fill(Value place, uint32_t word, int64_t bytes, Value stream);
  const CudaModel &model;
};

} // namespace

void InfoBuilder::fill(Value place, uint32_t word, int64_t bytes, Value stream) {
  Location loc = module.getLoc();
  callOrReturn(builder, call(loc, "xlstm_cuda_fill",
                             {place, int32(loc, static_cast<int32_t>(word)),
                              size(loc, bytes / static_cast<int64_t>(sizeof(uint32_t))), stream},
                             builder.getI32Type()));
}

/// A state's first value as the 32-bit word that repeats it.
static uint32_t wordOf(const InitialState &state) {
  llvm::APFloat value(state.value);
  bool losesInfo;
  value.convert(cast<FloatType>(state.type.getElementType()).getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven,
                &losesInfo);
  auto bits = static_cast<uint32_t>(value.bitcastToAPInt().getZExtValue());
  return state.type.getElementTypeBitWidth() == 16 ? bits << 16 | bits : bits;
}

/// Zero, positions included, then what begins with another value.
Attribute InfoBuilder::buildInitState(const InitialStates &states) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module.getBody());
  Location loc = module.getLoc();
  CudaArguments arguments;
  LLVM::LLVMFuncOp function = beginStepFunction(builder, loc, "init_state", arguments);
  fill(arguments.state, 0, model.stateBytes, arguments.stream);
  for (const auto &[offset, state] : states)
    if (uint32_t word = wordOf(state)) {
      int64_t bytes = state.type.getNumElements() * state.type.getElementTypeBitWidth() / 8;
      fill(at(loc, arguments.state, offset), word, bytes, arguments.stream);
    }
  builder.create<LLVM::ReturnOp>(loc, int32(loc, 0));
  return FlatSymbolRefAttr::get(function);
}

Attribute InfoBuilder::buildMaximum(StringRef name, const std::set<SizeQuery> &queries) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module.getBody());
  Location loc = module.getLoc();
  Type i64 = builder.getI64Type();
  auto function =
      builder.create<LLVM::LLVMFuncOp>(loc, name, LLVM::LLVMFunctionType::get(i64, {}), LLVM::Linkage::Internal);
  builder.setInsertionPointToEnd(function.addEntryBlock(builder));
  Value largest = size(loc, 0);
  for (const auto &[query, numbers] : queries) {
    SmallVector<Value> operands;
    for (int64_t number : numbers)
      operands.push_back(operands.empty() ? int32(loc, number) : size(loc, number));
    Value needed = call(loc, query, operands, i64).getResult();
    largest = builder.create<LLVM::UMaxOp>(loc, largest, needed);
  }
  builder.create<LLVM::ReturnOp>(loc, largest);
  return FlatSymbolRefAttr::get(function);
}

Attribute InfoBuilder::buildConstants() {
  SmallVector<Record> records;
  for (const auto &[offset, values] : model.constants) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(module.getBody());
    auto type = LLVM::LLVMArrayType::get(builder.getF32Type(), values.getNumElements());
    auto global = builder.create<LLVM::GlobalOp>(module.getLoc(), type, /*isConstant=*/true, LLVM::Linkage::Internal,
                                                 "constant_" + std::to_string(records.size()), values,
                                                 /*alignment=*/placeAlignment);
    int64_t bytes = values.getNumElements() * static_cast<int64_t>(sizeof(float));
    records.push_back(
        {builder.getI64IntegerAttr(offset), builder.getI64IntegerAttr(bytes), FlatSymbolRefAttr::get(global)});
  }
  return buildTable(module, builder, "constants", records);
}

static int64_t bytesOf(Value value) { return count(value) * elementType(value).getIntOrFloatBitWidth() / 8; }

/// What one token of every text must move: weights but an embedding's table once, S, z and m there and back, rings
/// once.
static int64_t decodeBytes(lm::ModelOp decode) {
  int64_t bytes = 0;
  llvm::StringSet<> seen;
  for (lm::ParamOp param : decode.getBody().getOps<lm::ParamOp>()) {
    bool isTable = llvm::all_of(param->getUsers(), [](Operation *user) { return isa<lm::EmbedOp>(user); });
    if (!isTable && seen.insert(param.getName()).second)
      bytes += bytesOf(param.getResult());
  }
  for (auto mixer : decode.getBody().getOps<::xlstm::xlstm::HybridOp>())
    for (auto [i, state] : llvm::enumerate(mixer.getState()))
      bytes += (i < 3 ? 2 : 1) * bytesOf(state);
  return bytes;
}

/// Operations for one token of the projections that run for every token of the call.
static int64_t prefillOperations(const CudaFunction &prefill) {
  int64_t operations = 0;
  for (Operation &op : lm::ModelOp(prefill.model).getBody().front())
    if (isa<lm::LinearOp, lm::LinearAddOp>(op) && dim(op.getOperand(0), 1) == prefill.tokens)
      operations += 2 * count(op.getOperand(1));
  return operations;
}

void buildCudaModelInfo(ModuleOp module, OpBuilder &builder, ArrayRef<CudaFunction> functions,
                        const InitialStates &states, const CudaModel &model, bool randomWeights) {
  auto i32 = [&](int64_t value) { return builder.getI32IntegerAttr(static_cast<int32_t>(value)); };
  auto i64 = [&](int64_t value) { return builder.getI64IntegerAttr(value); };
  InfoBuilder info(module, builder, model);
  SmallVector<Record> runs, random;
  int64_t scratchBytes = 0;
  for (const CudaFunction &function : functions) {
    runs.push_back({i64(function.tokens), FlatSymbolRefAttr::get(function.function)});
    scratchBytes = std::max(scratchBytes, function.model->getAttrOfType<IntegerAttr>(scratchBytesAttrName).getInt());
  }
  if (randomWeights)
    random = describeRandomWeights(functions.back().model, builder);
  lm::ModelOp decode = functions.back().model;
  buildRecord(module, builder, "xlstm_cuda_model",
              {i32(XLSTM_CUDA_MODEL_ABI), i32(model.batch),
               i64(cast<RankedTensorType>(decode.getResultTypes()[0]).getDimSize(2)),
               i64(static_cast<int64_t>(decode.getContextLength().value_or(0))), i64(model.weightBytes),
               i64(model.stateBytes), i64(scratchBytes), info.buildMaximum("workspace_bytes", model.workspace),
               info.buildMaximum("zeroed_bytes", model.zeroed), info.buildInitState(states),
               buildTable(module, builder, "functions", runs), i64(static_cast<int64_t>(runs.size())),
               buildTable(module, builder, "random_weights", random), i64(static_cast<int64_t>(random.size())),
               info.buildConstants(), i64(static_cast<int64_t>(model.constants.size())), i64(decodeBytes(decode)),
               i64(functions.size() > 1 ? prefillOperations(functions.front()) : 0)});
}

} // namespace xlstm
