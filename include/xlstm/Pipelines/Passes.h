//===- Passes.h - pipelines, each a pass that runs others -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_PIPELINES_PASSES_H
#define XLSTM_PIPELINES_PASSES_H

#include "xlstm/Transforms/PassOptions.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace xlstm {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "lib/Pipelines/Passes.h.inc"

} // namespace xlstm

#endif // XLSTM_PIPELINES_PASSES_H
