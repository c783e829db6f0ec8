//===- LMPackOps.cpp - verifiers of pack, take_blocks and slice -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"
#include "dialects/LM/ShapeChecks.h"

#include <limits>

using namespace mlir;

namespace xlstm::lm {

LogicalResult PackOp::verify() {
  auto result = cast<RankedTensorType>(getResult().getType());
  if (result.getRank() < 1 || getParts().size() < 2) // C1
    return emitOpError() << "expects two parts or more and a result with rows, found " << getParts().size() << " and "
                         << result;
  int64_t rows = 0;
  for (Value part : getParts()) {
    auto type = cast<RankedTensorType>(part.getType());
    if (!isa_and_nonnull<ParamOp, TakeBlocksOp>(part.getDefiningOp())) // C2
      return emitOpError() << "expects its parts to be lm.param or lm.take_blocks ops";
    if (type.getElementType() != result.getElementType() || type.getRank() != result.getRank() ||
        type.getShape().drop_front() != result.getShape().drop_front()) // C3
      return emitOpError() << "expects parts with rows of " << result << ", found " << type;
    rows += std::min(type.getDimSize(0), std::numeric_limits<int64_t>::max() - rows);
  }
  if (rows != result.getDimSize(0)) // C4
    return emitOpError() << "expects a result of " << rows << " rows, as its parts have together, found " << result;
  return success();
}

LogicalResult TakeBlocksOp::verify() {
  auto weight = cast<RankedTensorType>(getWeight().getType()), result = cast<RankedTensorType>(getResult().getType());
  int64_t axis = static_cast<int64_t>(getAxis()), size = static_cast<int64_t>(getSize());
  if (!getWeight().getDefiningOp<ParamOp>() || !weight.hasStaticShape()) // C1
    return emitOpError() << "expects a static lm.param, found " << weight;
  if (axis < 0 || axis >= weight.getRank() || size < 1 || weight.getDimSize(axis) % size != 0) // C2
    return emitOpError() << "expects a dimension of whole blocks, found dimension " << axis << " of " << weight
                         << " and blocks of " << size;
  int64_t all = weight.getDimSize(axis) / size;
  for (int64_t block : getBlocks())
    if (block < 0 || block >= all) // C3
      return emitOpError() << "expects blocks 0 to " << all - 1 << ", found " << block;
  SmallVector<int64_t> shape(weight.getShape());
  shape[axis] = size * static_cast<int64_t>(getBlocks().size());
  if (result != weight.clone(shape)) // C4
    return emitOpError() << "expects a result of " << weight.clone(shape) << ", found " << result;
  return success();
}

LogicalResult SliceOp::verify() {
  ShapeChecks checks(*this);
  checks.shape("x", getX().getType(), "B T D").shape("result", getResult().getType(), "B T C"); // C1
  if (failed(checks.result()))
    return failure();
  auto x = cast<RankedTensorType>(getX().getType()), result = cast<RankedTensorType>(getResult().getType());
  if (x.getElementType() != result.getElementType()) // C2
    return emitOpError() << "expects a result of " << x.getElementType() << ", found " << result.getElementType();
  int64_t offset = static_cast<int64_t>(getOffset()), all = x.getDimSize(2), part = result.getDimSize(2);
  if (ShapedType::isDynamic(all) || ShapedType::isDynamic(part) || offset < 0 || offset > all - part) // C3
    return emitOpError() << "expects channels within the " << all << " of x, found " << part << " from " << offset;
  return success();
}

} // namespace xlstm::lm
