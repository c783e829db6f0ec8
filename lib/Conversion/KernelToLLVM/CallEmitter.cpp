//===- CallEmitter.cpp - C calls of a planned function ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/KernelToLLVM/CallEmitter.h"
#include "dialects/Kernel/KernelMemory.h"
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

void CEmitter::loop(Location loc, Value first, Value end, Value step, llvm::function_ref<void(Value)> body) {
  Block *before = builder.getBlock();
  Region *region = before->getParent();
  Block *check = builder.createBlock(region, region->end(), builder.getI64Type(), loc);
  Block *inside = builder.createBlock(region, region->end());
  Block *after = builder.createBlock(region, region->end());
  builder.setInsertionPointToEnd(before);
  builder.create<LLVM::BrOp>(loc, first, check);
  builder.setInsertionPointToEnd(check);
  Value index = check->getArgument(0);
  Value more = builder.create<LLVM::ICmpOp>(loc, LLVM::ICmpPredicate::slt, index, end);
  builder.create<LLVM::CondBrOp>(loc, more, inside, after);
  builder.setInsertionPointToEnd(inside);
  body(index);
  builder.create<LLVM::BrOp>(loc, ValueRange{builder.create<LLVM::AddOp>(loc, index, step)}, check);
  builder.setInsertionPointToEnd(after);
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

/// Where a call may have any number of rows, for each: fewer may want more memory.
void CallEmitter::askFor(std::string_view memory, const std::string &name, Operation *op,
                         const std::vector<int32_t> &types) {
  kernel::Call call(op);
  int64_t last = rowsApart && (!kernel::usesState(op) || isApart(op)) ? most : 1;
  for (int64_t rows = 1; rows <= last; ++rows) {
    SizeQuery query{name + "_" + std::string(memory), types, {}};
    for (auto [size, value] : llvm::zip_equal(call.description().sizes, *call.sizes())) {
      bool grows = rowsApart && (size == "B" || llvm::is_contained(call.description().grows, size));
      query.sizes.push_back(grows && value % most == 0 ? value / most * rows : value);
    }
    queries[std::string(memory)].insert(std::move(query));
  }
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
  if (isApart(op))
    operands.push_back(arenas.lookup("apart"));
  std::string name = "xlstm_cuda_" + std::string(kernel.name);
  for (std::string_view memory : kernel.cudaMemory) {
    operands.push_back(pointers.lookup(call.memory(memory)));
    askFor(memory, name, op, enums);
  }
  operands.push_back(stream);
  for (std::string_view variant : kernel.cudaVariants)
    if (op->hasAttr(StringRef(variant)))
      name += "_" + std::string(variant);
  if (isApart(op))
    name += "_apart";
  returnError(CEmitter::call(loc, name, operands, builder.getI32Type()));
}

Value CallEmitter::size(Location loc, const KernelDescription &kernel, std::string_view name, int64_t value) {
  bool isFixed = target != kernel::Target::Cpu && !rowsApart;
  if (isFixed || most == 1 || value % most != 0 || !llvm::is_contained(kernel.grows, name))
    return i64(loc, value);
  Value tokens = arenas.lookup("tokens");
  return value == most ? tokens : builder.create<LLVM::MulOp>(loc, tokens, i64(loc, value / most));
}

/// What follows the last token is its logits, which a prompt's earlier pieces do not need.
void CallEmitter::returnWithoutLogits(Location loc) {
  Value logits = arenas.lookup("logits");
  returnUnless(loc, builder.create<LLVM::ICmpOp>(loc, LLVM::ICmpPredicate::ne, logits, null(loc)), {});
}

void CallEmitter::emitOnTarget(Operation *op, ArrayRef<Value> views, ArrayRef<Value> sizes, ArrayRef<int64_t> strides) {
  kernel::Call call(op);
  Location loc = op->getLoc();
  SmallVector<Value> arguments(views);
  llvm::append_range(arguments, sizes);
  for (int64_t stride : strides)
    arguments.push_back(i64(loc, stride));
  for (auto [described, value] : llvm::zip_equal(call.description().numbers, call.numbers())) {
    auto integer = dyn_cast<IntegerAttr>(value);
    arguments.push_back(!integer ? number(loc, value)
                                 : size(loc, call.description(), described.name, integer.getInt()));
  }
  if (target == kernel::Target::Cpu)
    emitCpu(op, call, arguments);
  else
    emitCuda(op, call, arguments);
}

bool CallEmitter::isApart(Operation *op) const {
  return rowsApart && target == kernel::Target::Cuda && kernel::usesState(op) && kernel::takesApart(op);
}

void CallEmitter::emitCall(Operation *op) {
  if (isa<kernel::LastOp>(op))
    returnWithoutLogits(op->getLoc());
  kernel::Call call(op);
  SmallVector<Value> views, sizes;
  for (unsigned i = 0; i < call.description().views.size(); ++i)
    views.push_back(call.view(i) ? pointers.lookup(call.view(i)) : null(op->getLoc()));
  for (auto [name, value] : llvm::zip_equal(call.description().sizes, *call.sizes()))
    sizes.push_back(name == "B" && isApart(op) ? arenas.lookup("tokens")
                                               : size(op->getLoc(), call.description(), name, value));
  emitOnTarget(op, views, sizes, call.strides());
}

Value CallEmitter::rowOf(Value view, Value row) {
  Location loc = view.getLoc();
  Operation *root = kernel::rootOf(view);
  if (isa<kernel::WeightOp, kernel::ConstantOp, kernel::JoinOp>(root))
    return pointers.lookup(view);
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  if (auto state = dyn_cast<kernel::StateOp>(root)) {
    Value place = builder.create<LLVM::GEPOp>(loc, pointer, pointer, arenas.lookup("states"), ValueRange{row});
    Value own = builder.create<LLVM::LoadOp>(loc, pointer, place);
    return at(loc, own, static_cast<int64_t>(*state.getOffset()) + kernel::offsetInRoot(view));
  }
  kernel::Layout layout = *kernel::Layout::of(view.getType());
  Value offset = builder.create<LLVM::MulOp>(loc, row, i64(loc, layout.strides.front() * layout.elementBytes));
  return builder.create<LLVM::GEPOp>(loc, pointer, builder.getI8Type(), pointers.lookup(view), ValueRange{offset});
}

void CallEmitter::emitRow(Operation *op, Value row) {
  kernel::Call call(op);
  SmallVector<Value> views, sizes;
  for (unsigned i = 0; i < call.description().views.size(); ++i)
    views.push_back(call.view(i) ? rowOf(call.view(i), row) : null(op->getLoc()));
  for (auto [name, value] : llvm::zip_equal(call.description().sizes, *call.sizes()))
    sizes.push_back(i64(op->getLoc(), name == "B" ? 1 : value));
  emitOnTarget(op, views, sizes, call.widths()); // as decode's call, so that both are one copy of the kernel
}

/// As many rows as threads go evenly are one thread's each, whole; the team computes the others together. On CUDA, where
/// a kernel cannot take all rows' states at once, one row follows another.
void CallEmitter::emitRows(Operation *op) {
  Location loc = op->getLoc();
  Value rows = arenas.lookup("tokens"), first = i64(loc, 0), one = i64(loc, 1);
  auto emit = [&](Value row) { emitRow(op, row); };
  if (target == kernel::Target::Cpu) {
    Value team = arenas.lookup("team");
    auto ask = [&](StringRef what) { return call(loc, what, team, builder.getI64Type()).getResult(); };
    Value part = ask("xlstm_cpu_part"), parts = ask("xlstm_cpu_parts");
    arenas["team"] = call(loc, "xlstm_cpu_alone", {}, team.getType()).getResult();
    Value even = builder.create<LLVM::SubOp>(loc, rows, builder.create<LLVM::SRemOp>(loc, rows, parts));
    loop(loc, part, even, parts, emit);
    arenas["team"] = team;
    first = even;
  }
  loop(loc, first, rows, one, emit);
}

void CallEmitter::emit(Operation *op) {
  if (isa<kernel::MeetOp>(op))
    CEmitter::call(op->getLoc(), "xlstm_cpu_meet", arenas.lookup("team"),
                   LLVM::LLVMVoidType::get(builder.getContext()));
  else if (kernel::Call::isa(op))
    rowsApart &&kernel::usesState(op) && !isApart(op) ? emitRows(op) : emitCall(op);
  else
    pointers[op->getResult(0)] = pointerOf(op);
}

} // namespace xlstm
