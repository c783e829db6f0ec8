//===- StatefulBuilder.h - a forward pass with explicit state -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TRANSFORMS_STATEFULBUILDER_H
#define LIB_TRANSFORMS_STATEFULBUILDER_H

#include "dialects/LM/LMDialect.h"

#include "mlir/IR/BuiltinOps.h"

namespace xlstm {

struct StatefulOptions {
  int64_t batch, tokens; // mlir::ShapedType::kDynamic: dynamic
  bool lastLogits;       // logits of the last token alone
  lm::StepOptions step;  // context 0: the model's context_length
};

/// Derives from @model the function `name` (ids, pos, states) -> (logits, new states), states in order of the layers
/// and, in a layer, of the ops they belong to. Emits an error and fails where the model cannot be run in steps.
mlir::LogicalResult buildStateful(mlir::ModuleOp module, llvm::StringRef name, const StatefulOptions &options);

} // namespace xlstm

#endif // LIB_TRANSFORMS_STATEFULBUILDER_H
