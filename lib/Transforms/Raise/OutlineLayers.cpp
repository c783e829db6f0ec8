//===- OutlineLayers.cpp - from a raised graph to a model of layers -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Graph.h"
#include "lib/Transforms/Raise/Roles.h"
#include "xlstm/Transforms/RaisePasses.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_OUTLINELAYERS
#include "lib/Transforms/Raise/Passes.h.inc"

namespace {

/// A residual sum: the stream that goes in and what the block adds.
struct Sum {
  lm::AddOp op;
  Value stream, block;
};

struct Layer {
  Sum attention, mlp;
  /// All its ops in order, weights left out.
  SmallVector<Operation *> ops;
};

class Outliner {
public:
  explicit Outliner(onnx::GraphOp graph) : graph(graph), builder(graph.getContext()) {}
  LogicalResult run();

private:
  LogicalResult findHead();
  LogicalResult findLayers();
  std::optional<Sum> matchSum(Value value);
  LogicalResult collect(Layer &layer);
  LogicalResult checkOperands();
  void write();
  Value writeLayer(int64_t index, Layer &layer, Value hidden);
  Operation *copy(Operation *op);
  LogicalResult fail(Operation *op, const Twine &expected) {
    return onnx::emitNodeError(op) << "expected " << expected;
  }

  onnx::GraphOp graph;
  OpBuilder builder;
  Value ids, docs;
  lm::LinearOp head;
  lm::RmsNormOp finalNorm;
  lm::EmbedOp embedding;
  SmallVector<Layer> layers;
  IRMapping mapping;
};

LogicalResult Outliner::findHead() {
  Operation *terminator = graph.getReturn();
  if (terminator->getNumOperands() > 0)
    head = terminator->getOperand(0).getDefiningOp<lm::LinearOp>();
  finalNorm = head ? head.getX().getDefiningOp<lm::RmsNormOp>() : lm::RmsNormOp();
  if (!finalNorm)
    return fail(terminator, "logits that a projection makes of a norm");
  return success();
}

/// The sum that makes a value of the residual stream. What a block adds comes from its output projection or the norm
/// behind it; the other operand is the stream.
std::optional<Sum> Outliner::matchSum(Value value) {
  auto add = value.getDefiningOp<lm::AddOp>();
  if (!add)
    return std::nullopt;
  for (auto [stream, block] : {std::pair(add.getLhs(), add.getRhs()), std::pair(add.getRhs(), add.getLhs())})
    if (isa_and_nonnull<lm::AddOp, lm::EmbedOp>(stream.getDefiningOp()) &&
        isa_and_nonnull<lm::LinearOp, lm::RmsNormOp>(block.getDefiningOp()))
      return Sum{add, stream, block};
  return std::nullopt;
}

/// The ops between the stream that enters a layer and its last sum.
LogicalResult Outliner::collect(Layer &layer) {
  llvm::SetVector<Operation *> ops;
  SmallVector<Value> work{layer.mlp.op.getResult()};
  while (!work.empty()) {
    Value value = work.pop_back_val();
    Operation *op = value.getDefiningOp();
    if (!op || value == layer.attention.stream || isa<lm::PositionsOp, onnx::WeightOp>(op) || !ops.insert(op))
      continue;
    llvm::append_range(work, op->getOperands());
  }
  SmallVector<std::pair<raise::Role, Operation *>> order;
  for (Operation *op : ops) {
    std::optional<raise::Role> role = raise::roleOf(op, layer.attention.op);
    if (!role)
      return fail(op, "a part of a layer: attention between projections, and a gated MLP");
    for (auto [other, otherOp] : order)
      if (other == *role)
        return fail(op, "one such op in a layer, found two: " + onnx::describeNode(otherOp));
    order.emplace_back(*role, op);
  }
  llvm::sort(order);
  for (raise::Role needed : {raise::Role::Query, raise::Role::Key, raise::Role::Value, raise::Role::Attention,
                             raise::Role::Output, raise::Role::Gate, raise::Role::Up, raise::Role::Down})
    if (llvm::none_of(order, [&](const auto &entry) { return entry.first == needed; }))
      return fail(layer.mlp.op, "attention with projections of q, k, v and o, then a gated MLP, before this sum");
  for (auto [role, op] : order)
    layer.ops.push_back(op);
  return success();
}

LogicalResult Outliner::findLayers() {
  Value stream = finalNorm.getX();
  while (!(embedding = stream.getDefiningOp<lm::EmbedOp>())) {
    std::optional<Sum> mlp = matchSum(stream);
    std::optional<Sum> attention = mlp ? matchSum(mlp->stream) : std::nullopt;
    Operation *place = mlp ? mlp->op.getOperation() : stream.getDefiningOp();
    if (!attention)
      return fail(place ? place : finalNorm.getOperation(),
                  "a residual sum of the stream and a block, attention and MLP in turn, back to the embedding");
    Layer &layer = layers.emplace_back(Layer{*attention, *mlp, {}});
    if (failed(collect(layer)))
      return failure();
    stream = attention->stream;
  }
  std::reverse(layers.begin(), layers.end());
  return success();
}

/// A copy reads weights and what was copied before it in the same place, nothing else of the graph.
LogicalResult Outliner::checkOperands() {
  llvm::DenseSet<Value> shared{ids, docs};
  auto check = [&](Operation *op, llvm::DenseSet<Value> &known) -> LogicalResult {
    for (Value operand : op->getOperands())
      if (!known.contains(operand) && !operand.getDefiningOp<onnx::WeightOp>())
        return fail(op, "weights, and values of the model or of its own layer, as operands");
    known.insert(op->result_begin(), op->result_end());
    return success();
  };
  for (auto positions : graph.getBody().getOps<lm::PositionsOp>())
    if (failed(check(positions, shared)))
      return failure();
  for (const Layer &layer : layers) {
    llvm::DenseSet<Value> known = shared;
    known.insert(layer.attention.stream);
    for (Operation *op : layer.ops)
      if (failed(check(op, known)))
        return failure();
  }
  shared.insert(finalNorm.getX());
  return success(succeeded(check(embedding, shared)) && succeeded(check(finalNorm, shared)) &&
                 succeeded(check(head, shared)));
}

/// Batch and length dynamic, floats float32.
RankedTensorType canonicalType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensor.getShape());
  shape[0] = shape[1] = ShapedType::kDynamic;
  Type element = tensor.getElementType();
  return RankedTensorType::get(shape, isa<FloatType>(element) ? Float32Type::get(type.getContext()) : element);
}

