//===- ExpandRotary.cpp - RotaryEmbedding of heads, without positions -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Expand.h"

#include "lib/Transforms/Raise/NodeWriter.h"

using namespace mlir;

namespace xlstm::raise {

/// Com.microsoft's operands are x, positions, cosines, sines; those of ONNX x, cosines, sines and perhaps positions.
LogicalResult expandRotaryEmbedding(Operation *op) {
  bool isMicrosoft = isa<onnx::MSRotaryEmbeddingOp>(op);
  Value x = op->getOperand(0), cosines = op->getOperand(isMicrosoft ? 2 : 1),
        sines = op->getOperand(isMicrosoft ? 3 : 2);
  Value positions = givenOperand(op, isMicrosoft ? 1 : 3);
  auto integer = [&](StringRef name) {
    auto attr = op->getAttrOfType<IntegerAttr>(name);
    return attr ? attr.getInt() : 0;
  };
  if (integer("interleaved") != 0)
    return onnx::emitNodeError(op) << "expected channels to be rotated with those half a head away, found neighbours "
                                      "(interleaved)";
  auto scale = op->getAttrOfType<FloatAttr>("scale");
  if (integer("is_packed_batching") != 0 || (scale && scale.getValueAsDouble() != 1))
    return onnx::emitNodeError(op)
           << "expected attributes 'scale' and 'is_packed_batching' to be left at their defaults";
  ArrayRef<int64_t> shape = shapeOf(x), table = shapeOf(cosines);
  if ((shape.size() != 3 && shape.size() != 4) || table.empty() || table != shapeOf(sines) ||
      ShapedType::isDynamic(table.back()) || ShapedType::isDynamic(shape.back()) || table.back() < 1)
    return onnx::emitNodeError(op) << "expected an activation of rank 3 or 4 and tables of half a head";
  if (shape.size() == 4 && !positions)
    return success();
  int64_t heads = shape.size() == 4          ? shape[1]
                  : integer("num_heads") > 0 ? integer("num_heads")
                                             : shape[2] / (2 * table.back());
  int64_t dim = shape.size() == 4 ? shape[3]
                : heads > 0       ? shape[2] / heads
                                  : 0,
          partial = integer("rotary_embedding_dim");
  if (heads < 1 || dim != 2 * table.back() || (shape.size() == 3 && heads * dim != shape[2]) ||
      (partial != 0 && partial != dim))
    return onnx::emitNodeError(op) << "expected whole heads to be rotated, found " << heads << " heads of " << dim
                                   << " channels and tables of " << table.back();
  NodeWriter writer(op);
  Value whole = shape.size() == 4 ? x : writer.swapHeadsAndTokens(writer.splitHeads(x, heads));
  if (positions) {
    if (shapeOf(positions).size() != 2) // an offset, 0 where there is no cache
      positions = writer.countTokens(shape.size() == 3 ? x : writer.swapHeadsAndTokens(x));
    cosines = writer.tableRows(cosines, positions);
    sines = writer.tableRows(sines, positions);
  }
  Value result = writer.create<onnx::RotaryEmbeddingOp>(shapeOf(whole), {whole, cosines, sines});
  op->getResult(0).replaceAllUsesWith(shape.size() == 4 ? result : writer.mergeHeads(result));
  return success();
}

} // namespace xlstm::raise
