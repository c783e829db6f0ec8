//===- Explain.h - what a planned model does, in words and numbers --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TARGET_CPU_EXPLAIN_H
#define LIB_TARGET_CPU_EXPLAIN_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace xlstm {

/// Of every planned function: its memory, how often its threads meet, and a table of its kernels with how often each is
/// called, the bytes of weights and state that it touches and the operations of its products.
std::string explainPlan(mlir::ModuleOp module);

} // namespace xlstm

#endif // LIB_TARGET_CPU_EXPLAIN_H
