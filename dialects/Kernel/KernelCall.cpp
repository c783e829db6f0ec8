//===- KernelCall.cpp - a kernel call and its description -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Kernel/KernelCall.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace xlstm::kernel {

static constexpr StringLiteral segmentsName = "operandSegmentSizes";

static std::string_view nameOf(Operation *op) { return op->getName().stripDialect(); }

Call::Call(Operation *op) : op(op), kernel(findKernel(nameOf(op))) {
  auto segments = op->getAttrOfType<DenseI32ArrayAttr>(segmentsName).asArrayRef();
  unsigned next = 0;
  auto take = [&](int32_t count) { return count ? op->getOperand(next++) : Value(); };
  for (int32_t count : segments.drop_back(2))
    views.push_back(take(count));
  workspace = take(segments[segments.size() - 2]);
  zeroed = take(segments.back());
}

Operation *createCall(OpBuilder &builder, Location loc, StringRef name, ArrayRef<Value> views,
                      ArrayRef<Attribute> numbers, Value workspace, Value zeroed) {
  const KernelDescription *kernel = findKernel(std::string_view(name));
  OperationState state(loc, ("kernel." + name).str());
  SmallVector<int32_t> segments;
  auto add = [&](Value value) {
    segments.push_back(value ? 1 : 0);
    if (value)
      state.addOperands(value);
  };
  llvm::for_each(views, add);
  add(workspace);
  add(zeroed);
  state.addAttribute(segmentsName, builder.getDenseI32ArrayAttr(segments));
  for (auto [number, value] : llvm::zip_equal(kernel->numbers, numbers))
    state.addAttribute(StringRef(number.name), value);
  return builder.create(state);
}

namespace {

/// Gives the named dimensions of a call their sizes, the first disagreement an error.
class Sizes {
public:
  Sizes(Operation *op) : op(op) {}
  LogicalResult add(const KernelView &view, const Layout &layout);
  int64_t get(std::string_view name) const { return known.lookup(StringRef(name)).first; }

private:
  LogicalResult set(const KernelView &view, const KernelDimension &dimension, int64_t found);
  Operation *op;
  llvm::StringMap<std::pair<int64_t, std::string_view>> known; // and the view that said so
};

} // namespace

LogicalResult Sizes::set(const KernelView &view, const KernelDimension &dimension, int64_t found) {
  int64_t whole = found * dimension.divided;
  if (whole % dimension.times != 0)
    return op->emitOpError() << "expects a dimension of " << view.name << " to be a multiple of " << dimension.times
                             << ", found " << found;
  auto [it, isNew] = known.try_emplace(StringRef(dimension.name), whole / dimension.times, view.name);
  if (!isNew && it->second.first / dimension.divided * dimension.times != found)
    return op->emitOpError() << "expects dimension " << dimension.name << " of " << view.name << " to be "
                             << it->second.first / dimension.divided * dimension.times << " as in " << it->second.second
                             << ", found " << found;
  return success();
}

LogicalResult Sizes::add(const KernelView &view, const Layout &layout) {
  size_t named = view.dimensions.size(), rank = layout.shape.size();
  if (rank < named)
    return op->emitOpError() << "expects " << view.name << " to have at least " << named << " dimensions, found "
                             << rank;
  int64_t leading = 1;
  for (size_t i = 0; i < rank - named + 1; ++i)
    leading *= layout.shape[i];
  for (size_t i = 0; i < named; ++i)
    if (failed(set(view, view.dimensions[i], i == 0 ? leading : layout.shape[rank - named + i])))
      return failure();
  return success();
}

FailureOr<SmallVector<int64_t>> Call::sizes() const {
  Sizes sizes(op);
  // Whole ones first, so that a half does not settle what an odd number is.
  for (bool whole : {true, false})
    for (auto [view, value] : llvm::zip(kernel->views, views)) {
      bool isWhole = llvm::all_of(view.dimensions, [](auto &dimension) { return dimension.divided == 1; });
      if (value && isWhole == whole && failed(sizes.add(view, *Layout::of(value.getType()))))
        return failure();
    }
  SmallVector<int64_t> result;
  for (std::string_view name : kernel->sizes)
    result.push_back(sizes.get(name));
  return result;
}

