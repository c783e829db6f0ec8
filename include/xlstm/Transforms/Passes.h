//===- Passes.h - the passes of lib/Transforms ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TRANSFORMS_PASSES_H
#define XLSTM_TRANSFORMS_PASSES_H

#include "xlstm/Transforms/PassOptions.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace xlstm {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "lib/Transforms/Passes.h.inc"

} // namespace xlstm

#endif // XLSTM_TRANSFORMS_PASSES_H
