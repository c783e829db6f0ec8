//===- Native.h - the LLVM half of compiling for the CPU ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TARGET_CPU_NATIVE_H
#define LIB_TARGET_CPU_NATIVE_H

#include <filesystem>
#include <memory>
#include <string>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace xlstm {

/// The machine of this computer's kind with the given CPU (an LLVM name, or "native"). Throws Error for an unknown one.
std::unique_ptr<llvm::TargetMachine> createTargetMachine(const std::string &cpu);

/// Links the kernels' bitcode into `module` and makes one copy of a kernel for every set of constant arguments that it
/// is called with. Everything but `xlstm_model` becomes internal. Throws Error: no such file, not our kernels.
void linkKernels(llvm::Module &module, const std::filesystem::path &kernels);

/// Optimises for the machine and returns the bytes of the object file.
std::string emitObject(llvm::Module &module, llvm::TargetMachine &machine);

} // namespace xlstm

#endif // LIB_TARGET_CPU_NATIVE_H
