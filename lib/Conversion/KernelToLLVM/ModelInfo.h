//===- ModelInfo.h - what a compiled model exports ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_CONVERSION_KERNELTOLLVM_MODELINFO_H
#define LIB_CONVERSION_KERNELTOLLVM_MODELINFO_H

#include "lib/Conversion/KernelToLLVM/CallEmitter.h"

#include <map>

namespace xlstm {

/// A function and what it became.
struct CompiledFunction {
  kernel::FuncOp kernels;
  mlir::LLVM::LLVMFuncOp native;

  llvm::StringRef name() const { return kernel::FuncOp(kernels).getSymName(); }
  llvm::ArrayRef<int64_t> idsShape() const;
  int64_t tokens() const { return idsShape()[1]; }
  bool rowsApart() const { return kernel::FuncOp(kernels).getRowsApart(); }
};

/// All functions of a model, which agree on target, rows and arenas.
struct CompiledModel {
  kernel::Target target;
  std::vector<CompiledFunction> functions; // by falling number of tokens
  SizeQueries queries;
  /// Bytes of an arena: the largest that a function says.
  int64_t bytesOf(kernel::Arena kind) const;
};

/// The entry block of `name`, with the pointers that it gets.
mlir::LLVM::LLVMFuncOp beginFunction(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringRef name,
                                     kernel::Target target, bool rowsApart, llvm::StringMap<mlir::Value> &arenas,
                                     mlir::Value &stream);

/// @init_state and the record that describes the model, where the functions that it needs are there.
void exportCpuModel(mlir::ModuleOp module, mlir::OpBuilder &builder, const CompiledModel &model);
void exportCudaModel(mlir::ModuleOp module, mlir::OpBuilder &builder, const CompiledModel &model, bool randomWeights);

/// Whether the state is keys or values of a full attention, of which every token has its own.
bool isCache(kernel::StateOp state);

/// The caches of full attention; zeros where there is none.
struct CacheSize {
  int64_t tokens = 0;     // that the shortest one holds
  int64_t tokenBytes = 0; // of a token in all of them, and in all rows
};
CacheSize cacheSize(const CompiledModel &model);

/// The states of all functions by their place.
std::map<int64_t, kernel::StateOp> collectStates(const CompiledModel &model);

} // namespace xlstm

#endif // LIB_CONVERSION_KERNELTOLLVM_MODELINFO_H
