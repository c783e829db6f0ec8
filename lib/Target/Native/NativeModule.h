//===- NativeModule.h - a module on its way to an object file -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TARGET_NATIVE_NATIVEMODULE_H
#define LIB_TARGET_NATIVE_NATIVEMODULE_H

#include "dialects/Kernel/KernelDialect.h"
#include "xlstm/Target/Object.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"

#include <memory>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace xlstm {

/// Every function throws Error with the first diagnostic and its place.
class NativeModule {
public:
  /// Reads text or bytecode and leaves @model alone: functions derived from it are derived again, with the sizes that
  /// native code wants.
  NativeModule(std::string_view mlir, const std::string &origin);
  ~NativeModule();

  void run(llvm::function_ref<void(mlir::PassManager &)> addPasses);
  mlir::ModuleOp get() { return *module; }

  /// Where --xlstm-plan-memory put the weights, in order of their offsets.
  std::vector<WeightPlacement> weights();
  uint64_t weightBytes();

  std::unique_ptr<llvm::Module> translate(llvm::LLVMContext &llvmContext, const llvm::TargetMachine &machine);

private:
  class FirstError;
  [[noreturn]] void raise();

  std::string origin;
  mlir::MLIRContext context;
  std::unique_ptr<FirstError> error;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// From functions with state to planned kernel calls.
void addNativePasses(mlir::PassManager &manager, kernel::Target target, bool smallKeys = false);

} // namespace xlstm

#endif // LIB_TARGET_NATIVE_NATIVEMODULE_H
