//===- Globals.cpp - constant records of a module -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/Globals.h"

using namespace mlir;

namespace xlstm {

static LLVM::LLVMStructType typeOf(const Record &record, MLIRContext *context) {
  SmallVector<Type> types;
  for (Attribute field : record) {
    auto typed = dyn_cast<TypedAttr>(field);
    types.push_back(typed ? typed.getType() : LLVM::LLVMPointerType::get(context));
  }
  return LLVM::LLVMStructType::getLiteral(context, types);
}

static Value buildField(OpBuilder &builder, Location loc, Attribute field) {
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  if (auto symbol = dyn_cast<FlatSymbolRefAttr>(field))
    return builder.create<LLVM::AddressOfOp>(loc, pointer, symbol.getValue());
  if (auto number = dyn_cast<TypedAttr>(field))
    return builder.create<LLVM::ConstantOp>(loc, number.getType(), number);
  return builder.create<LLVM::ZeroOp>(loc, pointer);
}

static Value buildStruct(OpBuilder &builder, Location loc, const Record &record) {
  Value result = builder.create<LLVM::UndefOp>(loc, typeOf(record, builder.getContext()));
  for (auto [i, field] : llvm::enumerate(record))
    result = builder.create<LLVM::InsertValueOp>(loc, result, buildField(builder, loc, field), static_cast<int64_t>(i));
  return result;
}

void buildRecord(ModuleOp module, OpBuilder &builder, StringRef name, const Record &record) {
  Location loc = module.getLoc();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module.getBody());
  auto global = builder.create<LLVM::GlobalOp>(loc, typeOf(record, builder.getContext()), /*isConstant=*/true,
                                               LLVM::Linkage::External, name, Attribute());
  builder.createBlock(&global.getInitializer());
  builder.create<LLVM::ReturnOp>(loc, buildStruct(builder, loc, record));
}

Attribute buildTable(ModuleOp module, OpBuilder &builder, StringRef name, ArrayRef<Record> records) {
  if (records.empty())
    return builder.getUnitAttr();
  Location loc = module.getLoc();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module.getBody());
  auto type = LLVM::LLVMArrayType::get(typeOf(records.front(), builder.getContext()), records.size());
  auto global =
      builder.create<LLVM::GlobalOp>(loc, type, /*isConstant=*/true, LLVM::Linkage::Internal, name, Attribute());
  builder.createBlock(&global.getInitializer());
  Value table = builder.create<LLVM::UndefOp>(loc, type);
  for (auto [i, record] : llvm::enumerate(records))
    table = builder.create<LLVM::InsertValueOp>(loc, table, buildStruct(builder, loc, record), static_cast<int64_t>(i));
  builder.create<LLVM::ReturnOp>(loc, table);
  return FlatSymbolRefAttr::get(global);
}

} // namespace xlstm