/// A copy of an op, its weights before it.
Operation *Outliner::copy(Operation *op) {
  for (Value operand : op->getOperands())
    if (auto weight = operand.getDefiningOp<onnx::WeightOp>())
      mapping.map(operand, builder.clone(*weight)->getResult(0));
  Operation *result = builder.clone(*op, mapping);
  for (Value value : result->getResults())
    value.setType(canonicalType(value.getType()));
  return result;
}

Value Outliner::writeLayer(int64_t index, Layer &layer, Value hidden) {
  OpBuilder::InsertionGuard guard(builder);
  auto op = builder.create<lm::LayerOp>(graph.getLoc(), TypeRange{hidden.getType()}, index, ValueRange{hidden});
  Block *body = builder.createBlock(&op.getBody(), {}, {hidden.getType()}, {graph.getLoc()});
  mapping.map(layer.attention.stream, body->getArgument(0));
  for (Operation *part : layer.ops) {
    Operation *written = copy(part);
    for (const Sum &sum : {layer.attention, layer.mlp}) // the stream first
      if (part == sum.op)
        written->setOperands({mapping.lookup(sum.stream), mapping.lookup(sum.block)});
  }
  builder.create<lm::YieldOp>(graph.getLoc(), mapping.lookup(layer.mlp.op.getResult()));
  return op.getResult(0);
}

void Outliner::write() {
  builder.setInsertionPoint(graph);
  auto tokens = [&](Type element) {
    return RankedTensorType::get({ShapedType::kDynamic, ShapedType::kDynamic}, element);
  };
  SmallVector<Type> inputs{tokens(builder.getI64Type()), tokens(builder.getI32Type())};
  auto type = builder.getFunctionType(inputs, {canonicalType(head.getType())});
  auto model = builder.create<lm::ModelOp>(graph.getLoc(), "model", type);
  Block *body = builder.createBlock(&model.getBody(), {}, inputs, {graph.getLoc(), graph.getLoc()});
  mapping.map(ids, body->getArgument(0));
  mapping.map(docs, body->getArgument(1));
  for (auto positions : graph.getBody().getOps<lm::PositionsOp>())
    copy(positions);
  copy(embedding);
  Value hidden = mapping.lookup(embedding.getResult());
  for (auto [i, layer] : llvm::enumerate(layers))
    hidden = writeLayer(static_cast<int64_t>(i), layer, hidden);
  mapping.map(finalNorm.getX(), hidden);
  copy(finalNorm);
  copy(head);
  builder.create<lm::ReturnOp>(graph.getLoc(), mapping.lookup(head.getResult()));
  graph.erase();
}

LogicalResult Outliner::run() {
  ids = onnx::findIds(graph);
  if (!ids || failed(findHead()) || failed(findLayers()))
    return failure();
  if (layers.empty())
    return fail(finalNorm, "layers between the embedding and the last norm, found none");
  docs = raise::documentsOf(graph);
  if (failed(checkOperands()))
    return failure();
  write();
  return success();
}

class OutlineLayers : public impl::OutlineLayersBase<OutlineLayers> {
public:
  void runOnOperation() override {
    for (auto graph : llvm::make_early_inc_range(getOperation().getOps<onnx::GraphOp>()))
      if (failed(Outliner(graph).run()))
        return signalPassFailure();
  }
};

} // namespace
} // namespace xlstm
