//===- Compile.cpp - from a module to an object file ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Target/Cpu.h"

#include "lib/Target/Cpu/Explain.h"
#include "lib/Target/Cpu/Kernels.h"
#include "lib/Target/Native/Emit.h"
#include "lib/Target/Native/NativeModule.h"
#include "xlstm/Conversion/Passes.h"
#include "xlstm/Runtime/Deploy/ModelAbi.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Transforms/Passes.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

namespace xlstm {

/// Texts that a server decodes together: more gain little, as products are then bound by arithmetic.
static constexpr int64_t mostRows = 8;

static void buildAndPlan(PassManager &manager, const CpuTargetOptions &options) {
  BuildPrefillOptions prefill;
  prefill.batch = 1;
  prefill.tokens = options.prefillTokens;
  BuildDecodeOptions decode;
  decode.batch = 1;
  BuildDecodeOptions many;
  many.batch = mostRows;
  many.many = true;
  manager.addPass(createOrderHeads());
  manager.addPass(createBuildPrefill(prefill));
  manager.addPass(createBuildDecode(decode));
  manager.addPass(createBuildDecode(many));
  manager.addPass(createFuseLinear());
  QuantizeOptions quantize;
  quantize.rules = options.weights;
  manager.addPass(createQuantize(quantize));
  manager.addPass(createPackLinear());
  addNativePasses(manager, kernel::Target::Cpu, options.smallKeys);
}

/// What of a CPU with wideCpuFeatures is asked of LLVM: its vectors of 64 bytes are worth using where there is VNNI.
static constexpr const char *wideCpu = "x86-64-v4", *wideFeatures = "+avx512vnni,-prefer-256-bit";

static std::string translate(NativeModule &module, llvm::TargetMachine &machine, const CpuTargetOptions &options,
                             llvm::StringRef symbol, EmitKind kind) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> native = module.translate(context, machine);
  linkKernels(*native, kernelsFor(machine, options.kernels), symbol);
  return emitCode(*native, machine, kind);
}

static void checkTokens(const CpuTargetOptions &options) {
  if (options.prefillTokens < 1)
    fail("expected prefill calls of at least 1 token, found ", options.prefillTokens);
}

static void lower(NativeModule &module) {
  module.run([](PassManager &manager) { manager.addPass(createConvertKernelToLLVM()); });
}

std::string translateForCpu(std::string_view mlir, const std::string &origin, const CpuTargetOptions &options,
                            CpuStage stage) {
  checkTokens(options);
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(options.cpu);
  NativeModule module(mlir, origin);
  module.run([&](PassManager &manager) { buildAndPlan(manager, options); });
  if (stage == CpuStage::Mlir) {
    std::string text;
    llvm::raw_string_ostream(text) << module.get() << "\n";
    return text;
  }
  lower(module);
  return translate(module, *machine, options, "xlstm_model",
                   stage == CpuStage::Llvm       ? EmitKind::Llvm
                   : stage == CpuStage::Assembly ? EmitKind::Assembly
                                                 : EmitKind::Object);
}

Explanation explainForCpu(std::string_view mlir, const std::string &origin, const CpuTargetOptions &options,
                          const std::optional<CpuRates> &rates) {
  checkTokens(options);
  NativeModule module(mlir, origin);
  module.run([&](PassManager &manager) { buildAndPlan(manager, options); });
  return explainPlan(module.get(), rates);
}

ModelObject compileForCpu(std::string_view mlir, const std::string &origin, const std::filesystem::path &objectFile,
                          const CpuTargetOptions &options) {
  checkTokens(options);
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(options.cpu);
  NativeModule module(mlir, origin);
  module.run([&](PassManager &manager) { buildAndPlan(manager, options); });
  ModelObject object{objectFile, module.weights(), module.weightBytes(), factsOf(*machine, "cpu", XLSTM_MODEL_ABI), {}};
  lower(module);
  writeTextFile(objectFile, translate(module, *machine, options, "xlstm_model", EmitKind::Object));
  if (options.widen && machine->getTargetTriple().getArch() == llvm::Triple::x86_64) {
    object.wideFile = std::filesystem::path(objectFile).replace_extension("wide.o");
    writeTextFile(object.wideFile, translate(module, *createTargetMachine(wideCpu, wideFeatures), options,
                                             "xlstm_model_wide", EmitKind::Object));
  }
  return object;
}

} // namespace xlstm
