//===- Emit.h - optimise for a CPU and emit an object file ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TARGET_NATIVE_EMIT_H
#define LIB_TARGET_NATIVE_EMIT_H

#include "xlstm/Target/Object.h"

#include <memory>
#include <string>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace xlstm {

/// The machine of this computer's kind with the given CPU (an LLVM name, or "native") and further features, "+a,-b".
/// Throws Error for an unknown one.
std::unique_ptr<llvm::TargetMachine> createTargetMachine(const std::string &cpu, const std::string &more = "");

/// Its CPU and those of Runtime/Deploy/CpuFeatures.h that code for it may use.
TargetFacts factsOf(const llvm::TargetMachine &machine, const std::string &target, int64_t abi);

enum class EmitKind { Llvm, Assembly, Object };

/// Optimises for the machine and returns LLVM's IR, the assembly, or the bytes of the object file.
std::string emitCode(llvm::Module &module, llvm::TargetMachine &machine, EmitKind kind = EmitKind::Object);

} // namespace xlstm

#endif // LIB_TARGET_NATIVE_EMIT_H
