//===- Kernels.h - link the kernels and specialise them -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TARGET_CPU_KERNELS_H
#define LIB_TARGET_CPU_KERNELS_H

#include "llvm/ADT/StringRef.h"

#include <filesystem>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace xlstm {

/// The variant of the kernels' bitcode `plain` that is written for the instruction sets of the machine.
std::filesystem::path kernelsFor(const llvm::TargetMachine &machine, const std::filesystem::path &plain);

/// Links the kernels' bitcode into `module` and makes one copy of a kernel for every set of constant arguments that it
/// is called with. The model gets the name `symbol`, everything else becomes internal. Throws Error: no such file, not our
/// kernels.
void linkKernels(llvm::Module &module, const std::filesystem::path &kernels, llvm::StringRef symbol);

} // namespace xlstm

#endif // LIB_TARGET_CPU_KERNELS_H
