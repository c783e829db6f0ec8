//===- CudaModelInfo.h - what a model compiled for CUDA exports -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_CONVERSION_LMTOCUDA_CUDAMODELINFO_H
#define LIB_CONVERSION_LMTOCUDA_CUDAMODELINFO_H

#include "lib/Conversion/LMToCuda/StepCalls.h"
#include "lib/Conversion/PlannedFunction.h"

namespace xlstm {

/// A converted function and what it came from.
struct CudaFunction {
  lm::ModelOp model;
  mlir::LLVM::LLVMFuncOp function;
  int64_t tokens;
};

/// The entry block of a function `int name(const xlstm_cuda_memory *, void *stream)`, with the memory's fields loaded.
mlir::LLVM::LLVMFuncOp beginStepFunction(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringRef name,
                                         CudaArguments &arguments);

/// `@xlstm_cuda_model`, the one symbol that the object exports (Runtime/Deploy/CudaModelAbi.h), and the functions and
/// tables that only it refers to. `functions` by falling number of tokens, the last one of one token.
void buildCudaModelInfo(mlir::ModuleOp module, mlir::OpBuilder &builder, llvm::ArrayRef<CudaFunction> functions,
                        const InitialStates &states, const CudaModel &model, bool randomWeights);

} // namespace xlstm

#endif // LIB_CONVERSION_LMTOCUDA_CUDAMODELINFO_H
