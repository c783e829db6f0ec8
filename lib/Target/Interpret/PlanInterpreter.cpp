//===- PlanInterpreter.cpp - run a plan on the CPU, whatever its target --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Target/Interpret.h"

#include "dialects/Kernel/KernelCall.h"
#include "dialects/Kernel/KernelMemory.h"
#include "lib/Target/Cuda/Plan.h"
#include "lib/Target/Native/NativeModule.h"
#include "xlstm/Kernels/RunKernel.h"
#include "xlstm/Support/Error.h"

#include <cstring>

using namespace mlir;

namespace xlstm {

struct PlanInterpreter::Implementation {
  Implementation(std::string_view mlir, const std::string &origin) : module(mlir, origin) {}

  kernel::FuncOp find(std::string_view name);
  std::byte *memoryOf(Operation *root);
  void runCall(Operation *op, const std::function<void(const WrittenView &)> &onWrite);
  /// Bytes of 0xff, NaN in every float that is read before it is written.
  std::byte *grow(kernel::Arena kind, size_t bytes);

  NativeModule module;
  std::map<kernel::Arena, std::vector<std::byte>> arenas;
  std::vector<int64_t> ids;
  std::vector<float> logits;
};

std::byte *PlanInterpreter::Implementation::grow(kernel::Arena kind, size_t bytes) {
  std::vector<std::byte> &arena = arenas[kind];
  if (arena.size() < bytes)
    arena.resize(bytes, std::byte(0xff));
  return arena.data();
}

kernel::FuncOp PlanInterpreter::Implementation::find(std::string_view name) {
  auto function = dyn_cast_or_null<kernel::FuncOp>(SymbolTable::lookupSymbolIn(module.get(), StringRef(name)));
  if (!function)
    fail("expected a function of the plan, found '", name, "'");
  return function;
}

std::byte *PlanInterpreter::Implementation::memoryOf(Operation *root) {
  if (isa<kernel::IdsOp>(root))
    return reinterpret_cast<std::byte *>(ids.data());
  if (isa<kernel::LogitsOp>(root))
    return reinterpret_cast<std::byte *>(logits.data());
  if (auto join = dyn_cast<kernel::JoinOp>(root))
    root = join.getParts().front().getDefiningOp();
  auto arena = root->getOperand(0).getDefiningOp<kernel::ArenaOp>(); // a planned root has its arena
  return arenas[arena.getKind()].data() + root->getAttrOfType<IntegerAttr>("offset").getInt();
}

void PlanInterpreter::Implementation::runCall(Operation *op, const std::function<void(const WrittenView &)> &onWrite) {
  kernel::Call call(op);
  const KernelDescription &kernel = call.description();
  auto target = op->getParentOfType<kernel::FuncOp>().getTarget();
  KernelArguments arguments;
  arguments.types = *call.types(target);
  for (unsigned i = 0; i < kernel.views.size(); ++i) {
    Value view = call.view(i);
    arguments.views.push_back(view ? memoryOf(kernel::rootOf(view)) + kernel::offsetInRoot(view) : nullptr);
  }
  SmallVector<int64_t> sizes = *call.sizes(), strides = call.strides();
  arguments.sizes.assign(sizes.begin(), sizes.end());
  arguments.strides.assign(strides.begin(), strides.end());
  for (TypedAttr number : call.numbers()) {
    auto real = dyn_cast<FloatAttr>(number);
    arguments.numbers.push_back(real ? real.getValueAsDouble()
                                     : static_cast<double>(cast<IntegerAttr>(number).getInt()));
  }
  runOnCpu(kernel, arguments);
  for (unsigned i = 0; onWrite && i < kernel.views.size(); ++i)
    if (arguments.views[i] && kernel.views[i].access != KernelView::Access::In)
      onWrite({std::string(kernel.name), std::string(kernel.views[i].name),
               std::string(kernel.elementType(kernel.views[i], arguments.types)), arguments.views[i],
               spannedElements(kernel, i, arguments)});
}

PlanInterpreter::PlanInterpreter(std::string_view mlir, const std::string &origin, const CudaTargetOptions &options)
    : implementation(std::make_unique<Implementation>(mlir, origin)) {
  implementation->module.run([&](PassManager &manager) { addCudaPlan(manager, options); });
  implementation->module.get()->walk([&](kernel::ArenaOp arena) {
    auto type = cast<MemRefType>(arena.getResult().getType());
    if (type.hasStaticShape())
      implementation->grow(arena.getKind(), static_cast<size_t>(type.getDimSize(0)));
  });
  implementation->module.get()->walk([&](kernel::ConstantOp constant) {
    ArrayRef<char> bytes = cast<DenseElementsAttr>(constant.getValue()).getRawData();
    std::memcpy(implementation->memoryOf(constant), bytes.data(), bytes.size());
  });
  reset();
}

PlanInterpreter::~PlanInterpreter() = default;

std::vector<WeightPlacement> PlanInterpreter::weights() const { return implementation->module.weights(); }

std::span<std::byte> PlanInterpreter::weightMemory() { return implementation->arenas[kernel::Arena::Weights]; }

void PlanInterpreter::reset() {
  implementation->module.get()->walk([&](kernel::StateOp state) {
    auto type = cast<MemRefType>(state.getResult().getType());
    float init = state.getInit().convertToFloat();
    std::byte *memory = implementation->memoryOf(state);
    size_t bytes = type.getElementTypeBitWidth() / 8;
    uint32_t bits;
    std::memcpy(&bits, &init, sizeof bits);
    bits =
        isa<FloatType>(type.getElementType()) ? (bytes == 2 ? bits >> 16 : bits) : 0; // values that 16 bits have, too
    for (int64_t n = 0; n < type.getNumElements(); ++n)
      std::memcpy(memory + static_cast<size_t>(n) * bytes, &bits, bytes);
  });
}

std::vector<float> PlanInterpreter::run(std::string_view name, std::span<const int64_t> ids) {
  kernel::FuncOp function = implementation->find(name);
  auto sizeOf = [](Operation *op) { return cast<MemRefType>(op->getResult(0).getType()).getNumElements(); };
  for (Operation &op : function.getBody().front()) {
    if (isa<kernel::LogitsOp>(op))
      implementation->logits.assign(static_cast<size_t>(sizeOf(&op)), std::numeric_limits<float>::quiet_NaN());
    if (isa<kernel::IdsOp>(op) && sizeOf(&op) != static_cast<int64_t>(ids.size()))
      fail("expected ", sizeOf(&op), " ids for ", name, ", found ", ids.size());
  }
  implementation->ids.assign(ids.begin(), ids.end());
  for (Operation &op : function.getBody().front())
    if (kernel::Call::isa(&op))
      implementation->runCall(&op, onWrite);
  return implementation->logits;
}

} // namespace xlstm
