//===- Kernels.cpp - link the kernels and specialise them -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel is written for any shape. Layers of one model call it with few different ones: each gets its own copy with
// the sizes as constants, shared by all layers, and the optimizer decides what of it to inline.

#include "lib/Target/Cpu/Kernels.h"
#include "xlstm/Support/Error.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/Internalize.h"
#include "llvm/Transforms/Utils/Cloning.h"

#include <map>

namespace xlstm {

namespace {

constexpr llvm::StringLiteral kernelPrefix = "xlstm_cpu_";

/// A kernel and its arguments, null where they are not constant.
using Specialisation = std::pair<llvm::Function *, std::vector<llvm::Constant *>>;

class Specialiser {
public:
  void specialise(llvm::CallInst *call);

private:
  llvm::Function *copyOf(const Specialisation &wanted);
  std::map<Specialisation, llvm::Function *> copies;
};

} // namespace

/// "xlstm_cpu_linear_bf16" called with 1, 128, 352 is called "xlstm_cpu_linear_bf16.1.128.352": profilers show it.
static std::string nameOfCopy(const Specialisation &wanted) {
  std::string name = wanted.first->getName().str();
  for (llvm::Constant *constant : wanted.second)
    if (auto *number = llvm::dyn_cast_or_null<llvm::ConstantInt>(constant))
      name += "." + std::to_string(number->getSExtValue());
  return name;
}

llvm::Function *Specialiser::copyOf(const Specialisation &wanted) {
  llvm::Function *&copy = copies[wanted];
  if (copy)
    return copy;
  llvm::ValueToValueMapTy values; // arguments that are mapped leave the copy's signature
  for (llvm::Argument &argument : wanted.first->args())
    if (llvm::Constant *constant = wanted.second[argument.getArgNo()])
      values[&argument] = constant;
  copy = llvm::CloneFunction(wanted.first, values);
  copy->setLinkage(llvm::GlobalValue::InternalLinkage);
  copy->setName(nameOfCopy(wanted));
  return copy;
}

void Specialiser::specialise(llvm::CallInst *call) {
  Specialisation wanted{call->getCalledFunction(), {}};
  std::vector<llvm::Value *> rest;
  for (llvm::Value *argument : call->args()) {
    auto *constant = llvm::dyn_cast<llvm::Constant>(argument);
    bool isNumber = llvm::isa_and_nonnull<llvm::ConstantInt, llvm::ConstantFP, llvm::ConstantPointerNull>(constant);
    wanted.second.push_back(isNumber ? constant : nullptr);
    if (!isNumber)
      rest.push_back(argument);
  }
  call->replaceAllUsesWith(llvm::CallInst::Create(copyOf(wanted), rest, "", call->getIterator()));
  call->eraseFromParent();
}

static std::unique_ptr<llvm::Module> readKernels(const std::filesystem::path &file, llvm::LLVMContext &context) {
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> kernels = llvm::parseIRFile(file.string(), diagnostic, context);
  if (!kernels)
    fail(file.string(), ": expected the kernels' bitcode: ", diagnostic.getMessage().str());
  return kernels;
}

/// The kernel calls of `module`; every one must be defined by now.
static std::vector<llvm::CallInst *> findKernelCalls(llvm::Module &module, const std::filesystem::path &kernels) {
  std::vector<llvm::CallInst *> calls;
  for (llvm::Function &function : module) {
    if (!function.getName().starts_with(kernelPrefix))
      continue;
    if (function.isDeclaration() && !function.use_empty())
      fail(kernels.string(), ": expected kernel '", function.getName().str(), "', found none");
    for (llvm::User *user : function.users())
      if (auto *call = llvm::dyn_cast<llvm::CallInst>(user))
        calls.push_back(call);
  }
  return calls;
}

std::filesystem::path kernelsFor(const llvm::TargetMachine &machine, const std::filesystem::path &plain) {
  // The best first; kernels/CMakeLists.txt compiles them with these features.
  static constexpr std::pair<const char *, const char *> variants[] = {
      {"avx512", "+avx512f,+avx512bw,+avx512dq,+avx512vl,+avx512vnni,+f16c,+fma"}, {"avx2", "+avx2,+fma,+f16c"}};
  if (machine.getTargetTriple().getArch() == llvm::Triple::x86_64)
    for (auto [name, features] : variants)
      if (machine.getMCSubtargetInfo()->checkFeatures(features))
        return std::filesystem::path(plain).replace_extension(std::string(name) + ".bc");
  return plain;
}

void linkKernels(llvm::Module &module, const std::filesystem::path &file, llvm::StringRef symbol) {
  std::unique_ptr<llvm::Module> kernels = readKernels(file, module.getContext());
  if (kernels->getTargetTriple() != module.getTargetTriple())
    fail(file.string(), ": expected kernels for ", module.getTargetTriple(), ", found ", kernels->getTargetTriple());
  if (llvm::Linker::linkModules(module, std::move(kernels), llvm::Linker::LinkOnlyNeeded))
    fail(file.string(), ": expected bitcode that links to the model");
  Specialiser specialiser;
  for (llvm::CallInst *call : findKernelCalls(module, file))
    specialiser.specialise(call);
  module.getNamedValue("xlstm_model")->setName(symbol);
  llvm::internalizeModule(module, [&](const llvm::GlobalValue &value) { return value.getName() == symbol; });
}

} // namespace xlstm
