//===- Explain.cpp - what a planned model does, in words and numbers ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Cpu/Explain.h"

#include "dialects/Kernel/KernelCall.h"
#include "dialects/Kernel/KernelMemory.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>

using namespace mlir;

namespace xlstm {

namespace {

/// What the calls of one kernel come to, by the type of its weights.
struct Work {
  int64_t calls = 0, weightBytes = 0, stateBytes = 0, operations = 0;
  double seconds = 0;

  void add(const kernel::Call &call);
  /// How long it takes at least.
  double secondsBy(const CpuRates &rates) const {
    return std::max(double(weightBytes + stateBytes) / rates.bytes, double(operations) / rates.operations);
  }
};

} // namespace

/// Of a projection twice the product of its sizes; of attention those of keys and of values that a window holds; others
/// are small beside them and count as none.
static int64_t operationsOf(const kernel::Call &call) {
  SmallVector<int64_t> sizes = *call.sizes();
  StringRef name(call.description().name);
  if (name == "linear" || name == "linear_panels") // rows, in, out
    return 2 * sizes[0] * sizes[1] * sizes[2];
  if (name == "attention") // B, T, H, Hkv, d, dv, W, S
    return 2 * sizes[0] * sizes[1] * sizes[2] * (sizes[4] + sizes[5]) * (sizes[6] + sizes[7]);
  return 0;
}

void Work::add(const kernel::Call &call) {
  ++calls;
  operations += operationsOf(call);
  for (unsigned i = 0; i < call.description().views.size(); ++i) {
    Value view = call.view(i);
    Operation *root = view ? kernel::rootOf(view) : nullptr;
    bool isTable = StringRef(call.description().views[i].name) == "table"; // of which a row a token is read
    if (isa_and_nonnull<kernel::WeightOp, kernel::JoinOp>(root) && !isTable)
      weightBytes += kernel::bytesOf(view);
    if (isa_and_nonnull<kernel::StateOp>(root))
      stateBytes += kernel::bytesOf(view);
  }
}

static std::string table(const llvm::MapVector<StringRef, Work> &kernels, const Work &all, bool isForetold) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "| kernel | calls | bytes of weights | bytes of state | operations |" << (isForetold ? " ms |" : "")
      << "\n|---|---:|---:|---:|---:|" << (isForetold ? "---:|" : "") << "\n";
  auto row = [&](StringRef name, const Work &work) {
    out << llvm::formatv("| {0} | {1} | {2} | {3} | {4} |", name, work.calls, work.weightBytes, work.stateBytes,
                         work.operations);
    if (isForetold)
      out << llvm::format(" %.4g |", 1e3 * work.seconds);
    out << "\n";
  };
  for (auto &[name, work] : kernels)
    row(name, work);
  row("all", all);
  return text;
}

static std::string explain(kernel::FuncOp function, const std::optional<CpuRates> &rates, CallCost &cost) {
  llvm::MapVector<StringRef, Work> kernels;
  Work all;
  int64_t meets = 0, tokens = 1;
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "@" << function.getSymName();
  for (Operation &op : function.getBody().front()) {
    if (auto ids = dyn_cast<kernel::IdsOp>(op))
      tokens = cast<MemRefType>(ids.getResult().getType()).getDimSize(1);
    if (auto arena = dyn_cast<kernel::ArenaOp>(op))
      out << ", " << kernel::stringifyArena(arena.getKind()) << " "
          << cast<MemRefType>(arena.getResult().getType()).getDimSize(0) << " bytes";
    meets += isa<kernel::MeetOp>(op);
    if (!kernel::Call::isa(&op))
      continue;
    kernel::Call call(&op);
    kernels[StringRef(call.description().name)].add(call);
    all.add(call);
  }
  out << ": up to " << tokens << (tokens == 1 ? " token" : " tokens");
  if (function.getRowsApart())
    out << " of " << kernel::rowsApart(function) << " texts each";
  out << ", threads meet " << meets << " times\n\n";
  if (rates)
    for (auto &[name, work] : kernels)
      all.seconds += work.seconds = work.secondsBy(*rates);
  cost = {tokens, double(all.weightBytes + all.stateBytes), double(all.operations), all.seconds};
  out << table(kernels, all, rates.has_value());
  return text;
}

Explanation explainPlan(ModuleOp module, const std::optional<CpuRates> &rates) {
  Explanation found;
  for (kernel::FuncOp function : module.getOps<kernel::FuncOp>())
    found.text +=
        (found.text.empty() ? "" : "\n") + explain(function, rates, found.calls[function.getSymName().str()]);
  return found;
}

} // namespace xlstm
