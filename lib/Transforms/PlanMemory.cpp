//===- PlanMemory.cpp - give everything its place in memory -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/ScratchPlan.h"
#include "xlstm/Transforms/Passes.h"

#include "dialects/Kernel/KernelCall.h"
#include "dialects/Kernel/KernelMemory.h"

#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

namespace xlstm {
#define GEN_PASS_DEF_PLANMEMORY
#include "lib/Transforms/Passes.h.inc"
} // namespace xlstm

using namespace mlir;
using namespace xlstm;

namespace {

/// Of a state whose rows are apart, that of one row.
Type typeOfPlace(kernel::StateOp state) {
  auto type = cast<MemRefType>(state.getResult().getType());
  if (!state->getParentOfType<kernel::FuncOp>().getRowsApart())
    return type;
  SmallVector<int64_t> shape(type.getShape());
  shape.front() = 1;
  return MemRefType::get(shape, type.getElementType());
}

/// Places one after the other, one a name. A name keeps its place in every function.
class NamedPlaces {
public:
  /// Error: another type than before, or more bytes than there are addresses.
  FailureOr<int64_t> place(Operation *op, StringRef name, bool aligned = true) {
    auto state = dyn_cast<kernel::StateOp>(op);
    Type type = state ? typeOfPlace(state) : op->getResult(0).getType();
    auto [it, isNew] = places.try_emplace(name, bytes, type);
    if (!isNew && it->second.second != type)
      return op->emitOpError() << "expects \"" << name << "\" to have type " << it->second.second
                               << " as in an earlier function, found " << type;
    if (!isNew)
      return it->second.first;
    if (aligned)
      bytes = it->second.first = static_cast<int64_t>(llvm::alignTo(bytes, kernel::placeAlignment));
    int64_t added = state ? kernel::placedBytes(state) : kernel::bytesOf(op->getResult(0));
    if (llvm::AddOverflow(bytes, added, bytes) || bytes > mostBytes)
      return op->emitOpError() << "expects a model of at most " << mostBytes << " bytes";
    return it->second.first;
  }
  bool has(StringRef name) const { return places.contains(name); }
  int64_t size() const { return static_cast<int64_t>(llvm::alignTo(bytes, kernel::placeAlignment)); }

private:
  static constexpr int64_t mostBytes = int64_t(1) << 46; // as far as addresses reach
  llvm::StringMap<std::pair<int64_t, Type>> places;
  int64_t bytes = 0;
};

class Planner {
public:
  LogicalResult placeNamed(kernel::FuncOp function);
  LogicalResult placeConstants(kernel::FuncOp function);
  void place(kernel::FuncOp function, const ScratchPlan &plan);

private:
  LogicalResult placeParts(kernel::JoinOp join);

  NamedPlaces weights, states;
  DenseMap<Operation *, int64_t> offsets;
};

/// The parts of a join one behind the other, where the first of them is met.
LogicalResult Planner::placeParts(kernel::JoinOp join) {
  bool isFirst = true;
  for (Value part : join.getParts()) {
    auto weight = part.getDefiningOp<kernel::WeightOp>();
    FailureOr<int64_t> offset = weights.place(weight, weight.partName(), isFirst);
    if (failed(offset))
      return failure();
    offsets[weight] = *offset;
    isFirst = false;
  }
  return success();
}

LogicalResult Planner::placeNamed(kernel::FuncOp function) {
  auto note = [&](Operation *op, FailureOr<int64_t> offset) -> LogicalResult {
    if (succeeded(offset))
      offsets[op] = *offset;
    return offset;
  };
  for (Operation &op : function.getBody().front()) {
    LogicalResult placed = success();
    if (auto state = dyn_cast<kernel::StateOp>(op))
      placed = note(&op, states.place(&op, state.getName()));
    if (auto weight = dyn_cast<kernel::WeightOp>(op)) {
      for (Operation *user : weight->getUsers())
        if (auto join = dyn_cast<kernel::JoinOp>(user); join && succeeded(placed))
          placed = placeParts(join);
      if (succeeded(placed))
        placed = note(&op, weights.place(&op, weight.partName()));
    }
    if (failed(placed))
      return failure();
  }
  return success();
}

/// Behind the weights of all functions; equal ones share a place.
LogicalResult Planner::placeConstants(kernel::FuncOp function) {
  if (function.getTarget() != kernel::Target::Cuda)
    return success();
  for (kernel::ConstantOp constant : function.getBody().getOps<kernel::ConstantOp>()) {
    std::string name;
    llvm::raw_string_ostream(name) << "constant " << constant.getValue().getAsOpaquePointer();
    FailureOr<int64_t> offset = weights.place(constant, name);
    if (failed(offset))
      return failure();
    offsets[constant] = *offset;
  }
  return success();
}

void Planner::place(kernel::FuncOp function, const ScratchPlan &plan) {
  OpBuilder builder(function.getBody());
  llvm::DenseMap<kernel::Arena, Value> arenas;
  auto arenaOf = [&](kernel::Arena kind, int64_t bytes) {
    Value &arena = arenas[kind];
    if (!arena) {
      builder.setInsertionPointToStart(&function.getBody().front());
      arena = builder.create<kernel::ArenaOp>(function.getLoc(), MemRefType::get({bytes}, builder.getI8Type()), kind);
    }
    return arena;
  };
  auto set = [&](auto op, Value arena, int64_t offset) {
    op.getArenaMutable().assign(arena);
    op.setOffsetAttr(builder.getI64IntegerAttr(offset));
  };
  for (Operation &op : function.getBody().front()) {
    if (auto buffer = dyn_cast<kernel::BufferOp>(op))
      set(buffer, arenaOf(kernel::Arena::Scratch, plan.bytes), plan.offsets.lookup(buffer));
    if (auto weight = dyn_cast<kernel::WeightOp>(op))
      set(weight, arenaOf(kernel::Arena::Weights, weights.size()), offsets[&op]);
    if (auto state = dyn_cast<kernel::StateOp>(op))
      set(state, arenaOf(kernel::Arena::State, states.size()), offsets[&op]);
    if (auto constant = dyn_cast<kernel::ConstantOp>(op); constant && offsets.contains(&op))
      set(constant, arenaOf(kernel::Arena::Weights, weights.size()), offsets[&op]);
  }
  for (kernel::ArenaOp arena : llvm::make_early_inc_range(function.getBody().getOps<kernel::ArenaOp>()))
    if (arena->use_empty()) // of an earlier plan
      arena.erase();
}

class PlanMemory : public ::xlstm::impl::PlanMemoryBase<PlanMemory> {
public:
  void runOnOperation() override {
    SmallVector<kernel::FuncOp> functions = llvm::to_vector(getOperation().getOps<kernel::FuncOp>());
    Planner planner;
    for (kernel::FuncOp function : functions)
      if (failed(planner.placeNamed(function)))
        return signalPassFailure();
    for (kernel::FuncOp function : functions)
      if (failed(planner.placeConstants(function)))
        return signalPassFailure();
    int64_t largest = 0;
    for (kernel::FuncOp function : functions) {
      ScratchPlan plan = planScratch(function);
      planner.place(function, plan);
      if (failed(mlir::verify(function))) // a join whose parts an earlier function placed apart
        return signalPassFailure();
      numBuffers += plan.buffers;
      unshared += plan.unsharedBytes;
      largest = std::max(largest, plan.bytes);
    }
    scratch = largest;
    for (kernel::FuncOp function : functions) // joins whose parts another function has placed apart
      if (failed(mlir::verify(function)))
        return signalPassFailure();
  }
};

} // namespace
