//===- KernelMemory.cpp - who owns which bytes when -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Kernel/KernelMemory.h"
#include "dialects/Kernel/KernelCall.h"

#include <map>

using namespace mlir;

namespace xlstm::kernel {

Operation *rootOf(Value view) {
  Operation *op = view.getDefiningOp();
  while (auto part = dyn_cast<ViewOfOp>(op))
    op = part.getSource().getDefiningOp();
  return op;
}

int64_t offsetInRoot(Value view) {
  int64_t offset = 0;
  for (auto part = view.getDefiningOp<ViewOfOp>(); part; part = part.getSource().getDefiningOp<ViewOfOp>())
    offset += static_cast<int64_t>(part.getOffset());
  return offset;
}

int64_t rowsApart(FuncOp function) {
  auto ids = function.getBody().getOps<IdsOp>();
  if (!function.getRowsApart() || ids.empty())
    return 1;
  ArrayRef<int64_t> shape = cast<MemRefType>((*ids.begin()).getResult().getType()).getShape();
  return shape.empty() ? 1 : std::max<int64_t>(shape.front(), 1);
}

int64_t placedBytes(StateOp state) {
  auto function = state->getParentOfType<FuncOp>();
  return bytesOf(state.getResult()) / (function ? rowsApart(function) : 1);
}

bool usesState(Operation *call) {
  return llvm::any_of(call->getOperands(), [](Value view) { return isa<StateOp>(rootOf(view)); });
}

bool takesApart(Operation *op) {
  Call call(op);
  const KernelDescription &kernel = call.description();
  return kernel.cudaApart && llvm::all_of(llvm::enumerate(kernel.views), [&](auto view) {
           bool isState = view.value().access == KernelView::Access::InOut || view.value().name == "pos";
           Value given = call.view(static_cast<unsigned>(view.index()));
           return !isState || !given || isa<StateOp>(rootOf(given));
         });
}

namespace {

/// The place of a root that has one.
struct Place {
  Value arena;
  int64_t offset = 0;
};

Place placeOf(Operation *root) {
  auto read = [](auto op) { return Place{op.getArena(), static_cast<int64_t>(op.getOffset().value_or(0))}; };
  if (auto buffer = dyn_cast<BufferOp>(root))
    return read(buffer);
  if (auto weight = dyn_cast<WeightOp>(root))
    return read(weight);
  if (auto state = dyn_cast<StateOp>(root))
    return read(state);
  if (auto constant = dyn_cast<ConstantOp>(root))
    return read(constant);
  if (auto join = dyn_cast<JoinOp>(root))
    return placeOf(join.getParts().front().getDefiningOp());
  return {};
}

} // namespace

MemoryRange rangeOf(Value view) {
  Operation *root = rootOf(view);
  Place place = placeOf(root);
  if (auto state = dyn_cast<StateOp>(root); state && place.arena && state->getParentOfType<FuncOp>().getRowsApart())
    return {place.arena.getDefiningOp(), place.offset, place.offset + placedBytes(state)};
  FailureOr<Layout> layout = Layout::of(view.getType());
  int64_t begin = place.offset + offsetInRoot(view);
  return {place.arena ? place.arena.getDefiningOp() : root, begin, begin + layout->span() * layout->elementBytes};
}

namespace {

class MemoryCheck {
public:
  explicit MemoryCheck(FuncOp function) : function(function) {}
  LogicalResult run();

private:
  LogicalResult checkJoin(JoinOp join);
  LogicalResult checkCall(Operation *op);
  LogicalResult checkExtraMemory(Operation *op, const Call &call);
  LogicalResult checkOverlap(Operation *op, const Call &call, unsigned output);
  LogicalResult read(Operation *op, StringRef name, Value view);
  void write(Operation *op, Value view);

  /// What lies from a byte on, up to the next entry: the root that wrote it and the call that did.
  struct Owner {
    Operation *root = nullptr, *writer = nullptr;
  };
  using Owners = std::map<int64_t, Owner>;
  static void split(Owners &owners, int64_t at);

