//===- Compile.cpp - from a module to an object file that drives a GPU ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Target/Cuda.h"

#include "lib/Target/Cuda/Plan.h"
#include "lib/Target/Native/Emit.h"
#include "lib/Target/Native/NativeModule.h"
#include "xlstm/Conversion/Passes.h"
#include "xlstm/Runtime/Deploy/CudaModelAbi.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Transforms/Passes.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include <set>

using namespace mlir;

namespace xlstm {

static void checkOptions(const CudaTargetOptions &options) {
  if (options.activations != DType::F32 && options.activations != DType::BF16)
    fail("expected activations of f32 or bf16, found ", safetensorsName(options.activations));
  if (options.batch < 1)
    fail("expected a batch of at least 1 text, found ", options.batch);
  for (int64_t tokens : options.prefillTokens)
    if (tokens < 2)
      fail("expected prefill calls of at least 2 tokens, as one is decoded, found ", tokens);
}

/// Texts that a server decodes together.
static constexpr int64_t mostRows = 64;

void addCudaPlan(PassManager &manager, const CudaTargetOptions &options, bool withMany) {
  checkOptions(options);
  manager.addPass(createOrderHeads());
  for (int64_t tokens : std::set(options.prefillTokens.begin(), options.prefillTokens.end())) {
    BuildPrefillOptions prefill;
    prefill.batch = options.batch;
    prefill.tokens = tokens;
    prefill.function = "prefill_" + std::to_string(tokens);
    manager.addPass(createBuildPrefill(prefill));
  }
  BuildDecodeOptions decode;
  decode.batch = options.batch;
  manager.addPass(createBuildDecode(decode));
  if (withMany && options.batch == 1) {
    BuildDecodeOptions many;
    many.batch = mostRows;
    many.many = true;
    manager.addPass(createBuildDecode(many));
  }
  manager.addPass(createFuseHybrid({/*kernelWidths=*/true}));
  SetPrecisionOptions precision;
  precision.type = options.activations == DType::BF16 ? Precision::BF16 : Precision::F32;
  manager.addPass(createSetPrecision(precision));
  manager.addPass(createFuseLinear());
  manager.addPass(createPackLinear());
  addNativePasses(manager, kernel::Target::Cuda);
}

ModelObject compileForCuda(std::string_view mlir, const std::string &origin, const std::filesystem::path &objectFile,
                           const CudaTargetOptions &options) {
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine("generic"); // the work is done elsewhere
  NativeModule module(mlir, origin);
  module.run([&](PassManager &manager) { addCudaPlan(manager, options, /*withMany=*/true); });
  ModelObject object{objectFile, {}, 0, factsOf(*machine, "cuda", XLSTM_CUDA_MODEL_ABI), {}};
  if (!options.randomWeights) {
    object.weights = module.weights();
    object.weightBytes = module.weightBytes();
  }
  module.run([&](PassManager &manager) { manager.addPass(createConvertKernelToLLVM({options.randomWeights})); });
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> native = module.translate(llvmContext, *machine);
  writeTextFile(objectFile, emitCode(*native, *machine));
  return object;
}

} // namespace xlstm
