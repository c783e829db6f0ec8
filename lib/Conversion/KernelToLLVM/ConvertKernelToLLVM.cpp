//===- ConvertKernelToLLVM.cpp - planned functions to LLVM functions ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Kernel/KernelMemory.h"
#include "dialects/LM/LMDialect.h"
#include "lib/Conversion/Globals.h"
#include "lib/Conversion/KernelToLLVM/ModelInfo.h"
#include "xlstm/Conversion/Passes.h"
#include "xlstm/Runtime/Deploy/CudaModelAbi.h"

namespace xlstm {
#define GEN_PASS_DEF_CONVERTKERNELTOLLVM
#include "lib/Conversion/Passes.h.inc"
} // namespace xlstm

using namespace mlir;
using namespace xlstm;

ArrayRef<int64_t> CompiledFunction::idsShape() const {
  auto ids = *kernel::FuncOp(kernels).getBody().getOps<kernel::IdsOp>().begin();
  return cast<MemRefType>(ids.getResult().getType()).getShape();
}

int64_t CompiledModel::bytesOf(kernel::Arena kind) const {
  int64_t bytes = 0;
  for (const CompiledFunction &function : functions)
    for (kernel::ArenaOp arena : kernel::FuncOp(function.kernels).getBody().getOps<kernel::ArenaOp>())
      if (arena.getKind() == kind)
        bytes = std::max(bytes, cast<MemRefType>(arena.getResult().getType()).getDimSize(0));
  return bytes;
}

static LLVM::LLVMFuncOp beginCpu(OpBuilder &builder, Location loc, StringRef name, bool rowsApart,
                                 llvm::StringMap<Value> &arenas) {
  constexpr StringLiteral names[] = {"weights", "state", "scratch", "ids", "logits", "team", "tokens"};
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  SmallVector<Type> arguments(6, pointer);
  arguments.push_back(builder.getI64Type());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), arguments);
  auto function = builder.create<LLVM::LLVMFuncOp>(loc, name, type, LLVM::Linkage::Internal);
  Block *entry = function.addEntryBlock(builder);
  builder.setInsertionPointToEnd(entry);
  for (auto [i, arena] : llvm::enumerate(names)) {
    arenas[arena] = entry->getArgument(i);
    if (rowsApart && arena == "state")
      arenas["states"] = entry->getArgument(i);
    if (arena == "team" || arena == "tokens")
      continue;
    function.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr()); // no two of them overlap
    if (i < 3 && !(rowsApart && arena == "state"))
      function.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(), builder.getI64IntegerAttr(kernel::placeAlignment));
    if (arena == "weights" || arena == "ids")
      function.setArgAttr(i, LLVM::LLVMDialect::getReadonlyAttrName(), builder.getUnitAttr());
  }
  return function;
}

