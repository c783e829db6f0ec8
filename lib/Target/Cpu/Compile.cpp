//===- Compile.cpp - from a module to an object file ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Target/Cpu.h"

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

static void buildAndPlan(PassManager &manager, const CpuTargetOptions &options) {
  BuildPrefillOptions prefill;
  prefill.batch = 1;
  prefill.tokens = options.prefillTokens;
  BuildDecodeOptions decode;
  decode.batch = 1;
  manager.addPass(createOrderHeads());
  manager.addPass(createBuildPrefill(prefill));
  manager.addPass(createBuildDecode(decode));
  manager.addPass(createFuseLinear());
  QuantizeOptions quantize;
  quantize.rules = options.weights;
  manager.addPass(createQuantize(quantize));
  manager.addPass(createPackLinear());
  addNativePasses(manager, kernel::Target::Cpu, options.smallKeys);
}

/// What of a CPU with wideCpuFeatures is asked of LLVM: its vectors of 64 bytes are worth using where there is VNNI.
static constexpr const char *wideCpu = "x86-64-v4", *wideFeatures = "+avx512vnni,-prefer-256-bit";

static void writeObject(NativeModule &module, llvm::TargetMachine &machine, const CpuTargetOptions &options,
                        llvm::StringRef symbol, const std::filesystem::path &file) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> native = module.translate(context, machine);
  linkKernels(*native, kernelsFor(machine, options.kernels), symbol);
  writeTextFile(file, emitObject(*native, machine));
}

ModelObject compileForCpu(std::string_view mlir, const std::string &origin, const std::filesystem::path &objectFile,
                          const CpuTargetOptions &options) {
  if (options.prefillTokens < 1)
    fail("expected prefill calls of at least 1 token, found ", options.prefillTokens);
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(options.cpu);
  NativeModule module(mlir, origin);
  module.run([&](PassManager &manager) { buildAndPlan(manager, options); });
  ModelObject object{objectFile, module.weights(), module.weightBytes(), factsOf(*machine, "cpu", XLSTM_MODEL_ABI), {}};
  module.run([](PassManager &manager) { manager.addPass(createConvertKernelToLLVM()); });
  writeObject(module, *machine, options, "xlstm_model", objectFile);
  if (options.widen && machine->getTargetTriple().getArch() == llvm::Triple::x86_64) {
    object.wideFile = std::filesystem::path(objectFile).replace_extension("wide.o");
    writeObject(module, *createTargetMachine(wideCpu, wideFeatures), options, "xlstm_model_wide", object.wideFile);
  }
  return object;
}

} // namespace xlstm
