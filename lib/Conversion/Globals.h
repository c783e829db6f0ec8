//===- Globals.h - constant records of a module ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_CONVERSION_GLOBALS_H
#define LIB_CONVERSION_GLOBALS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace xlstm {

/// The fields of a C struct: numbers, addresses of globals and functions (FlatSymbolRefAttr), null pointers (UnitAttr).
using Record = llvm::SmallVector<mlir::Attribute>;

/// The exported constant struct `name`.
void buildRecord(mlir::ModuleOp module, mlir::OpBuilder &builder, llvm::StringRef name, const Record &record);

/// The internal constant array `name` of structs of one type and its address; null where there are none.
mlir::Attribute buildTable(mlir::ModuleOp module, mlir::OpBuilder &builder, llvm::StringRef name,
                           llvm::ArrayRef<Record> records);

} // namespace xlstm

#endif // LIB_CONVERSION_GLOBALS_H
