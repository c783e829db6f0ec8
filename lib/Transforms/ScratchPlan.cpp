//===- ScratchPlan.cpp - places of buffers ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/ScratchPlan.h"
#include "dialects/Kernel/KernelCall.h"
#include "dialects/Kernel/KernelMemory.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace xlstm {

namespace {

/// Memory of one buffer, or of several that follow one another in place, in use from call `first` to call `last`.
struct Stretch {
  int64_t bytes, first, last;
  int64_t offset = -1;
};

class Packer {
public:
  explicit Packer(kernel::FuncOp function) : function(function) {}
  ScratchPlan run();

private:
  void follow(Operation *op, int64_t index);
  bool takePlace(const kernel::Call &call, unsigned output, int64_t index);
  void pack(ScratchPlan &plan);

  kernel::FuncOp function;
  std::vector<Stretch> stretches;
  DenseMap<Operation *, unsigned> stretchOf; // of a buffer
  DenseMap<Operation *, int64_t> lastUse;    // of a buffer, through all its views
};

/// The output's buffer, new at this call, in the place of an input that ends here.
bool Packer::takePlace(const kernel::Call &call, unsigned output, int64_t index) {
  Value y = call.view(output);
  for (auto [out, in] : call.description().inPlace) {
    Value x = call.view(in);
    Operation *root = out == output && x ? kernel::rootOf(x) : nullptr;
    auto it = root ? stretchOf.find(root) : stretchOf.end();
    if (it == stretchOf.end() || lastUse[root] != index || x.getType() != y.getType() || y.getDefiningOp() == root ||
        kernel::offsetInRoot(x) != 0 || kernel::bytesOf(root->getResult(0)) != kernel::bytesOf(y))
      continue;
    stretchOf[y.getDefiningOp()] = it->second;
    return true;
  }
  return false;
}

void Packer::follow(Operation *op, int64_t index) {
  kernel::Call call(op);
  for (unsigned i = 0; i < call.description().views.size(); ++i) {
    Value view = call.view(i);
    auto buffer = view ? dyn_cast<kernel::BufferOp>(kernel::rootOf(view)) : kernel::BufferOp();
    if (!buffer)
      continue;
    if (!stretchOf.contains(buffer) && !(view.getDefiningOp() == buffer && takePlace(call, i, index))) {
      stretchOf[buffer] = stretches.size();
      stretches.push_back(
          {static_cast<int64_t>(llvm::alignTo(kernel::bytesOf(buffer.getResult()), kernel::placeAlignment)), index,
           index});
    }
    Stretch &stretch = stretches[stretchOf[buffer]];
    stretch.last = std::max(stretch.last, index);
  }
}

/// The largest first, each at the lowest place that no stretch in use at the same time covers.
void Packer::pack(ScratchPlan &plan) {
  std::vector<Stretch *> order, placed; // placed: by offset
  for (Stretch &stretch : stretches)
    order.push_back(&stretch);
  llvm::stable_sort(order, [](auto *a, auto *b) { return a->bytes > b->bytes; });
  for (Stretch *stretch : order) {
    int64_t offset = 0;
    for (const Stretch *other : placed) {
      if (other->last < stretch->first || stretch->last < other->first)
        continue;
      if (offset + stretch->bytes <= other->offset)
        break;
      offset = std::max(offset, other->offset + other->bytes);
    }
    stretch->offset = offset;
    plan.bytes = std::max(plan.bytes, offset + stretch->bytes);
    plan.unsharedBytes += stretch->bytes;
    placed.insert(llvm::upper_bound(placed, stretch, [](auto *a, auto *b) { return a->offset < b->offset; }), stretch);
  }
}

ScratchPlan Packer::run() {
  SmallVector<Operation *> calls;
  for (Operation &op : function.getBody().front())
    if (kernel::Call::isa(&op))
      calls.push_back(&op);
  for (auto [index, op] : llvm::enumerate(calls))
    for (Value operand : op->getOperands())
      lastUse[kernel::rootOf(operand)] = static_cast<int64_t>(index);
  for (auto [index, op] : llvm::enumerate(calls))
    follow(op, static_cast<int64_t>(index));
  ScratchPlan plan;
  pack(plan);
  for (auto [buffer, stretch] : stretchOf)
    plan.offsets[buffer] = stretches[stretch].offset;
  plan.buffers = static_cast<int64_t>(stretches.size());
  return plan;
}

} // namespace

ScratchPlan planScratch(kernel::FuncOp function) { return Packer(function).run(); }

} // namespace xlstm
