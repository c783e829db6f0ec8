//===- CallEmitter.cpp - C calls of a planned function ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/KernelToLLVM/CallEmitter.h"
#include "lib/Conversion/Globals.h"

#include "xlstm/Kernels/Types.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace xlstm {

int32_t enumOf(StringRef type) { return type == "bf16" ? XLSTM_BF16 : XLSTM_F32; }

//===----------------------------------------------------------------------===//
// CEmitter
//===----------------------------------------------------------------------===//

Value CEmitter::number(Location loc, TypedAttr value) {
  return builder.create<LLVM::ConstantOp>(loc, value.getType(), value);
}
Value CEmitter::i64(Location loc, int64_t value) { return number(loc, builder.getI64IntegerAttr(value)); }
Value CEmitter::i32(Location loc, int64_t value) {
  return number(loc, builder.getI32IntegerAttr(static_cast<int32_t>(value)));
}
Value CEmitter::null(Location loc) {
  return builder.create<LLVM::ZeroOp>(loc, LLVM::LLVMPointerType::get(builder.getContext()));
}

Value CEmitter::at(Location loc, Value base, int64_t offset) {
  if (offset == 0)
    return base;
  Value index = i64(loc, offset); // a GEP's constant indices have 32 bits, too few for the weights
  return builder.create<LLVM::GEPOp>(loc, base.getType(), builder.getI8Type(), base, ValueRange{index});
}

LLVM::CallOp CEmitter::call(Location loc, StringRef name, ValueRange operands, Type result) {
  auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(name);
  if (!function) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    auto type = LLVM::LLVMFunctionType::get(result, llvm::to_vector(operands.getTypes()));
    function = builder.create<LLVM::LLVMFuncOp>(loc, name, type);
  }
  return builder.create<LLVM::CallOp>(loc, function, operands);
}

void CEmitter::returnError(LLVM::CallOp call) {
  Location loc = call.getLoc();
  Value good = builder.create<LLVM::ICmpOp>(loc, LLVM::ICmpPredicate::eq, call.getResult(), i32(loc, 0));
  returnUnless(loc, good, call.getResult());
}

void CEmitter::returnUnless(Location loc, Value condition, ValueRange results) {
  Block *before = builder.getBlock();
  Region *region = before->getParent();
  Block *failed = builder.createBlock(region, region->end());
  builder.create<LLVM::ReturnOp>(loc, results);
  Block *after = builder.createBlock(region, failed->getIterator());
  builder.setInsertionPointToEnd(before);
  builder.create<LLVM::CondBrOp>(loc, condition, after, failed);
  builder.setInsertionPointToEnd(after);
}

//===----------------------------------------------------------------------===//
// CallEmitter
//===----------------------------------------------------------------------===//

/// Where the op's result lies.
Value CallEmitter::pointerOf(Operation *op) {
  Location loc = op->getLoc();
  auto place = [&](auto placed) {
    return at(loc, pointers.lookup(placed.getArena()), static_cast<int64_t>(*placed.getOffset()));
  };
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case<kernel::IdsOp>([&](auto) { return arenas.lookup("ids"); })
      .Case<kernel::LogitsOp>([&](auto) { return arenas.lookup("logits"); })
      .Case([&](kernel::ArenaOp arena) { return arenas.lookup(kernel::stringifyArena(arena.getKind())); })
      .Case<kernel::BufferOp, kernel::WeightOp, kernel::StateOp>(place)
      .Case([&](kernel::ConstantOp constant) -> Value {
        if (constant.getArena())
          return place(constant);
        auto values = cast<DenseElementsAttr>(constant.getValue());
        return builder.create<LLVM::AddressOfOp>(loc, buildNumbers(module, builder, values));
      })
      .Case([&](kernel::ViewOfOp view) {
        return at(loc, pointers.lookup(view.getSource()), static_cast<int64_t>(view.getOffset()));
      })
      .Case([&](kernel::JoinOp join) { return pointers.lookup(join.getParts().front()); });
}

