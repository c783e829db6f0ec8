//===- FinishFunction.cpp - what a function gets when its calls are there -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Kernel/KernelMemory.h"
#include "lib/Conversion/LMToKernel/KernelBuilder.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace xlstm {

namespace {

class Finisher {
public:
  explicit Finisher(kernel::FuncOp function)
      : function(function), body(function.getBody().front()), builder(function.getContext()) {}

  void writeLogitsDirectly();
  void shareConstants();
  void advancePosition();
  void addMemory();
  void noteBesides();
  void eraseUnused();

private:
  kernel::FuncOp function;
  Block &body;
  OpBuilder builder;
};

/// The buffer that is only copied to the logits becomes the logits.
void Finisher::writeLogitsDirectly() {
  auto logits = *body.getOps<kernel::LogitsOp>().begin();
  Operation *copy = *logits->user_begin();
  auto buffer = copy->getOperand(0).getDefiningOp<kernel::BufferOp>();
  if (!buffer || buffer.getResult().getType() != logits.getResult().getType())
    return;
  logits->moveBefore(buffer);
  copy->erase();
  buffer.getResult().replaceAllUsesWith(logits.getResult());
  buffer.erase();
}

void Finisher::shareConstants() {
  DenseMap<Attribute, kernel::ConstantOp> first;
  for (kernel::ConstantOp constant : llvm::make_early_inc_range(body.getOps<kernel::ConstantOp>())) {
    auto [it, isNew] = first.try_emplace(constant.getValue(), constant);
    if (isNew)
      continue;
    constant.getResult().replaceAllUsesWith(it->second.getResult());
    constant.erase();
  }
}

void Finisher::advancePosition() {
  auto ids = *body.getOps<kernel::IdsOp>().begin();
  for (kernel::StateOp state : body.getOps<kernel::StateOp>())
    if (state.getName() == positionName) {
      builder.setInsertionPointToEnd(&body);
      for (kernel::LastOp last : body.getOps<kernel::LastOp>()) // behind it a call may end
        builder.setInsertionPoint(last);
      int64_t tokens = cast<MemRefType>(ids.getResult().getType()).getDimSize(1);
      kernel::createCall(builder, function.getLoc(), "advance", {state.getResult()},
                         {builder.getI64IntegerAttr(tokens)});
      return;
    }
}

/// Memory that kernels need beside their views.
void Finisher::addMemory() {
  if (function.getTarget() != kernel::Target::Cuda)
    return;
  llvm::MapVector<StringRef, Value> arenas;
  auto arenaOf = [&](StringRef name) {
    Value &arena = arenas[name];
    if (!arena) {
      builder.setInsertionPointToStart(&body);
      auto type = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
      arena = builder.create<kernel::ArenaOp>(function.getLoc(), type, *kernel::symbolizeArena(name));
    }
    return arena;
  };
  for (Operation &op : body) {
    if (!kernel::Call::isa(&op))
      continue;
    auto segments = llvm::to_vector(op.getAttrOfType<DenseI32ArrayAttr>("operandSegmentSizes").asArrayRef());
    for (std::string_view name : kernel::Call(&op).description().cudaMemory) {
      op.insertOperands(op.getNumOperands(), arenaOf(StringRef(name))); // workspace stands in front of zeroed
      segments[segments.size() - (name == "workspace" ? 2 : 1)] = 1;
    }
    op.setAttr("operandSegmentSizes", builder.getDenseI32ArrayAttr(segments));
  }
}

/// A projection behind one of the same value need not wait for it.
void Finisher::noteBesides() {
  if (function.getTarget() != kernel::Target::Cuda)
    return;
  kernel::LinearOp before;
  for (Operation &op : body) {
    if (!kernel::Call::isa(&op))
      continue;
    auto linear = dyn_cast<kernel::LinearOp>(op);
    if (linear && before && before.getX() == linear.getX() && !linear.getResidual())
      linear->setAttr("beside", builder.getUnitAttr());
    before = linear;
  }
}

void Finisher::eraseUnused() {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (op.getNumResults() == 1 && op.use_empty() && !isa<kernel::StateOp>(op))
      op.erase();
}

} // namespace

void finishFunction(kernel::FuncOp function) {
  Finisher finisher(function);
  finisher.writeLogitsDirectly();
  finisher.shareConstants();
  finisher.advancePosition();
  finisher.addMemory();
  finisher.noteBesides();
  finisher.eraseUnused();
}

} // namespace xlstm
