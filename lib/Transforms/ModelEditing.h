//===- ModelEditing.h - clone, extend and clean up lm.model ops -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TRANSFORMS_MODELEDITING_H
#define LIB_TRANSFORMS_MODELEDITING_H

#include "dialects/LM/LMDialect.h"
#include "xlstm/Transforms/PassOptions.h"

#include "mlir/IR/BuiltinOps.h"

namespace xlstm {

inline mlir::RankedTensorType typeOf(mlir::Value value) { return mlir::cast<mlir::RankedTensorType>(value.getType()); }

/// Whether an option that counts rows, tokens or keys is at least `least` and at most what an i32 position can say; an
/// error on `op` says which is not.
mlir::LogicalResult checkCount(mlir::Operation *op, llvm::StringRef option, int64_t value, int64_t least);

/// The module's forward pass @model, checked to take ids and docs and to return logits [B, T, V]; null behind an error.
lm::ModelOp findForward(mlir::ModuleOp module);

/// A clone of @model called `name` at the module's end; null behind an error, as when there is such a function already.
lm::ModelOp cloneForward(mlir::ModuleOp module, llvm::StringRef name);

/// Whether the function has explicit state.
bool hasState(lm::ModelOp model);

/// The functions that an option names; those for which `isDefault` is true where it names none. An error on the module
/// says which is not there.
mlir::FailureOr<llvm::SmallVector<lm::ModelOp>> chooseFunctions(mlir::ModuleOp module,
                                                                llvm::ArrayRef<std::string> names,
                                                                llvm::function_ref<bool(lm::ModelOp)> isDefault);

/// What the model returns, its one result.
mlir::Value getLogits(lm::ModelOp model);

/// Gives the layer further inputs and returns their values inside.
llvm::SmallVector<mlir::Value> addLayerInputs(lm::LayerOp layer, mlir::ValueRange inputs);

/// Gives the layer further results, yielded values of its body. The op is replaced by the one returned.
lm::LayerOp addLayerResults(lm::LayerOp layer, mlir::ValueRange values);

/// Replaces what the model returns; `names` become the results' `lm.name`.
void setResults(lm::ModelOp model, mlir::ValueRange values, llvm::ArrayRef<std::string> names);

/// The float type of a pass option.
mlir::Type elementOf(Precision precision, mlir::MLIRContext *context);

/// Gives a weight another element type, and what takes parts of it.
void setWeightType(mlir::Value weight, mlir::Type element);

/// Erases ops without uses, such as an output head that a derived function does not need.
void eraseDeadOps(lm::ModelOp model);

} // namespace xlstm

#endif // LIB_TRANSFORMS_MODELEDITING_H
