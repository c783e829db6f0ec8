//===- NativeModule.cpp - a module on its way to an object file -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Native/NativeModule.h"

#include "dialects/Kernel/KernelDialect.h"
#include "dialects/LM/LMDialect.h"
#include "dialects/LM/ModuleReader.h"
#include "dialects/XLSTM/XLSTMDialect.h"
#include "xlstm/Conversion/Passes.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Transforms/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include <map>

using namespace mlir;

namespace xlstm {

/// Keeps the first error of a context, with its place.
class NativeModule::FirstError {
public:
  explicit FirstError(MLIRContext *context)
      : handler(context, [this](Diagnostic &diagnostic) { return keep(diagnostic); }) {}

  [[noreturn]] void raise(const std::string &origin) const {
    throw Error(text.empty() ? origin + ": expected a model that can be compiled" : text);
  }

private:
  LogicalResult keep(Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
      return failure();
    if (!text.empty())
      return success();
    llvm::raw_string_ostream out(text);
    if (auto place = dyn_cast<FileLineColLoc>(diagnostic.getLocation()))
      out << place.getFilename().getValue() << ":" << place.getLine() << ":" << place.getColumn() << ": ";
    out << diagnostic.str();
    return success();
  }

  std::string text;
  ScopedDiagnosticHandler handler;
};

static bool keepForwardOnly(ModuleOp module) {
  bool found = false;
  for (lm::ModelOp function : llvm::make_early_inc_range(module.getOps<lm::ModelOp>())) {
    if (function.getSymName() == "model")
      found = true;
    else
      function.erase();
  }
  return found;
}

static DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registry.insert<lm::LMDialect, ::xlstm::xlstm::XLSTMDialect, kernel::KernelDialect, LLVM::LLVMDialect>();
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  return registry;
}

NativeModule::NativeModule(std::string_view mlir, const std::string &origin)
    : origin(origin), context(makeRegistry(), MLIRContext::Threading::DISABLED),
      error(std::make_unique<FirstError>(&context)), module(lm::readModule(mlir, origin, context)) {
  if (!module)
    raise();
  if (!keepForwardOnly(*module))
    fail(origin, ": expected a function @model, found none");
}

NativeModule::~NativeModule() = default;

void NativeModule::raise() { error->raise(origin); }

void NativeModule::run(llvm::function_ref<void(PassManager &)> addPasses) {
  PassManager manager(&context);
  addPasses(manager);
  if (failed(manager.run(*module)))
    raise();
}

static DType dtypeOf(ShapedType type) {
  return type.getElementType().isF32() ? DType::F32 : type.getElementType().isBF16() ? DType::BF16 : DType::F16;
}

std::vector<WeightPlacement> NativeModule::weights() {
  llvm::StringMap<RankedTensorType> stored; // @model is not compiled, and has no other types than the bundle's
  module->walk([&](lm::ParamOp param) { stored[param.getName()] = cast<RankedTensorType>(param.getType()); });
  std::map<int64_t, WeightPlacement> weights;
  module->walk([&](kernel::WeightOp weight) {
    auto type = cast<MemRefType>(weight.getResult().getType());
    auto offset = static_cast<int64_t>(*weight.getOffset());
    auto it = stored.find(weight.getName());
    ShapedType whole = it == stored.end() ? ShapedType(type) : ShapedType(it->second);
    WeightPlacement placement{
        {weight.getName().str(), dtypeOf(whole), whole.getShape().vec()}, dtypeOf(type), static_cast<uint64_t>(offset)};
    if (auto panel = dyn_cast<kernel::PanelType>(type.getElementType()))
      placement.panels = static_cast<PanelStorage>(panel.getKind());
    if (auto blocks = weight.getBlocks())
      placement.blocks = {blocks->vec(), static_cast<int64_t>(*weight.getSize()),
                          static_cast<int64_t>(*weight.getAxis())};
    weights[offset] = std::move(placement);
  });
  std::vector<WeightPlacement> result;
  for (auto &[offset, weight] : weights)
    result.push_back(std::move(weight));
  return result;
}

uint64_t NativeModule::weightBytes() {
  int64_t bytes = 0;
  module->walk([&](kernel::ArenaOp arena) {
    if (arena.getKind() == kernel::Arena::Weights)
      bytes = std::max(bytes, cast<MemRefType>(arena.getResult().getType()).getDimSize(0));
  });
  return static_cast<uint64_t>(bytes);
}

void addNativePasses(PassManager &manager, kernel::Target target, bool smallKeys) {
  manager.addPass(createInlineLayers());
  manager.addPass(createConvertLMToKernel({target, /*panels=*/target == kernel::Target::Cpu, smallKeys}));
  manager.addPass(createPlanMemory());
  manager.addPass(createPlaceMeets());
}

std::unique_ptr<llvm::Module> NativeModule::translate(llvm::LLVMContext &llvmContext,
                                                      const llvm::TargetMachine &machine) {
  std::unique_ptr<llvm::Module> native = translateModuleToLLVMIR(*module, llvmContext, origin);
  if (!native)
    raise();
  native->setTargetTriple(machine.getTargetTriple().str());
  native->setDataLayout(machine.createDataLayout());
  return native;
}

} // namespace xlstm
