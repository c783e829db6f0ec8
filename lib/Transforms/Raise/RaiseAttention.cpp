//===- RaiseAttention.cpp - attention, heads, masks -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Graph.h"
#include "lib/Transforms/Raise/Heads.h"
#include "lib/Transforms/Raise/Mask.h"
#include "xlstm/Transforms/RaisePasses.h"

#include <cmath>
#include <map>

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_RAISEATTENTION
#include "lib/Transforms/Raise/Passes.h.inc"

namespace {

/// The operands of an attention, as the graph has them; no mask where there is a causal flag instead.
struct Parts {
  Value q, k, v, mask;
  raise::Layout keyLayout = raise::headsFirst;
  double scale = 1;
  /// What the operator does beside its mask: causal, and so many keys before each token at most.
  bool isCausal = false;
  std::optional<int64_t> window;
};

class AttentionRaiser {
public:
  explicit AttentionRaiser(onnx::GraphOp graph) : graph(graph), builder(graph.getContext()) {}
  FailureOr<int64_t> run();

private:
  std::optional<Parts> matchSoftmax(onnx::MatMulOp op);
  std::optional<Parts> matchOperator(onnx::AttentionOp op);
  bool matchScores(Value scores, Parts &parts);
  LogicalResult raise(Operation *op, const Parts &parts);
  std::optional<raise::Mask> mask(const Parts &parts);
  void raiseHeads();

