//===- Compile.cpp - from a module to an object file ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Target/Cpu.h"

#include "dialects/LM/LMDialect.h"
#include "dialects/LM/ModuleReader.h"
#include "dialects/XLSTM/XLSTMDialect.h"
#include "lib/Target/Cpu/Native.h"
#include "xlstm/Conversion/Passes.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Transforms/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include <map>

using namespace mlir;

namespace xlstm {

namespace {

/// Keeps the first error of a context, with its place.
class FirstError {
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

} // namespace

/// Leaves @model alone: functions derived from it are derived again, with the sizes that native code wants.
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

static LogicalResult buildAndPlan(ModuleOp module, int64_t prefillTokens) {
  BuildPrefillOptions prefill;
  prefill.batch = 1;
  prefill.tokens = prefillTokens;
  BuildDecodeOptions decode;
  decode.batch = 1;
  PassManager manager(module.getContext());
  manager.addPass(createBuildPrefill(prefill));
  manager.addPass(createBuildDecode(decode));
  manager.addPass(createPlanBuffers());
  return manager.run(module);
}

static LogicalResult lower(ModuleOp module) {
  PassManager manager(module.getContext());
  manager.addPass(createConvertLMToLLVM());
  return manager.run(module);
}

static DType storedType(Type type) { return type.isF32() ? DType::F32 : type.isBF16() ? DType::BF16 : DType::F16; }

/// Where --xlstm-plan-buffers put the weights, in order of their offsets.
static std::vector<WeightPlacement> collectWeights(ModuleOp module) {
  std::map<int64_t, WeightPlacement> weights;
  module.walk([&](lm::ParamOp param) {
    auto offset = param->getAttrOfType<IntegerAttr>(offsetAttrName);
    if (!offset)
      return; // in @model, which has no native form
    auto type = cast<RankedTensorType>(param.getType());
    TensorSpec tensor{param.getName().str(), storedType(type.getElementType()), type.getShape().vec()};
    weights[offset.getInt()] = {std::move(tensor), static_cast<uint64_t>(offset.getInt())};
  });
  std::vector<WeightPlacement> result;
  for (auto &[offset, weight] : weights)
    result.push_back(std::move(weight));
  return result;
}

CpuObject compileForCpu(std::string_view mlir, const std::string &origin, const std::filesystem::path &objectFile,
                        const CpuTargetOptions &options) {
  if (options.prefillTokens < 1)
    fail("expected prefill calls of at least 1 token, found ", options.prefillTokens);
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(options.cpu);
  DialectRegistry registry;
  registry.insert<lm::LMDialect, ::xlstm::xlstm::XLSTMDialect, LLVM::LLVMDialect>();
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  FirstError error(&context);

  OwningOpRef<ModuleOp> module = lm::readModule(mlir, origin, context);
  if (!module)
    error.raise(origin);
  if (!keepForwardOnly(*module))
    fail(origin, ": expected a function @model, found none");
  CpuObject object{objectFile, {}, 0};
  if (failed(buildAndPlan(*module, options.prefillTokens)))
    error.raise(origin);
  object.weights = collectWeights(*module);
  object.weightBytes = static_cast<uint64_t>((*module)->getAttrOfType<IntegerAttr>(weightBytesAttrName).getInt());
  if (failed(lower(*module)))
    error.raise(origin);

  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> native = translateModuleToLLVMIR(*module, llvmContext, origin);
  if (!native)
    error.raise(origin);
  native->setTargetTriple(machine->getTargetTriple().str());
  native->setDataLayout(machine->createDataLayout());
  linkKernels(*native, options.kernels);
  writeTextFile(objectFile, emitObject(*native, *machine));
  return object;
}

} // namespace xlstm
