//===- PlaceMeets.cpp - where threads wait for one another ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Kernel/KernelCall.h"
#include "dialects/Kernel/KernelMemory.h"
#include "xlstm/Transforms/Passes.h"

#include "mlir/IR/Builders.h"

namespace xlstm {
#define GEN_PASS_DEF_PLACEMEETS
#include "lib/Transforms/Passes.h.inc"
} // namespace xlstm

using namespace mlir;
using namespace xlstm;

namespace {

/// What threads may still be reading and writing since they last met.
class Epoch {
public:
  /// Whether a call must wait for those in front of it.
  bool conflicts(const kernel::Call &call) const {
    bool found = false;
    forEachView(call, [&](const kernel::MemoryRange &range, bool isRead, bool isWritten) {
      auto meets = [&](const kernel::MemoryRange &other) { return range.overlaps(other); };
      found |= isRead && llvm::any_of(written, meets);
      found |= isWritten && (llvm::any_of(written, meets) || llvm::any_of(read, meets));
    });
    return found;
  }
  void add(const kernel::Call &call) {
    forEachView(call, [&](const kernel::MemoryRange &range, bool isRead, bool isWritten) {
      if (isRead)
        read.push_back(range);
      if (isWritten)
        written.push_back(range);
    });
  }
  void clear() {
    read.clear();
    written.clear();
  }

private:
  template <typename Function>
  static void forEachView(const kernel::Call &call, Function function) {
    for (auto [i, view] : llvm::enumerate(call.description().views))
      if (call.view(i))
        function(kernel::rangeOf(call.view(i)), view.access != KernelView::Access::Out,
                 view.access != KernelView::Access::In);
  }

  SmallVector<kernel::MemoryRange> read, written;
};

class PlaceMeets : public ::xlstm::impl::PlaceMeetsBase<PlaceMeets> {
public:
  void runOnOperation() override {
    for (kernel::FuncOp function : getOperation().getOps<kernel::FuncOp>())
      if (function.getTarget() == kernel::Target::Cpu)
        place(function);
  }

private:
  void place(kernel::FuncOp function) {
    OpBuilder builder(&getContext());
    Epoch epoch;
    for (kernel::MeetOp meet : llvm::make_early_inc_range(function.getBody().getOps<kernel::MeetOp>()))
      meet.erase(); // of an earlier plan
    for (Operation &op : function.getBody().front()) {
      if (!kernel::Call::isa(&op))
        continue;
      kernel::Call call(&op);
      if (epoch.conflicts(call)) {
        builder.setInsertionPoint(&op);
        builder.create<kernel::MeetOp>(op.getLoc());
        epoch.clear();
        ++numMeets;
      }
      epoch.add(call);
    }
  }
};

} // namespace