SmallVector<int64_t> Call::eachRow(llvm::function_ref<int64_t(const Layout &, unsigned)> measure) const {
  SmallVector<int64_t> result;
  for (auto [view, value] : llvm::zip(kernel->views, views)) {
    if (!view.rowDimensions)
      continue;
    Layout layout = *Layout::of(value.getType());
    unsigned tail = view.dimensions.size() - view.rowDimensions;
    result.push_back(measure(layout, layout.shape.size() - tail));
  }
  return result;
}

SmallVector<int64_t> Call::strides() const {
  return eachRow([](const Layout &layout, unsigned rows) { return *layout.rowStride(rows); });
}

SmallVector<int64_t> Call::widths() const {
  return eachRow([](const Layout &layout, unsigned rows) {
    int64_t width = 1;
    for (int64_t size : ArrayRef(layout.shape).drop_front(rows))
      width *= size;
    return width;
  });
}

SmallVector<TypedAttr> Call::numbers() const {
  SmallVector<TypedAttr> result;
  for (const KernelNumber &number : kernel->numbers)
    result.push_back(op->getAttrOfType<TypedAttr>(StringRef(number.name)));
  return result;
}

FailureOr<std::vector<std::string_view>> Call::types(Target target) const {
  auto fits = [&](const std::vector<std::string_view> &choice) {
    return llvm::all_of(llvm::zip(kernel->views, views), [&](auto pair) {
      auto [view, value] = pair;
      return !value || typeName(cast<MemRefType>(value.getType()).getElementType()) ==
                           StringRef(kernel->elementType(view, choice));
    });
  };
  for (const std::vector<std::string_view> &choice : choices(target))
    if (fits(choice))
      return choice;
  InFlightDiagnostic error = op->emitOpError();
  if (choices(target).empty())
    return error << "has no kernel on " << stringifyTarget(target);
  error << "has no kernel on " << stringifyTarget(target) << " for types ";
  llvm::interleaveComma(op->getOperandTypes(), error,
                        [&](Type type) { error << cast<MemRefType>(type).getElementType(); });
  return error;
}

static LogicalResult verifyView(Operation *op, const KernelView &view, Value value) {
  FailureOr<Layout> layout = Layout::of(value.getType());
  if (failed(layout))
    return op->emitOpError() << "expects " << view.name << " to be a static view without offset, found "
                             << value.getType();
  size_t rank = layout->shape.size(), tail = view.dimensions.size() - view.rowDimensions;
  bool good = view.rowDimensions ? rank >= tail && succeeded(layout->rowStride(rank - tail)) : layout->isDense();
  if (!good)
    return op->emitOpError() << "expects " << (view.rowDimensions ? "dense rows in " : "the elements of ") << view.name
                             << (view.rowDimensions ? "" : " side by side") << ", found " << value.getType();
  return success();
}

LogicalResult verifyCall(Operation *op) {
  const KernelDescription *kernel = findKernel(nameOf(op));
  auto segments = op->getAttrOfType<DenseI32ArrayAttr>(segmentsName);
  if (!kernel || !segments || segments.size() != static_cast<int64_t>(kernel->views.size()) + 2)
    return op->emitOpError() << "expects a described kernel";
  Call call(op);
  for (auto [i, view] : llvm::enumerate(kernel->views))
    if (call.view(i) && failed(verifyView(op, view, call.view(i)))) // C1
      return failure();
  FailureOr<SmallVector<int64_t>> sizes = call.sizes(); // C2
  if (failed(sizes))
    return failure();
  for (auto [size, value] : llvm::zip(kernel->sizes, *sizes)) {
    for (auto [name, most] : kernel->limits)
      if (size == name && value > most) // C3
        return op->emitOpError() << "expects dimension " << name << " to be at most " << most << ", found " << value;
    for (auto [name, factor] : kernel->multiples)
      if (size == name && value % factor != 0) // C3
        return op->emitOpError() << "expects dimension " << name << " to be a multiple of " << factor << ", found "
                                 << value;
  }
  return success();
}

} // namespace xlstm::kernel
