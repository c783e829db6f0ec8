//===- ExpandAttention.cpp - fused attention as the nodes it stands for ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Expand.h"

#include "lib/Transforms/Raise/NodeWriter.h"

using namespace mlir;

namespace xlstm::raise {
namespace {

int64_t integerOf(Operation *op, StringRef name, int64_t fallback) {
  auto attr = op->getAttrOfType<IntegerAttr>(name);
  return attr ? attr.getInt() : fallback;
}

/// The last dimension of [B, T, C]; 0 for a value of another kind.
int64_t channelsOf(Value value) {
  ArrayRef<int64_t> shape = value ? shapeOf(value) : ArrayRef<int64_t>();
  return shape.size() == 3 && !ShapedType::isDynamic(shape[2]) ? shape[2] : 0;
}

/// The operator Attention over q, k, v [B, H, T, d], its result merged to [B, T, C], in place of `op`.
void replaceByAttention(NodeWriter &writer, ArrayRef<Value> qkv, Value mask, bool isCausal, int64_t window) {
  SmallVector<Value> inputs(qkv);
  if (mask)
    inputs.push_back(mask);
  SmallVector<NamedAttribute> attributes;
  if (isCausal)
    attributes.push_back(writer.attr("is_causal", 1));
  if (window > 0) // keys that each token sees, itself among them
    attributes.push_back(writer.attr("left_window_size", window - 1));
  if (auto scale = writer.op->getAttrOfType<FloatAttr>("scale"); scale && scale.getValueAsDouble() != 0)
    attributes.push_back(writer.builder.getNamedAttr("scale", scale));
  SmallVector<int64_t> shape(shapeOf(qkv[0]));
  shape[3] = shapeOf(qkv[2])[3];
  Value heads = writer.create<onnx::AttentionOp>(shape, inputs, attributes);
  writer.op->getResult(0).replaceAllUsesWith(writer.mergeHeads(heads));
}

LogicalResult checkDefaults(Operation *op, ArrayRef<StringRef> integers) {
  for (StringRef name : integers)
    if (integerOf(op, name, 0) > 0)
      return onnx::emitNodeError(op) << "expected attribute '" << name << "' to be left at its default, found "
                                     << integerOf(op, name, 0);
  if (auto softcap = op->getAttrOfType<FloatAttr>("softcap"); softcap && softcap.getValueAsDouble() != 0)
    return onnx::emitNodeError(op) << "expected attribute 'softcap' to be left at its default, found "
                                   << softcap.getValueAsDouble()
                                   << ": attention with a cap on its scores is not lifted";
  return success();
}

} // namespace

/// GroupQueryAttention: operands 0 to 2 queries, keys, values (packed into the first where the others are left out), 3
/// and 4 the cache, 5 and 6 lengths, 7 and 8 tables of cosines and sines, 9 positions, 10 a mask, 11 sinks, 14 and 15
/// weights of norms of each query and key head.
LogicalResult expandGroupQueryAttention(Operation *op) {
  if (failed(checkDefaults(op, {"rotary_interleaved", "smooth_softmax", "qk_output", "kv_cache_bit_width"})))
    return failure();
  for (unsigned i : {11, 12, 13})
    if (givenOperand(op, i))
      return onnx::emitNodeError(op) << "expected no " << (i == 11 ? "sinks" : "scales of a quantised cache")
                                     << ", found an operand of them";
  NodeWriter writer(op);
  int64_t heads = integerOf(op, "num_heads", 0), kvHeads = integerOf(op, "kv_num_heads", 0);
  bool isPacked = !givenOperand(op, 1);
  int64_t channels = channelsOf(op->getOperand(0));
  bool fits = heads >= 1 && kvHeads >= 1 && heads <= channels && (!isPacked || kvHeads <= (channels - heads) / 2);
  int64_t parts = !fits ? 1 : isPacked ? heads + 2 * kvHeads : heads;
  if (!fits || channels % parts != 0)
    return onnx::emitNodeError(op) << "expected queries [B, T, C] of num_heads heads";
  SmallVector<Value> qkv{op->getOperand(0), op->getOperand(1), op->getOperand(2)};
  if (isPacked) {
    int64_t dim = channels / parts;
    SmallVector<int64_t> sizes{heads * dim, kvHeads * dim, kvHeads * dim}, shape(shapeOf(op->getOperand(0)));
    SmallVector<Type> types;
    for (int64_t size : sizes)
      types.push_back(RankedTensorType::get({shape[0], shape[1], size}, writer.builder.getF32Type()));
    auto split = writer.builder.create<onnx::SplitOp>(
        op->getLoc(), types, ValueRange{op->getOperand(0), writer.integers(sizes)}, writer.attr("axis", -1));
    qkv.assign(split->result_begin(), split->result_end());
  }
  for (unsigned i : {0, 1, 2}) {
    int64_t count = i == 0 ? heads : kvHeads;
    if (channelsOf(qkv[i]) == 0 || channelsOf(qkv[i]) % count != 0)
      return onnx::emitNodeError(op) << "expected " << count << " heads [B, T, C], found " << qkv[i].getType();
    qkv[i] = writer.splitHeads(qkv[i], count);
    if (Value weight = i < 2 ? givenOperand(op, 14 + i) : Value()) {
      auto eps = op->getAttrOfType<FloatAttr>("qk_norm_epsilon");
      NamedAttribute epsilon =
          writer.builder.getNamedAttr("epsilon", eps ? eps : writer.builder.getF32FloatAttr(1e-6f));
      qkv[i] = writer.create<onnx::SimplifiedLayerNormalizationOp>(shapeOf(qkv[i]), {qkv[i], weight}, epsilon);
    }
    qkv[i] = writer.swapHeadsAndTokens(qkv[i]);
  }
  if (integerOf(op, "do_rotary", 0) != 0) {
    if (!givenOperand(op, 8) || shapeOf(op->getOperand(7)).size() != 2 || shapeOf(op->getOperand(8)).size() != 2)
      return onnx::emitNodeError(op) << "expected tables of cosines and sines where do_rotary is set";
    Value positions = givenOperand(op, 9) ? givenOperand(op, 9) : writer.countTokens(op->getOperand(0));
    Value cosines = writer.tableRows(op->getOperand(7), positions);
    Value sines = writer.tableRows(op->getOperand(8), positions);
    for (unsigned i : {0, 1})
      qkv[i] = writer.create<onnx::RotaryEmbeddingOp>(shapeOf(qkv[i]), {qkv[i], cosines, sines});
  }
  replaceByAttention(writer, qkv, givenOperand(op, 10), true, integerOf(op, "local_window_size", -1));
  return success();
}

/// MultiHeadAttention: operands 0 to 2 queries, keys, values, 3 a bias of all three, 4 which keys are padding, 5 a
/// mask, 6 and 7 the cache.
LogicalResult expandMultiHeadAttention(Operation *op) {
  for (auto [i, what] : {std::pair(3u, "bias of packed projections"), {4u, "mask of padding"}})
    if (givenOperand(op, i))
      return onnx::emitNodeError(op) << "expected no " << what << ", found an operand of it";
  NodeWriter writer(op);
  int64_t heads = integerOf(op, "num_heads", 0);
  SmallVector<Value> qkv;
  for (unsigned i : {0, 1, 2}) {
    Value x = givenOperand(op, i);
    int64_t channels = channelsOf(x);
    if (x && i > 0 && shapeOf(x).size() == 4) { // [B, H, T, d] already
      qkv.push_back(x);
      continue;
    }
    if (heads < 1 || channels == 0 || channels % heads != 0)
      return onnx::emitNodeError(op) << "expected queries, keys and values [B, T, C] of num_heads heads";
    qkv.push_back(writer.swapHeadsAndTokens(writer.splitHeads(x, heads)));
  }
  replaceByAttention(writer, qkv, givenOperand(op, 5), integerOf(op, "unidirectional", 0) != 0, 0);
  return success();
}

/// The operator Attention of q, k, v [B, T, C]: the same of heads.
LogicalResult expandAttention(Operation *op) {
  if (channelsOf(op->getOperand(0)) == 0)
    return success();
  if (failed(checkDefaults(op, {})))
    return failure();
  NodeWriter writer(op);
  SmallVector<Value> inputs(op->getOperands());
  for (unsigned i : {0, 1, 2}) {
    int64_t count = integerOf(op, i == 0 ? "q_num_heads" : "kv_num_heads", 0), channels = channelsOf(inputs[i]);
    if (count < 1 || channels == 0 || channels % count != 0)
      return onnx::emitNodeError(op) << "expected queries, keys and values [B, T, C] of the given numbers of heads";
    inputs[i] = writer.swapHeadsAndTokens(writer.splitHeads(inputs[i], count));
  }
  SmallVector<int64_t> shape(shapeOf(inputs[0]));
  shape[3] = shapeOf(inputs[2])[3];
  SmallVector<NamedAttribute> attributes;
  for (NamedAttribute attribute : op->getAttrs())
    if (attribute.getName() != "q_num_heads" && attribute.getName() != "kv_num_heads")
      attributes.push_back(attribute);
  Value result = writer.create<onnx::AttentionOp>(shape, inputs, attributes);
  op->getResult(0).replaceAllUsesWith(writer.mergeHeads(result));
  return success();
}

} // namespace xlstm::raise