static LLVM::LLVMFuncOp beginCuda(OpBuilder &builder, Location loc, StringRef name, bool rowsApart,
                                  llvm::StringMap<Value> &arenas, Value &stream) {
  const RecordField fields[] = {XLSTM_CUDA_MEMORY_FIELDS(XLSTM_RECORD_FIELD)};
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  SmallVector<Type> arguments(2, pointer);
  if (rowsApart) // memory, states, rows, stream
    arguments.insert(arguments.begin() + 1, {pointer, builder.getI64Type()});
  auto type = LLVM::LLVMFunctionType::get(builder.getI32Type(), arguments);
  auto function = builder.create<LLVM::LLVMFuncOp>(loc, name, type, LLVM::Linkage::Internal);
  Block *entry = function.addEntryBlock(builder);
  builder.setInsertionPointToEnd(entry);
  for (auto [i, field] : llvm::enumerate(fields)) {
    Value place = builder.create<LLVM::GEPOp>(loc, pointer, pointer, entry->getArgument(0),
                                              ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    arenas[field.name] = builder.create<LLVM::LoadOp>(loc, pointer, place);
  }
  if (rowsApart) {
    arenas["states"] = entry->getArgument(1);
    arenas["tokens"] = entry->getArgument(2);
  }
  stream = entry->getArguments().back();
  return function;
}

LLVM::LLVMFuncOp xlstm::beginFunction(OpBuilder &builder, Location loc, StringRef name, kernel::Target target,
                                      bool rowsApart, llvm::StringMap<Value> &arenas, Value &stream) {
  return target == kernel::Target::Cpu ? beginCpu(builder, loc, name, rowsApart, arenas)
                                       : beginCuda(builder, loc, name, rowsApart, arenas, stream);
}

bool xlstm::isCache(kernel::StateOp state) {
  return state.getName().ends_with(".cache_k") || state.getName().ends_with(".cache_v");
}

CacheSize xlstm::cacheSize(const CompiledModel &model) {
  CacheSize size;
  for (auto [offset, state] : collectStates(model))
    if (isCache(state)) {
      int64_t length = cast<MemRefType>(state.getResult().getType()).getDimSize(1);
      size.tokens = size.tokens ? std::min(size.tokens, length) : length;
      size.tokenBytes += kernel::bytesOf(state.getResult()) / length;
    }
  return size;
}

std::map<int64_t, kernel::StateOp> xlstm::collectStates(const CompiledModel &model) {
  std::map<int64_t, kernel::StateOp> states;
  for (const CompiledFunction &function : model.functions) {
    if (function.rowsApart()) // its states are those of the others, row by row
      continue;
    for (kernel::StateOp state : kernel::FuncOp(function.kernels).getBody().getOps<kernel::StateOp>())
      states.try_emplace(static_cast<int64_t>(*state.getOffset()), state);
  }
  return states;
}

namespace {

bool isPlanned(kernel::FuncOp function) {
  return !function.getBody().getOps<kernel::IdsOp>().empty() &&
         !function.getBody().getOps<kernel::LogitsOp>().empty() &&
         llvm::all_of(function.getBody().front(), [](Operation &op) {
           return !isa<kernel::BufferOp, kernel::WeightOp, kernel::StateOp>(op) || op.getNumOperands() == 1;
         });
}

/// All functions run on one target, for as many rows where these are not apart, in the same weights and state.
LogicalResult checkAgreement(const CompiledModel &model, const CompiledFunction &function) {
  kernel::FuncOp kernels = function.kernels;
  int64_t rows = model.functions.front().idsShape()[0], found = function.idsShape()[0];
  if (kernels.getTarget() != model.target)
    return kernels.emitOpError() << "expects target " << kernel::stringifyTarget(model.target)
                                 << " as the functions before it, found "
                                 << kernel::stringifyTarget(kernels.getTarget());
  if (!function.rowsApart() && found != rows)
    return kernels.emitOpError() << "expects " << rows << " rows as the functions before it, found " << found;
  if (model.target == kernel::Target::Cpu && found != 1 && !function.rowsApart())
    return kernels.emitOpError() << "expects ids of one row in native code for the CPU, found " << rows;
  for (kernel::ArenaOp arena : kernels.getBody().getOps<kernel::ArenaOp>()) {
    bool isShared = arena.getKind() == kernel::Arena::Weights || arena.getKind() == kernel::Arena::State;
    int64_t bytes = cast<MemRefType>(arena.getResult().getType()).getDimSize(0),
            expected = model.bytesOf(arena.getKind());
    if (isShared && bytes != expected)
      return arena.emitOpError() << "expects " << expected << " bytes as in another function, found " << bytes
                                 << " (run --xlstm-plan-memory on all of them)";
  }
  return success();
}

class ConvertKernelToLLVM : public ::xlstm::impl::ConvertKernelToLLVMBase<ConvertKernelToLLVM> {
public:
  using ConvertKernelToLLVMBase::ConvertKernelToLLVMBase;

  void runOnOperation() override {
    CompiledModel model;
    for (kernel::FuncOp function : getOperation().getOps<kernel::FuncOp>()) {
      if (!isPlanned(function)) {
        function.emitOpError() << "expects ids, logits and places in memory (run --xlstm-plan-memory first)";
        return signalPassFailure();
      }
      model.functions.push_back({function, {}});
    }
    if (model.functions.empty())
      return;
    model.target = model.functions.front().kernels.getTarget();
    for (const CompiledFunction &function : model.functions)
      if (failed(checkAgreement(model, function)))
        return signalPassFailure();
    llvm::stable_sort(model.functions, [](auto &a, auto &b) { return a.tokens() > b.tokens(); });
    convert(model);
  }

private:
  void convert(CompiledModel &model);
  void convert(CompiledFunction &function, SizeQueries &queries);
};

void ConvertKernelToLLVM::convert(CompiledFunction &function, SizeQueries &queries) {
  kernel::FuncOp kernels = function.kernels;
  OpBuilder builder(kernels);
  llvm::StringMap<Value> arenas;
  Value stream;
  bool isCpu = kernels.getTarget() == kernel::Target::Cpu;
  function.native = beginFunction(builder, kernels.getLoc(), kernels.getSymName(), kernels.getTarget(),
                                  function.rowsApart(), arenas, stream);
  int64_t most = function.rowsApart() ? function.idsShape()[0] : function.tokens();
  CallEmitter emitter(getOperation(), builder, kernels, most, arenas, stream, queries);
  for (Operation &op : kernels.getBody().front())
    emitter.emit(&op);
  Location loc = kernels.getLoc();
  builder.create<LLVM::ReturnOp>(loc, isCpu ? ValueRange() : ValueRange(CEmitter(getOperation(), builder).i32(loc, 0)));
}

void ConvertKernelToLLVM::convert(CompiledModel &model) {
  for (CompiledFunction &function : model.functions)
    convert(function, model.queries);
  OpBuilder builder(&getContext());
  builder.setInsertionPointToEnd(getOperation().getBody());
  if (model.target == kernel::Target::Cpu)
    exportCpuModel(getOperation(), builder, model);
  else
    exportCudaModel(getOperation(), builder, model, randomWeights);
  for (const CompiledFunction &function : model.functions)
    kernel::FuncOp(function.kernels).erase();
  for (lm::ModelOp forward : llvm::make_early_inc_range(getOperation().getOps<lm::ModelOp>()))
    forward.erase();
}

} // namespace
