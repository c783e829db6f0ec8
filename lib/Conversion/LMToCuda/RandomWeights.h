//===- RandomWeights.h - weights that an executable makes itself ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_CONVERSION_LMTOCUDA_RANDOMWEIGHTS_H
#define LIB_CONVERSION_LMTOCUDA_RANDOMWEIGHTS_H

#include "dialects/LM/LMDialect.h"
#include "lib/Conversion/Globals.h"

namespace xlstm {

/// An xlstm_cuda_random for each weight of a planned function. Norms are 1, tables of embeddings have a deviation of
/// 0.02, and what is multiplied one of in^-1/2; a weight whose `init` is a number begins with it.
llvm::SmallVector<Record> describeRandomWeights(lm::ModelOp model, mlir::Builder &builder);

} // namespace xlstm

#endif // LIB_CONVERSION_LMTOCUDA_RANDOMWEIGHTS_H
