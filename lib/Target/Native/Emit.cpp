//===- Emit.cpp - optimise for a CPU and emit an object file --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Native/Emit.h"
#include "xlstm/Runtime/Deploy/CpuFeatures.h"
#include "xlstm/Support/Error.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

namespace xlstm {

std::unique_ptr<llvm::TargetMachine> createTargetMachine(const std::string &cpu, const std::string &more) {
  static const bool initialised = !llvm::InitializeNativeTarget() && !llvm::InitializeNativeTargetAsmPrinter();
  std::string triple = llvm::sys::getDefaultTargetTriple(), error;
  const llvm::Target *target = initialised ? llvm::TargetRegistry::lookupTarget(triple, error) : nullptr;
  if (!target)
    fail("expected an LLVM that knows this computer's kind of CPU (", triple, "): ", error);
  llvm::SubtargetFeatures features(more);
  std::string name = cpu;
  if (cpu == "native") {
    name = llvm::sys::getHostCPUName().str();
    for (const auto &feature : llvm::sys::getHostCPUFeatures())
      features.AddFeature(feature.getKey(), feature.getValue());
  }
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard; // fuse what the kernels' source says, nothing else
  std::unique_ptr<llvm::MCSubtargetInfo> info(target->createMCSubtargetInfo(triple, "", ""));
  if (!info->isCPUStringValid(name))
    fail("expected the name of a CPU that LLVM knows, or native, found '", cpu, "'");
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, name, features.getString(), options, llvm::Reloc::PIC_, std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

TargetFacts factsOf(const llvm::TargetMachine &machine, const std::string &target, int64_t abi) {
  TargetFacts facts{target, machine.getTargetCPU().str(), {}, abi};
  if (machine.getTargetTriple().getArch() == llvm::Triple::x86_64)
    for (const CpuFeature &feature : cpuFeatures)
      if (machine.getMCSubtargetInfo()->checkFeatures("+" + std::string(feature.name)))
        facts.features.push_back(feature.name);
  return facts;
}

/// The kernels' bitcode was made for any CPU: all functions get the machine's attributes, so that all can be inlined.
static void setMachine(llvm::Module &module, const llvm::TargetMachine &machine) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.removeFnAttr("tune-cpu");
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
}

static void optimise(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(module, modules);
}

std::string emitCode(llvm::Module &module, llvm::TargetMachine &machine, EmitKind kind) {
  setMachine(module, machine);
  optimise(module, machine);
  llvm::SmallString<0> bytes;
  llvm::raw_svector_ostream out(bytes);
  if (kind == EmitKind::Llvm) {
    out << module;
    return std::string(bytes);
  }
  llvm::legacy::PassManager codegen;
  auto file = kind == EmitKind::Assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  if (machine.addPassesToEmitFile(codegen, out, nullptr, file))
    fail("expected an LLVM that writes object files for ", machine.getTargetTriple().str());
  codegen.run(module);
  return std::string(bytes);
}

} // namespace xlstm
