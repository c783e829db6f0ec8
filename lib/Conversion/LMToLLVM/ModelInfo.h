//===- ModelInfo.h - what a compiled model exports ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_CONVERSION_LMTOLLVM_MODELINFO_H
#define LIB_CONVERSION_LMTOLLVM_MODELINFO_H

#include "lib/Conversion/PlannedFunction.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

namespace xlstm {

/// `@init_state(state)`: gives every state its first value.
mlir::LLVM::LLVMFuncOp buildInitState(mlir::ModuleOp module, mlir::OpBuilder &builder, const InitialStates &states);

/// The numbers of `xlstm_model_info` (include/xlstm/Runtime/Deploy/ModelAbi.h).
struct ModelNumbers {
  int64_t prefillTokens, vocab, contextLength, weightBytes, stateBytes, scratchBytes;
};

/// `@xlstm_model`, the one symbol that the object exports.
void buildModelInfo(mlir::ModuleOp module, mlir::OpBuilder &builder, const ModelNumbers &numbers,
                    mlir::LLVM::LLVMFuncOp initState, mlir::LLVM::LLVMFuncOp prefill, mlir::LLVM::LLVMFuncOp decode);

} // namespace xlstm

#endif // LIB_CONVERSION_LMTOLLVM_MODELINFO_H
