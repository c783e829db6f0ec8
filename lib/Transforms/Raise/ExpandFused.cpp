//===- ExpandFused.cpp - fused attention as the nodes it stands for -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Graph.h"
#include "xlstm/Transforms/RaisePasses.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_EXPANDFUSED
#include "lib/Transforms/Raise/Passes.h.inc"

namespace {

/// GroupQueryAttention: operands 0 to 2 queries, keys, values (packed into the first where the others are left out), 3
/// and 4 the cache, 5 and 6 lengths, 7 and 8 tables of cosines and sines, 9 positions, 10 a mask, 11 sinks.
class AttentionExpander {
public:
  explicit AttentionExpander(onnx::MSGroupQueryAttentionOp op) : op(op), builder(op) {}
  LogicalResult run();

private:
  int64_t integer(StringRef name, int64_t fallback) {
    auto attr = op->getAttrOfType<IntegerAttr>(name);
    return attr ? attr.getInt() : fallback;
  }
  Value operand(unsigned i) {
    bool isGiven = i < op->getNumOperands() && !op->getOperand(i).getDefiningOp<onnx::NoneOp>();
    return isGiven ? op->getOperand(i) : Value();
  }
  LogicalResult checkAttributes();
  Value integers(ArrayRef<int64_t> values);
  template <typename Op>
  Value create(ArrayRef<int64_t> shape, ValueRange inputs, ArrayRef<NamedAttribute> attributes = {});
  SmallVector<Value> projections();
  Value splitHeads(Value x, int64_t count);
  Value swapHeadsAndTokens(Value x, ArrayRef<int64_t> shape);
  Value table(unsigned i);
  Value positions();

  onnx::MSGroupQueryAttentionOp op;
  OpBuilder builder;
  int64_t heads = 0, kvHeads = 0, dim = 0, batch = 0, tokens = 0;
};

LogicalResult AttentionExpander::checkAttributes() {
  auto softcap = op->getAttrOfType<FloatAttr>("softcap");
  StringRef unexpected = integer("local_window_size", -1) > 0         ? "local_window_size"
                         : integer("rotary_interleaved", 0) != 0      ? "rotary_interleaved"
                         : integer("smooth_softmax", 0) > 0           ? "smooth_softmax"
                         : integer("qk_output", 0) != 0               ? "qk_output"
                         : integer("kv_cache_bit_width", 0) != 0      ? "kv_cache_bit_width"
                         : softcap && softcap.getValueAsDouble() != 0 ? "softcap"
                                                                      : "";
  if (!unexpected.empty())
    return onnx::emitNodeError(op) << "expected attribute '" << unexpected << "' to be left at its default";
  if (operand(11))
    return onnx::emitNodeError(op) << "expected no sinks, found an operand of them";
  heads = integer("num_heads", 0);
  kvHeads = integer("kv_num_heads", 0);
  ArrayRef<int64_t> q = raise::shapeOf(operand(0));
  int64_t parts = operand(1) ? heads : heads + 2 * kvHeads;
  if (heads < 1 || kvHeads < 1 || q.size() != 3 || ShapedType::isDynamic(q[2]) || q[2] % parts != 0)
    return onnx::emitNodeError(op) << "expected queries [B, T, C] of num_heads heads";
  batch = q[0];
  tokens = q[1];
  dim = q[2] / parts;
  return success();
}

Value AttentionExpander::integers(ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, builder.getI64Type());
  return builder.create<onnx::InitializerOp>(op.getLoc(), type, StringAttr(), DenseElementsAttr::get(type, values),
                                             DenseElementsAttr(), IntegerAttr(), IntegerAttr());
}

template <typename Op>
Value AttentionExpander::create(ArrayRef<int64_t> shape, ValueRange inputs, ArrayRef<NamedAttribute> attributes) {
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  return builder.create<Op>(op.getLoc(), TypeRange{type}, inputs, attributes)->getResult(0);
}

SmallVector<Value> AttentionExpander::projections() {
  if (operand(1))
    return {operand(0), operand(1), operand(2)};
  SmallVector<int64_t> sizes{heads * dim, kvHeads * dim, kvHeads * dim};
  SmallVector<Type> types;
  for (int64_t size : sizes)
    types.push_back(RankedTensorType::get({batch, tokens, size}, builder.getF32Type()));
  auto axis = builder.getNamedAttr("axis", builder.getI64IntegerAttr(-1));
  return builder.create<onnx::SplitOp>(op.getLoc(), types, ValueRange{operand(0), integers(sizes)}, axis)->getResults();
}

Value AttentionExpander::swapHeadsAndTokens(Value x, ArrayRef<int64_t> shape) {
  return create<onnx::TransposeOp>(shape, x, builder.getNamedAttr("perm", builder.getDenseI64ArrayAttr({0, 2, 1, 3})));
}