void CallEmitter::emitCpu(Operation *op, const kernel::Call &call, ArrayRef<Value> arguments) {
  const KernelDescription &kernel = call.description();
  std::vector<std::string_view> types = *call.types(target);
  std::string name = "xlstm_cpu_" + std::string(kernel.name);
  for (auto [variable, type] : llvm::zip(kernel.types, types))
    if (variable == kernel.cpuSuffix)
      name += "_" + std::string(type);
  SmallVector<Value> all(arguments);
  all.push_back(arenas.lookup("team"));
  CEmitter::call(op->getLoc(), name, all, LLVM::LLVMVoidType::get(builder.getContext()));
}

void CallEmitter::emitCuda(Operation *op, const kernel::Call &call, ArrayRef<Value> arguments) {
  const KernelDescription &kernel = call.description();
  Location loc = op->getLoc();
  std::vector<std::string_view> types = *call.types(target);
  std::vector<int32_t> enums;
  for (std::string_view variable : kernel.cudaTypes)
    enums.push_back(enumOf(types[static_cast<size_t>(llvm::find(kernel.types, variable) - kernel.types.begin())]));
  SmallVector<Value> operands;
  for (int32_t value : enums)
    operands.push_back(i32(loc, value));
  llvm::append_range(operands, arguments);
  std::string name = "xlstm_cuda_" + std::string(kernel.name);
  SmallVector<int64_t> sizes = *call.sizes();
  for (std::string_view memory : kernel.cudaMemory) {
    operands.push_back(pointers.lookup(call.memory(memory)));
    queries[std::string(memory)].insert({name + "_" + std::string(memory), enums, {sizes.begin(), sizes.end()}});
  }
  operands.push_back(stream);
  for (std::string_view variant : kernel.cudaVariants)
    if (op->hasAttr(StringRef(variant)))
      name += "_" + std::string(variant);
  returnError(CEmitter::call(loc, name, operands, builder.getI32Type()));
}

Value CallEmitter::size(Location loc, const KernelDescription &kernel, std::string_view name, int64_t value) {
  if (target != kernel::Target::Cpu || most == 1 || value % most != 0 || !llvm::is_contained(kernel.grows, name))
    return i64(loc, value);
  Value tokens = arenas.lookup("tokens");
  return value == most ? tokens : builder.create<LLVM::MulOp>(loc, tokens, i64(loc, value / most));
}

/// What follows the last token is its logits, which a prompt's earlier pieces do not need.
void CallEmitter::returnWithoutLogits(Location loc) {
  Value logits = arenas.lookup("logits");
  returnUnless(loc, builder.create<LLVM::ICmpOp>(loc, LLVM::ICmpPredicate::ne, logits, null(loc)), {});
}

void CallEmitter::emitCall(Operation *op) {
  if (isa<kernel::LastOp>(op))
    returnWithoutLogits(op->getLoc());
  kernel::Call call(op);
  Location loc = op->getLoc();
  SmallVector<Value> arguments;
  for (unsigned i = 0; i < call.description().views.size(); ++i)
    arguments.push_back(call.view(i) ? pointers.lookup(call.view(i)) : null(loc));
  SmallVector<int64_t> sizes = *call.sizes();
  const KernelDescription &kernel = call.description();
  for (auto [name, value] : llvm::zip_equal(kernel.sizes, sizes))
    arguments.push_back(size(loc, kernel, name, value));
  for (int64_t stride : call.strides())
    arguments.push_back(i64(loc, stride));
  for (auto [described, value] : llvm::zip_equal(kernel.numbers, call.numbers())) {
    auto integer = dyn_cast<IntegerAttr>(value);
    arguments.push_back(integer ? size(loc, kernel, described.name, integer.getInt()) : number(loc, value));
  }
  if (target == kernel::Target::Cpu)
    emitCpu(op, call, arguments);
  else
    emitCuda(op, call, arguments);
}

void CallEmitter::emit(Operation *op) {
  if (isa<kernel::MeetOp>(op))
    CEmitter::call(op->getLoc(), "xlstm_cpu_meet", arenas.lookup("team"),
                   LLVM::LLVMVoidType::get(builder.getContext()));
  else if (kernel::Call::isa(op))
    emitCall(op);
  else
    pointers[op->getResult(0)] = pointerOf(op);
}

} // namespace xlstm
