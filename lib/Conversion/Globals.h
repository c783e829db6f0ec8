//===- Globals.h - constant records of a module ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_CONVERSION_GLOBALS_H
#define LIB_CONVERSION_GLOBALS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace xlstm {

/// A field of a C struct, from the list of fields in its header: XLSTM_RECORD_FIELD is the macro to give to that list.
struct RecordField {
  llvm::StringLiteral name;
  size_t bytes;
};
#define XLSTM_RECORD_FIELD(type, name) ::xlstm::RecordField{#name, sizeof(type)},

/// The values of a C struct's fields: numbers, addresses of globals and functions (FlatSymbolRefAttr), null pointers
/// (UnitAttr).
class Record {
public:
  explicit Record(llvm::ArrayRef<RecordField> fields) : fields(fields), values(fields.size()) {}
  /// An integer, in the field's width.
  Record &set(llvm::StringRef name, int64_t value, mlir::Builder &builder);
  Record &set(llvm::StringRef name, mlir::Attribute value);
  llvm::ArrayRef<mlir::Attribute> all() const;

private:
  size_t indexOf(llvm::StringRef name) const;
  llvm::ArrayRef<RecordField> fields;
  llvm::SmallVector<mlir::Attribute> values;
};

/// The exported constant struct `name`.
void buildRecord(mlir::ModuleOp module, mlir::OpBuilder &builder, llvm::StringRef name, const Record &record);

/// The internal constant array `name` of structs of one type and its address; null where there are none.
mlir::Attribute buildTable(mlir::ModuleOp module, mlir::OpBuilder &builder, llvm::StringRef name,
                           llvm::ArrayRef<Record> records);

/// An internal constant array of numbers; one global for equal ones.
mlir::LLVM::GlobalOp buildNumbers(mlir::ModuleOp module, mlir::OpBuilder &builder, mlir::DenseElementsAttr values);

} // namespace xlstm

#endif // LIB_CONVERSION_GLOBALS_H
