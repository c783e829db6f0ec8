//===- KernelBuilder.cpp - kernel calls in place of lm ops --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/LMToKernel/KernelBuilder.h"
#include "lib/Conversion/LMToKernel/PanelWeights.h"
#include "xlstm/Kernels/Turns.h"

using namespace mlir;

namespace xlstm {

using kernel::Layout;

MemRefType memoryType(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  return MemRefType::get(type.getShape(), type.getElementType());
}

Value KernelBuilder::buffer(MemRefType type) {
  return rewriter.create<kernel::BufferOp>(loc, type, Value(), IntegerAttr());
}

Value KernelBuilder::buffer(Value like) { return buffer(memoryType(like.getType())); }

Value KernelBuilder::view(Value source, int64_t offset, ArrayRef<int64_t> shape, ArrayRef<int64_t> strides) {
  Type element = cast<MemRefType>(source.getType()).getElementType();
  auto strided = MemRefType::get(shape, element, StridedLayoutAttr::get(rewriter.getContext(), 0, strides));
  auto dense = MemRefType::get(shape, element);
  FailureOr<Layout> layout = Layout::of(strided);
  bool isDense = succeeded(layout) && layout->isDense();
  return rewriter.create<kernel::ViewOfOp>(loc, isDense ? dense : strided, source, rewriter.getI64IntegerAttr(offset));
}

MemRefType KernelBuilder::weightType(Value weight) {
  if (MemRefType type = choice.panels ? panelsOf(weight) : MemRefType())
    return type;
  auto type = cast<RankedTensorType>(weight.getType());
  if (choice.panels && !weight.use_empty() && isPanelBias(weight))
    type = type.clone(rewriter.getF32Type());
  return memoryType(type);
}

std::string KernelBuilder::forPanels(StringRef name, Value weight) {
  bool isPanel = isa<kernel::PanelType>(cast<MemRefType>(weight.getType()).getElementType());
  return (name + (isPanel ? "_panels" : "")).str();
}

Value KernelBuilder::weight(lm::ParamOp param) {
  return rewriter.create<kernel::WeightOp>(loc, weightType(param.getResult()), param.getNameAttr(),
                                           dyn_cast_or_null<FloatAttr>(param.getInitAttr()), DenseI64ArrayAttr(),
                                           IntegerAttr(), IntegerAttr(), Value(), IntegerAttr());
}

Value KernelBuilder::weight(lm::TakeBlocksOp op) {
  auto param = op.getWeight().getDefiningOp<lm::ParamOp>();
  return rewriter.create<kernel::WeightOp>(loc, weightType(op.getResult()), param.getNameAttr(),
                                           dyn_cast_or_null<FloatAttr>(param.getInitAttr()), op.getBlocksAttr(),
                                           op.getSizeAttr(), op.getAxisAttr(), Value(), IntegerAttr());
}

Value KernelBuilder::join(Value like, ValueRange parts) {
  return rewriter.create<kernel::JoinOp>(loc, weightType(like), parts);
}

Value KernelBuilder::state(const Twine &name, MemRefType type, float init) {
  return rewriter.create<kernel::StateOp>(loc, type, rewriter.getStringAttr(name), rewriter.getF32FloatAttr(init),
                                          Value(), IntegerAttr());
}

Value KernelBuilder::turns(ArrayRef<double> frequencies) {
  auto values = llvm::map_to_vector(frequencies, turnsOf);
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, rewriter.getI64Type());
  return rewriter.create<kernel::ConstantOp>(loc, MemRefType::get(type.getShape(), type.getElementType()),
                                             DenseElementsAttr::get(type, ArrayRef(values)), Value(),
                                             IntegerAttr());
}

Value KernelBuilder::densely(Value source) {
  Layout layout = *Layout::of(source.getType());
  if (layout.isDense())
    return source;
  unsigned rank = layout.shape.size(), tail = rank;
  while (tail > 0 && layout.hasDenseTail(tail - 1)) // the dimensions behind `tail` are one row
    --tail;
  int64_t width = 1;
  for (unsigned i = tail; i < rank; ++i)
    width *= layout.shape[i];
  SmallVector<int64_t> shape(layout.shape.begin(), layout.shape.begin() + tail),
      strides(layout.strides.begin(), layout.strides.begin() + tail), dense(rank, 1);
  shape.push_back(width);
  strides.push_back(1);
  for (unsigned i = rank - 1; i-- > 0;)
    dense[i] = dense[i + 1] * layout.shape[i + 1];
  Value copy = buffer(MemRefType::get(shape, cast<MemRefType>(source.getType()).getElementType()));
  kernel::createCall(rewriter, loc, "copy", {view(source, 0, shape, strides), copy});
  return view(copy, 0, layout.shape, dense);
}

void KernelBuilder::call(StringRef name, ArrayRef<Value> views, ArrayRef<Attribute> numbers) {
  const KernelDescription *kernel = findKernel(std::string_view(name));
  SmallVector<Value> ready(views);
  for (auto [view, value] : llvm::zip_equal(kernel->views, ready)) {
    FailureOr<Layout> layout = value ? Layout::of(value.getType()) : FailureOr<Layout>(failure());
    if (failed(layout) || view.access != KernelView::Access::In)
      continue;
    size_t tail = view.dimensions.size() - view.rowDimensions;
    bool fits =
        view.rowDimensions && layout->shape.size() >= tail && succeeded(layout->rowStride(layout->shape.size() - tail));
    if (!fits)
      value = densely(value);
  }
  kernel::createCall(rewriter, loc, name, ready, numbers);
}

} // namespace xlstm