  onnx::GraphOp graph;
  OpBuilder builder;
  /// Masks that were read; layers share them.
  std::map<std::pair<void *, bool>, std::optional<raise::Mask>> masks;
  std::string why;
};

/// q * k^T, perhaps times a constant, as MatMul or onnxruntime's FusedMatMul.
bool AttentionRaiser::matchScores(Value scores, Parts &parts) {
  raise::Source source{scores};
  if (isa_and_nonnull<onnx::MulOp, onnx::DivOp>(scores.getDefiningOp()))
    source = raise::findSource(scores);
  Operation *product = source.value.getDefiningOp();
  if (!isa_and_nonnull<onnx::MatMulOp, onnx::MSFusedMatMulOp>(product))
    return false;
  // The evaluator has refused FusedMatMul that transposes anything but the last two dimensions of its second operand.
  auto transposed = product->getAttrOfType<IntegerAttr>("transB");
  auto alpha = product->getAttrOfType<FloatAttr>("alpha");
  parts.q = product->getOperand(0);
  parts.k = product->getOperand(1);
  parts.keyLayout = transposed && transposed.getInt() != 0 ? raise::headsFirst : raise::keysLast;
  parts.scale = source.factor * (alpha ? alpha.getValueAsDouble() : 1);
  return true;
}

/// MatMul(Softmax(scores + mask), v); the mask may also choose between scores and a large negative number.
std::optional<Parts> AttentionRaiser::matchSoftmax(onnx::MatMulOp op) {
  auto softmax = op.getInputs()[0].getDefiningOp<onnx::SoftmaxOp>();
  auto axis = softmax->getAttrOfType<IntegerAttr>("axis");
  if (axis && axis.getInt() != -1 && axis.getInt() != 3) {
    why = "expected softmax over the keys (axis -1), found axis " + std::to_string(axis.getInt());
    return std::nullopt;
  }
  Parts parts;
  parts.v = op.getInputs()[1];
  Value scores = softmax.getInputs()[0];
  if (auto add = scores.getDefiningOp<onnx::AddOp>()) {
    for (unsigned i : {0, 1})
      if (matchScores(add.getInputs()[i], parts)) {
        parts.mask = add.getInputs()[1 - i];
        return parts;
      }
  } else if (auto where = scores.getDefiningOp<onnx::WhereOp>()) {
    std::optional<double> other = raise::scalarOf(where.getInputs()[2]);
    if (other && *other <= -1e4 && matchScores(where.getInputs()[1], parts)) {
      parts.mask = where.getInputs()[0];
      return parts;
    }
  }
  why = "expected softmax(q * k^T + mask), found another form of scores";
  return std::nullopt;
}

std::optional<Parts> AttentionRaiser::matchOperator(onnx::AttentionOp op) {
  auto integer = [&](StringRef name) {
    auto attr = op->getAttrOfType<IntegerAttr>(name);
    return attr ? attr.getInt() : 0;
  };
  auto scale = op->getAttrOfType<FloatAttr>("scale"), softcap = op->getAttrOfType<FloatAttr>("softcap");
  for (unsigned i = 4; i < op->getNumOperands(); ++i)
    if (Value cache = raise::givenOperand(op, i); cache && !raise::isEmpty(graph, cache)) {
      why = "expected no cache, or an empty one, found another";
      return std::nullopt;
    }
  for (Value result : op->getResults().drop_front())
    if (!result.use_empty()) {
      why = "expected only its first result to be used";
      return std::nullopt;
    }
  if (softcap && softcap.getValueAsDouble() != 0) {
    why = "expected no softcap, found " + std::to_string(softcap.getValueAsDouble());
    return std::nullopt;
  }
  Parts parts{op.getInputs()[0], op.getInputs()[1], op.getInputs()[2], {}, raise::headsFirst, 0, false, {}};
  ArrayRef<int64_t> shape = raise::shapeOf(parts.q);
  if (shape.size() != 4) {
    why = "expected queries [B, H, T, d]";
    return std::nullopt;
  }
  if (op->getNumOperands() > 3 && !op->getOperand(3).getDefiningOp<onnx::NoneOp>())
    parts.mask = op->getOperand(3);
  // Keys behind the token count for nothing here: what is raised is causal, by this, by its flag or by its mask.
  auto right = op->getAttrOfType<IntegerAttr>("right_window_size");
  parts.isCausal = integer("is_causal") != 0 || (right && right.getInt() == 0);
  // Negative, or more than a text has tokens: all keys before the token.
  auto left = op->getAttrOfType<IntegerAttr>("left_window_size");
  if (left && left.getInt() >= 0 && left.getInt() < lm::maxTokens)
    parts.window = left.getInt() + 1;
  if (!parts.mask && !parts.isCausal) {
    why = "expected a causal mask, found none";
    return std::nullopt;
  }
  parts.scale = scale ? scale.getValueAsDouble() : 1 / std::sqrt(static_cast<double>(shape[3]));
  return parts;
}

std::optional<raise::Mask> AttentionRaiser::mask(const Parts &parts) {
  raise::Mask result;
  if (parts.mask) {
    auto [entry, isNew] = masks.try_emplace({parts.mask.getAsOpaquePointer(), parts.isCausal});
    if (isNew)
      entry->second = raise::readMask(graph, parts.mask, parts.isCausal, why);
    if (!entry->second)
      return std::nullopt;
    result = *entry->second;
  }
  if (parts.window)
    result.window = result.window ? std::min(*result.window, *parts.window) : parts.window;
  return result;
}

/// 1/sqrt(d), when the graph's float32 numbers mean that.
static double exactScale(double scale, int64_t dim) {
  double usual = 1 / std::sqrt(static_cast<double>(dim));
  return std::abs(scale / usual - 1) < 1e-6 ? usual : raise::shortestDecimal(scale);
}

LogicalResult AttentionRaiser::raise(Operation *op, const Parts &parts) {
  builder.setInsertionPoint(op);
  std::optional<raise::Heads> q = raise::findHeads(builder, parts.q, raise::headsFirst, why);
  std::optional<raise::Heads> k = q ? raise::findHeads(builder, parts.k, parts.keyLayout, why) : std::nullopt;
  std::optional<raise::Heads> v = k ? raise::findHeads(builder, parts.v, raise::headsFirst, why) : std::nullopt;
  std::optional<raise::Mask> seen = v ? mask(parts) : std::nullopt;
  if (!seen)
    return failure();
  ArrayRef<int64_t> qShape = raise::shapeOf(q->heads), vShape = raise::shapeOf(v->heads);
  if (q->repeat != 1 || k->repeat != v->repeat || qShape[2] % vShape[2] != 0 || v->factor != 1) {
    why = "expected as many key as value heads, which divide the query heads";
    return failure();
  }
  Value docs = raise::documentsOf(graph);
  double scale = exactScale(parts.scale * q->factor * k->factor, qShape[3]);
  if (!docs || !(scale > 0)) {
    why = "expected a positive scale, found " + std::to_string(scale);
    return failure();
  }
  auto type = RankedTensorType::get({qShape[0], qShape[1], qShape[2], vShape[3]}, builder.getF32Type());
  auto attention = builder.create<lm::AttentionOp>(
      op->getLoc(), type, TypeRange{}, q->heads, k->heads, v->heads, docs, Value(), ValueRange{},
      builder.getF64FloatAttr(scale), seen->window ? builder.getI64IntegerAttr(*seen->window) : IntegerAttr(),
      IntegerAttr(), /*cache=*/UnitAttr());
  // Back to [B, H, T, d] for the nodes that follow; raiseHeads looks through them.
  auto perm = builder.getNamedAttr("perm", builder.getDenseI64ArrayAttr({0, 2, 1, 3}));
  auto back = builder.create<onnx::TransposeOp>(op->getLoc(), op->getResultTypes(), attention.getH(), perm);
  op->getResult(0).replaceAllUsesWith(back->getResult(0));
  return success();
}

/// Reshapes that remain between the raised ops: [B, T, C] to heads and back.
void AttentionRaiser::raiseHeads() {
  for (auto op : llvm::make_early_inc_range(graph.getBody().getOps<onnx::ReshapeOp>())) {
    Value result = op->getResult(0), input = op.getInputs()[0];
    builder.setInsertionPoint(op);
    if (raise::shapeOf(result).size() == 4 && raise::shapeOf(input).size() == 3) {
      std::optional<raise::Heads> heads = raise::findHeads(builder, result, raise::tokensFirst, why);
      if (heads && heads->repeat == 1 && heads->factor == 1 && heads->heads.getType() == result.getType())
        result.replaceAllUsesWith(heads->heads);
      continue;
    }
    raise::Source source = raise::findSource(result);
    if (raise::shapeOf(result).size() != 3 || raise::shapeOf(source.value).size() != 4 || source.factor != 1 ||
        !raise::isMerged(result, source.value))
      continue;
    result.replaceAllUsesWith(builder.create<lm::MergeHeadsOp>(op.getLoc(), result.getType(), source.value));
  }
}

FailureOr<int64_t> AttentionRaiser::run() {
  int64_t count = 0;
  for (Operation &op : llvm::make_early_inc_range(graph.getBody().front().without_terminator())) {
    std::optional<Parts> parts;
    if (auto operation = dyn_cast<onnx::AttentionOp>(op))
      parts = matchOperator(operation);
    else if (auto product = dyn_cast<onnx::MatMulOp>(op);
             product && product.getInputs()[0].getDefiningOp<onnx::SoftmaxOp>())
      parts = matchSoftmax(product);
    else
      continue;
    if (!parts || failed(raise(&op, *parts)))
      return onnx::emitNodeError(&op) << "attention: " << why;
    op.erase();
    ++count;
  }
  raise::eraseDeadNodes(graph);
  raiseHeads();
  raise::eraseDeadNodes(graph);
  return count;
}

class RaiseAttention : public impl::RaiseAttentionBase<RaiseAttention> {
public:
  void runOnOperation() override {
    for (auto graph : getOperation().getOps<onnx::GraphOp>()) {
      FailureOr<int64_t> count = AttentionRaiser(graph).run();
      if (failed(count))
        return signalPassFailure();
      numRaised += *count;
    }
  }
};

} // namespace
} // namespace xlstm