/// [B, T, C] to [B, H, T, d].
Value AttentionExpander::splitHeads(Value x, int64_t count) {
  Value split = create<onnx::ReshapeOp>({batch, tokens, count, dim}, {x, integers({0, 0, count, dim})});
  return swapHeadsAndTokens(split, {batch, count, tokens, dim});
}

/// 0, 1, ... for every token, where the node has no positions of its own.
Value AttentionExpander::positions() {
  if (Value given = operand(9))
    return given;
  auto scalar = RankedTensorType::get({}, builder.getI64Type());
  auto constant = [&](int64_t value) -> Value {
    return builder.create<onnx::InitializerOp>(op.getLoc(), scalar, StringAttr(), DenseElementsAttr::get(scalar, value),
                                               DenseElementsAttr(), IntegerAttr(), IntegerAttr());
  };
  auto tensor = [&](ArrayRef<int64_t> shape) { return RankedTensorType::get(shape, builder.getI64Type()); };
  NamedAttribute bounds[] = {builder.getNamedAttr("end", builder.getI64IntegerAttr(2)),
                             builder.getNamedAttr("start", builder.getI64IntegerAttr(1))};
  auto shape = builder.create<onnx::ShapeOp>(op.getLoc(), TypeRange{tensor({1})}, operand(0), bounds);
  auto length = builder.create<onnx::SqueezeOp>(op.getLoc(), TypeRange{scalar}, shape->getResults());
  SmallVector<Value> range{constant(0), length->getResult(0), constant(1)};
  auto row = builder.create<onnx::RangeOp>(op.getLoc(), TypeRange{tensor({tokens})}, range);
  return builder
      .create<onnx::UnsqueezeOp>(op.getLoc(), TypeRange{tensor({1, tokens})},
                                 ValueRange{row->getResult(0), integers({0})})
      ->getResult(0);
}

/// Rows of a table of cosines or sines, by position.
Value AttentionExpander::table(unsigned i) {
  Value rows = operand(i), at = positions();
  auto initializer = rows.getDefiningOp<onnx::InitializerOp>();
  std::optional<ElementsAttr> values = initializer ? initializer.getSample() : std::nullopt;
  if (initializer && !values)
    values = initializer.getValue();
  if (values) // without its name, lest it be taken for an embedding
    rows = builder.create<onnx::InitializerOp>(op.getLoc(), values->getShapedType(), StringAttr(), *values,
                                               DenseElementsAttr(), IntegerAttr(), IntegerAttr());
  SmallVector<int64_t> shape(raise::shapeOf(at));
  shape.push_back(dim / 2);
  return create<onnx::GatherOp>(shape, {rows, at}, builder.getNamedAttr("axis", builder.getI64IntegerAttr(0)));
}

LogicalResult AttentionExpander::run() {
  if (failed(checkAttributes()))
    return failure();
  SmallVector<Value> parts = projections();
  Value q = splitHeads(parts[0], heads), k = splitHeads(parts[1], kvHeads), v = splitHeads(parts[2], kvHeads);
  if (integer("do_rotary", 0) != 0) {
    if (!operand(7) || !operand(8))
      return onnx::emitNodeError(op) << "expected tables of cosines and sines where do_rotary is set";
    q = create<onnx::RotaryEmbeddingOp>({batch, heads, tokens, dim}, {q, table(7), table(8)});
    k = create<onnx::RotaryEmbeddingOp>({batch, kvHeads, tokens, dim}, {k, table(7), table(8)});
  }
  SmallVector<Value> inputs{q, k, v};
  if (Value mask = operand(10))
    inputs.push_back(mask);
  SmallVector<NamedAttribute> attributes{builder.getNamedAttr("is_causal", builder.getI64IntegerAttr(1))};
  if (auto scale = op->getAttrOfType<FloatAttr>("scale"); scale && scale.getValueAsDouble() != 0)
    attributes.push_back(builder.getNamedAttr("scale", scale));
  Value h = create<onnx::AttentionOp>({batch, heads, tokens, dim}, inputs, attributes);
  h = swapHeadsAndTokens(h, {batch, tokens, heads, dim});
  h = create<onnx::ReshapeOp>({batch, tokens, heads * dim}, {h, integers({0, 0, heads * dim})});
  op->getResult(0).replaceAllUsesWith(h);
  return success();
}

class ExpandFused : public impl::ExpandFusedBase<ExpandFused> {
public:
  void runOnOperation() override {
    for (auto graph : getOperation().getOps<onnx::GraphOp>()) {
      for (auto op : llvm::make_early_inc_range(graph.getBody().getOps<onnx::MSGroupQueryAttentionOp>())) {
        if (failed(AttentionExpander(op).run()))
          return signalPassFailure();
        ++numExpanded;
      }
      raise::eraseDeadNodes(graph);
    }
  }
};

} // namespace
} // namespace xlstm
