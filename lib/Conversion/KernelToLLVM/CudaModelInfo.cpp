//===- CudaModelInfo.cpp - what a model compiled for CUDA exports ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Kernel/KernelMemory.h"
#include "lib/Conversion/KernelToLLVM/ModelInfo.h"
#include "lib/Conversion/KernelToLLVM/WeightInfo.h"
#include "xlstm/Runtime/Deploy/CudaModelAbi.h"

using namespace mlir;

namespace xlstm {

namespace {

class InfoBuilder : CEmitter {
public:
  InfoBuilder(ModuleOp module, OpBuilder &builder, const CompiledModel &model)
      : CEmitter(module, builder), model(model) {}

  Attribute buildInitState();
  /// `size_t name(void)`: the largest of what the queries return.
  Attribute buildMaximum(StringRef name, const std::string &memory);
  SmallVector<Record> describeFunctions();
  SmallVector<Record> describeConstants();

private:
  void fill(Value place, uint32_t word, int64_t bytes, Value stream);
  const CompiledModel &model;
};

} // namespace

void InfoBuilder::fill(Value place, uint32_t word, int64_t bytes, Value stream) {
  Location loc = module.getLoc();
  int64_t words = bytes / static_cast<int64_t>(sizeof(uint32_t));
  returnError(call(loc, "xlstm_cuda_fill", {place, i32(loc, static_cast<int32_t>(word)), i64(loc, words), stream},
                   builder.getI32Type()));
}

/// A state's first value as the 32-bit word that repeats it.
static uint32_t wordOf(kernel::StateOp state) {
  auto type = dyn_cast<FloatType>(cast<MemRefType>(state.getResult().getType()).getElementType());
  if (!type)
    return 0;
  llvm::APFloat value = state.getInit();
  bool losesInfo;
  value.convert(type.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  auto bits = static_cast<uint32_t>(value.bitcastToAPInt().getZExtValue());
  return type.getWidth() == 16 ? bits << 16 | bits : bits;
}

/// Zero, positions included, then what begins with another value.
Attribute InfoBuilder::buildInitState() {
  OpBuilder::InsertionGuard guard(builder);
  Location loc = module.getLoc();
  llvm::StringMap<Value> arenas;
  Value stream;
  LLVM::LLVMFuncOp function =
      beginFunction(builder, loc, "init_state", model.target, /*rowsApart=*/false, arenas, stream);
  fill(arenas["state"], 0, model.bytesOf(kernel::Arena::State), stream);
  for (auto [offset, state] : collectStates(model))
    if (uint32_t word = wordOf(state))
      fill(at(loc, arenas["state"], offset), word, kernel::bytesOf(state.getResult()), stream);
  builder.create<LLVM::ReturnOp>(loc, i32(loc, 0));
  return FlatSymbolRefAttr::get(function);
}

Attribute InfoBuilder::buildMaximum(StringRef name, const std::string &memory) {
  OpBuilder::InsertionGuard guard(builder);
  Location loc = module.getLoc();
  Type type = builder.getI64Type();
  auto function =
      builder.create<LLVM::LLVMFuncOp>(loc, name, LLVM::LLVMFunctionType::get(type, {}), LLVM::Linkage::Internal);
  builder.setInsertionPointToEnd(function.addEntryBlock(builder));
  Value largest = i64(loc, 0);
  auto queries = model.queries.find(memory);
  for (const SizeQuery &query : queries == model.queries.end() ? std::set<SizeQuery>() : queries->second) {
    SmallVector<Value> operands;
    for (int32_t value : query.types)
      operands.push_back(i32(loc, value));
    for (int64_t value : query.sizes)
      operands.push_back(i64(loc, value));
    largest = builder.create<LLVM::UMaxOp>(loc, largest, call(loc, query.function, operands, type).getResult());
  }
  builder.create<LLVM::ReturnOp>(loc, largest);
  return FlatSymbolRefAttr::get(function);
}

SmallVector<Record> InfoBuilder::describeFunctions() {
  static const RecordField fields[] = {XLSTM_CUDA_FUNCTION_FIELDS(XLSTM_RECORD_FIELD)};
  SmallVector<Record> records;
  for (const CompiledFunction &function : model.functions)
    if (!function.rowsApart())
      records.push_back(
          Record(fields).set("tokens", function.tokens(), builder).set("run", FlatSymbolRefAttr::get(function.native)));
  return records;
}

SmallVector<Record> InfoBuilder::describeConstants() {
  static const RecordField fields[] = {XLSTM_CUDA_CONSTANT_FIELDS(XLSTM_RECORD_FIELD)};
  std::map<int64_t, kernel::ConstantOp> constants;
  for (const CompiledFunction &function : model.functions)
    for (kernel::ConstantOp constant : kernel::FuncOp(function.kernels).getBody().getOps<kernel::ConstantOp>())
      constants.try_emplace(static_cast<int64_t>(*constant.getOffset()), constant);
  SmallVector<Record> records;
  for (auto [offset, constant] : constants) {
    LLVM::GlobalOp global = buildNumbers(module, builder, cast<DenseElementsAttr>(constant.getValue()));
    records.push_back(Record(fields)
                          .set("offset", offset, builder)
                          .set("bytes", kernel::bytesOf(constant.getResult()), builder)
                          .set("data", FlatSymbolRefAttr::get(global)));
  }
  return records;
}

/// A table of records: its address and, in `<name>_count`'s place, their number.
static void setTable(Record &record, StringRef field, StringRef count, StringRef name, ArrayRef<Record> records,
                     ModuleOp module, OpBuilder &builder) {
  record.set(field, buildTable(module, builder, name, records));
  record.set(count, static_cast<int64_t>(records.size()), builder);
}

/// Whether calls of a function whose rows are apart go row by row: then it needs the states' pointers where it is enqueued.
static bool goesByRows(const CompiledFunction &function) {
  return llvm::any_of(kernel::FuncOp(function.kernels).getBody().front(), [](Operation &op) {
    return kernel::Call::isa(&op) && kernel::usesState(&op) && !kernel::takesApart(&op);
  });
}

void exportCudaModel(ModuleOp module, OpBuilder &builder, const CompiledModel &model, bool randomWeights) {
  InfoBuilder info(module, builder, model);
  Attribute initState = info.buildInitState();
  auto isDecode = [](const CompiledFunction &function) { return function.tokens() == 1 && !function.rowsApart(); };
  auto found = llvm::find_if(model.functions, isDecode);
  if (found == model.functions.end())
    return;
  const CompiledFunction &decode = *found;
  auto many = llvm::find_if(model.functions, [](const CompiledFunction &function) { return function.rowsApart(); });
  bool hasMany = many != model.functions.end();
  kernel::FuncOp one = decode.kernels;
  auto logits = *one.getBody().getOps<kernel::LogitsOp>().begin();
  static const RecordField fields[] = {XLSTM_CUDA_MODEL_FIELDS(XLSTM_RECORD_FIELD)};
  Record record(fields);
  record.set("abi", XLSTM_CUDA_MODEL_ABI, builder)
      .set("batch", decode.idsShape()[0], builder)
      .set("vocab", cast<MemRefType>(logits.getResult().getType()).getDimSize(2), builder)
      .set("cache_tokens", cacheSize(model).tokens, builder)
      .set("token_bytes", cacheSize(model).tokenBytes, builder)
      .set("weight_bytes", model.bytesOf(kernel::Arena::Weights), builder)
      .set("state_bytes", model.bytesOf(kernel::Arena::State), builder)
      .set("scratch_bytes", model.bytesOf(kernel::Arena::Scratch), builder)
      .set("workspace_bytes", info.buildMaximum("workspace_bytes", "workspace"))
      .set("zeroed_bytes", info.buildMaximum("zeroed_bytes", "zeroed"))
      .set("init_state", initState)
      .set("most_rows", hasMany ? many->idsShape()[0] : 0, builder)
      .set("goes_by_rows", hasMany && goesByRows(*many), builder)
      .set("decode_many", hasMany ? Attribute(FlatSymbolRefAttr::get(many->native)) : builder.getUnitAttr())
      .set("decode_bytes", decodeBytes(one), builder)
      .set("prefill_flops", model.functions.front().tokens() > 1 ? prefillOperations(model.functions.front()) : 0,
           builder);
  setTable(record, "functions", "function_count", "functions", info.describeFunctions(), module, builder);
  setTable(record, "random", "random_count", "random_weights",
           randomWeights ? describeRandomWeights(one, builder) : SmallVector<Record>(), module, builder);
  setTable(record, "constants", "constant_count", "constants", info.describeConstants(), module, builder);
  buildRecord(module, builder, "xlstm_cuda_model", record);
}

} // namespace xlstm
