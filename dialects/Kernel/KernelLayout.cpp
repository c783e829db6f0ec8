//===- KernelLayout.cpp - where the elements of a view lie ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Kernel/KernelCall.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace xlstm::kernel {

StringRef typeName(Type element) {
  if (auto panel = dyn_cast<PanelType>(element)) {
    static constexpr StringLiteral names[] = {"f32p", "bf16p", "f16p", "q8p", "q4p", "q4mp"};
    return names[static_cast<unsigned>(panel.getKind())];
  }
  if (element.isF32())
    return "f32";
  if (element.isBF16())
    return "bf16";
  if (element.isF16())
    return "f16";
  return element.isSignlessInteger(32) ? "i32" : element.isSignlessInteger(64) ? "i64" : "";
}

FailureOr<Layout> Layout::of(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  auto panel = memref ? dyn_cast<PanelType>(memref.getElementType()) : PanelType();
  if (!memref || !memref.hasStaticShape() || (!panel && !memref.getElementType().isIntOrFloat()))
    return failure();
  Layout layout;
  layout.shape.assign(memref.getShape().begin(), memref.getShape().end());
  int64_t offset;
  if (failed(getStridesAndOffset(memref, layout.strides, offset)) || offset != 0 ||
      !llvm::all_of(layout.strides, [](int64_t stride) { return stride > 0; }) ||
      !llvm::all_of(layout.shape, [](int64_t size) { return size > 0; }))
    return failure();
  layout.elementBytes =
      panel ? panel.getBytes() : static_cast<int64_t>(llvm::divideCeil(memref.getElementTypeBitWidth(), 8));
  layout.alignment = panel ? 2 : layout.elementBytes;
  int64_t last = 0, bytes = 0;
  for (auto [size, stride] : llvm::zip(layout.shape, layout.strides))
    if (int64_t part; llvm::MulOverflow(size - 1, stride, part) || llvm::AddOverflow(last, part, last))
      return failure();
  if (llvm::MulOverflow(last + 1, layout.elementBytes, bytes))
    return failure();
  return layout;
}

int64_t bytesOf(Value view) {
  Layout layout = *Layout::of(view.getType());
  return layout.span() * layout.elementBytes;
}

int64_t Layout::span() const {
  int64_t last = 0;
  for (auto [size, stride] : llvm::zip(shape, strides))
    last += (size - 1) * stride;
  return last + 1;
}

bool Layout::hasDenseTail(unsigned first) const {
  int64_t expected = 1;
  for (unsigned i = shape.size(); i-- > first; expected *= shape[i])
    if (shape[i] != 1 && strides[i] != expected)
      return false;
  return true;
}

FailureOr<int64_t> Layout::rowStride(unsigned count) const {
  if (!hasDenseTail(count))
    return failure();
  FailureOr<int64_t> stride = failure();
  int64_t expected = 0;
  for (unsigned i = count; i-- > 0;) {
    if (shape[i] == 1)
      continue;
    if (failed(stride))
      stride = expected = strides[i];
    if (strides[i] != expected)
      return failure();
    expected *= shape[i];
  }
  if (failed(stride)) // one row
    stride = count ? strides[count - 1] : span();
  return stride;
}

} // namespace xlstm::kernel
