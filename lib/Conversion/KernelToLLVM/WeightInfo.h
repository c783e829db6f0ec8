//===- WeightInfo.h - what an executable is told of its weights ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_CONVERSION_KERNELTOLLVM_WEIGHTINFO_H
#define LIB_CONVERSION_KERNELTOLLVM_WEIGHTINFO_H

#include "lib/Conversion/Globals.h"
#include "lib/Conversion/KernelToLLVM/ModelInfo.h"

namespace xlstm {

/// How an executable makes the weights of a shape: as `init` says, else norms 1, tables with deviation 0.02, biases 0,
/// matrices with in^-1/2.
llvm::SmallVector<Record> describeRandomWeights(kernel::FuncOp function, mlir::Builder &builder);

/// What one token of every text must move: weights but an embedding's table once, states there and back, rings and
/// sinks once, caches not at all.
int64_t decodeBytes(kernel::FuncOp decode);

/// Operations for one token of the projections that run for every token of the call.
int64_t prefillOperations(const CompiledFunction &prefill);

} // namespace xlstm

#endif // LIB_CONVERSION_KERNELTOLLVM_WEIGHTINFO_H
