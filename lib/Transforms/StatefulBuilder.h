//===- StatefulBuilder.h - a forward pass with explicit state -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TRANSFORMS_STATEFULBUILDER_H
#define LIB_TRANSFORMS_STATEFULBUILDER_H

#include "dialects/XLSTM/XLSTMDialect.h"

#include "mlir/IR/BuiltinOps.h"

namespace xlstm {

struct StatefulOptions {
  int64_t batch, tokens; // mlir::ShapedType::kDynamic: dynamic
  int64_t context;       // keys that attention without a window keeps; 0: the model's context_length
  bool lastLogits;       // logits of the last token alone
  xlstm::Form form;
  int64_t chunk; // of chunkwise mLSTMs; 0: as they are
};

/// Derives from @model the function `name` (ids, pos, states) -> (logits, new states), states in order of the layers
/// and, in a layer, of the ops they belong to. Emits an error and fails where the model cannot be run in steps.
mlir::LogicalResult buildStateful(mlir::ModuleOp module, llvm::StringRef name, const StatefulOptions &options);

} // namespace xlstm

#endif // LIB_TRANSFORMS_STATEFULBUILDER_H
