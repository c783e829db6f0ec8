//===- Passes.h - from functions with state to native code ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_CONVERSION_PASSES_H
#define XLSTM_CONVERSION_PASSES_H

#include "dialects/Kernel/KernelDialect.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace xlstm {

#define GEN_PASS_DECL
#include "lib/Conversion/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lib/Conversion/Passes.h.inc"

} // namespace xlstm

#endif // XLSTM_CONVERSION_PASSES_H
