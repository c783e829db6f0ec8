//===- Explain.h - what a planned model does, in words and numbers --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TARGET_CPU_EXPLAIN_H
#define LIB_TARGET_CPU_EXPLAIN_H

#include "xlstm/Target/Cpu.h"

#include "mlir/IR/BuiltinOps.h"

namespace xlstm {

/// Of every planned function: its memory, how often its threads meet, and a table of its kernels with how often each is
/// called, the bytes of weights and state that it touches, the operations of its products, and with `rates` the time
/// that these take.
Explanation explainPlan(mlir::ModuleOp module, const std::optional<CpuRates> &rates);

} // namespace xlstm

#endif // LIB_TARGET_CPU_EXPLAIN_H