  FuncOp function;
  DenseMap<Operation *, Owners> blocks;
};

void MemoryCheck::split(Owners &owners, int64_t at) {
  auto next = owners.upper_bound(at);
  Owner before = next == owners.begin() ? Owner() : std::prev(next)->second;
  owners.try_emplace(at, before);
}

void MemoryCheck::write(Operation *op, Value view) {
  MemoryRange bytes = rangeOf(view);
  Owners &owners = blocks[bytes.block];
  split(owners, bytes.begin);
  split(owners, bytes.end);
  owners.erase(owners.find(bytes.begin), owners.find(bytes.end));
  owners[bytes.begin] = {rootOf(view), op};
}

LogicalResult MemoryCheck::read(Operation *op, StringRef name, Value view) {
  Operation *root = rootOf(view);
  if (auto join = dyn_cast<JoinOp>(root))
    return success(llvm::all_of(join.getParts(), [&](Value part) { return succeeded(read(op, name, part)); }));
  MemoryRange bytes = rangeOf(view);
  Owners &owners = blocks[bytes.block];
  split(owners, bytes.begin);
  for (auto it = owners.find(bytes.begin); it != owners.end() && it->first < bytes.end; ++it) {
    if (it->second.root == root)
      continue;
    if (!it->second.root) // C3
      return op->emitOpError() << "reads " << name << ", which nothing has written";
    InFlightDiagnostic error = op->emitOpError() << "reads " << name << ", which another value has overwritten"; // C4
    error.attachNote(it->second.writer->getLoc()) << "here";
    return error;
  }
  return success();
}

LogicalResult MemoryCheck::checkOverlap(Operation *op, const Call &call, unsigned output) {
  const KernelDescription &kernel = call.description();
  MemoryRange out = rangeOf(call.view(output));
  for (auto [i, view] : llvm::enumerate(kernel.views)) {
    if (i == output || !call.view(i) || !out.overlaps(rangeOf(call.view(i))))
      continue;
    bool allowed = llvm::is_contained(kernel.inPlace, std::pair<unsigned, unsigned>(output, i));
    if (!allowed || !(out == rangeOf(call.view(i)))) // C5
      return op->emitOpError() << "expects " << kernel.views[output].name << " not to lie where " << view.name
                               << " does";
  }
  return success();
}

LogicalResult MemoryCheck::checkExtraMemory(Operation *op, const Call &call) {
  for (StringRef name : {"workspace", "zeroed"}) {
    bool needed = function.getTarget() == Target::Cuda &&
                  llvm::is_contained(call.description().cudaMemory, std::string_view(name));
    Value memory = call.memory(name);
    auto arena = memory ? memory.getDefiningOp<ArenaOp>() : ArenaOp();
    if (needed != static_cast<bool>(memory) || (memory && (!arena || stringifyArena(arena.getKind()) != name))) // C6
      return op->emitOpError() << "expects " << (needed ? "" : "no ") << name
                               << (needed ? ", an arena of that kind" : "") << " on "
                               << stringifyTarget(function.getTarget());
  }
  return success();
}

LogicalResult MemoryCheck::checkCall(Operation *op) {
  Call call(op);
  if (failed(checkExtraMemory(op, call)))
    return failure();
  const KernelDescription &kernel = call.description();
  for (auto [i, view] : llvm::enumerate(kernel.views))
    if (call.view(i) && view.access != KernelView::Access::Out && failed(read(op, StringRef(view.name), call.view(i))))
      return failure();
  for (auto [i, view] : llvm::enumerate(kernel.views)) {
    if (!call.view(i) || view.access == KernelView::Access::In)
      continue;
    if (isa<WeightOp, ConstantOp, JoinOp, IdsOp>(rootOf(call.view(i)))) // C5
      return op->emitOpError() << "expects " << view.name << " in memory that may be written";
    if (failed(checkOverlap(op, call, i)))
      return failure();
    write(op, call.view(i));
  }
  return success();
}

LogicalResult MemoryCheck::checkJoin(JoinOp join) {
  Place first = placeOf(join.getParts().front().getDefiningOp());
  int64_t expected = first.offset;
  for (Value part : join.getParts()) {
    Place place = placeOf(part.getDefiningOp());
    if (place.arena != first.arena || (place.arena && place.offset != expected)) // C7
      return join.emitOpError() << "expects its parts one behind the other, found one at " << place.offset
                                << " instead of " << expected;
    FailureOr<Layout> layout = Layout::of(part.getType());
    expected += layout->span() * layout->elementBytes;
  }
  return success();
}

LogicalResult MemoryCheck::run() {
  for (Operation &op : function.getBody().front()) {
    if (isa<StateOp, WeightOp, ConstantOp, IdsOp>(op)) // holds what it is called, from the beginning
      write(&op, op.getResult(0));
    if (auto join = dyn_cast<JoinOp>(op); join && failed(checkJoin(join)))
      return failure();
    if (Call::isa(&op) && failed(checkCall(&op)))
      return failure();
  }
  return success();
}

} // namespace

LogicalResult checkMemory(FuncOp function) { return MemoryCheck(function).run(); }

} // namespace xlstm::kernel
