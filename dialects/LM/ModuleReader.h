//===- ModuleReader.h - modules that a user gives -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_DIALECTS_LM_MODULEREADER_H
#define XLSTM_DIALECTS_LM_MODULEREADER_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <string_view>

namespace xlstm::lm {

/// Parses and verifies a module out of a file, text or bytecode; `origin` is its name in locations. Null after an error
/// diagnostic.
///
/// MLIR trusts its input more than a tool may: its bytecode reader crashes or allocates without bounds on damaged files
/// (test/Fuzz/known), its text parser recurses without bounds, and aliases make attributes that are exponential when
/// printed. So bytecode is turned into text by a child process of limited memory and time that can open no file, and
/// what nests deeper or is larger than any model's module is refused.
mlir::OwningOpRef<mlir::ModuleOp> readModule(std::string_view bytes, llvm::StringRef origin, mlir::MLIRContext &context);

} // namespace xlstm::lm

#endif // XLSTM_DIALECTS_LM_MODULEREADER_H
