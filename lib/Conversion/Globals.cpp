//===- Globals.cpp - constant records of a module -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/Globals.h"
#include "dialects/Kernel/KernelCall.h"

using namespace mlir;

namespace xlstm {

size_t Record::indexOf(StringRef name) const {
  auto *field = llvm::find_if(fields, [&](const RecordField &candidate) { return candidate.name == name; });
  assert(field != fields.end() && "a field that the struct has");
  return static_cast<size_t>(field - fields.begin());
}

Record &Record::set(StringRef name, int64_t value, Builder &builder) {
  size_t i = indexOf(name);
  return set(name, builder.getIntegerAttr(builder.getIntegerType(static_cast<unsigned>(fields[i].bytes * 8)), value));
}

Record &Record::set(StringRef name, Attribute value) {
  values[indexOf(name)] = value;
  return *this;
}

ArrayRef<Attribute> Record::all() const {
  assert(llvm::all_of(values, [](Attribute value) { return value; }) && "every field set");
  return values;
}

static LLVM::LLVMStructType typeOf(const Record &record, MLIRContext *context) {
  SmallVector<Type> types;
  for (Attribute field : record.all()) {
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
  for (auto [i, field] : llvm::enumerate(record.all()))
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

LLVM::GlobalOp buildNumbers(ModuleOp module, OpBuilder &builder, DenseElementsAttr values) {
  unsigned count = 0;
  for (LLVM::GlobalOp other : module.getOps<LLVM::GlobalOp>()) {
    count += other.getSymName().starts_with("constant_");
    if (other.getValueOrNull() == values)
      return other;
  }
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  auto type = LLVM::LLVMArrayType::get(values.getElementType(), values.getNumElements());
  return builder.create<LLVM::GlobalOp>(module.getLoc(), type, /*isConstant=*/true, LLVM::Linkage::Internal,
                                        "constant_" + std::to_string(count), values,
                                        /*alignment=*/kernel::placeAlignment);
}

} // namespace xlstm
