//===- ModelBuilder.h - the lm module of a configuration ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_HUGGINGFACE_MODELBUILDER_H
#define LIB_IMPORT_HUGGINGFACE_MODELBUILDER_H

#include "lib/Import/HuggingFace/Weights.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace xlstm {

/// The module of a teacher whose weights checkWeights has passed: one lm.model @model, ids [B, T] and doc_start [B, T]
/// to logits [B, T, V] in float32, the params in their stored types. The context must have the lm dialect loaded.
mlir::OwningOpRef<mlir::ModuleOp> buildTeacherModule(mlir::MLIRContext &context, const TeacherConfig &config,
                                                     const WeightFiles &weights);

/// The same as text, verified. Throws Error naming the weights' folder.
std::string printTeacherModule(const TeacherConfig &config, const WeightFiles &weights);

} // namespace xlstm

#endif // LIB_IMPORT_HUGGINGFACE_MODELBUILDER_H
