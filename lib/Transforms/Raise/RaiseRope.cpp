//===- RaiseRope.cpp - rotary position embeddings -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Graph.h"
#include "lib/Transforms/Raise/Heads.h"
#include "lib/Transforms/Raise/Rotation.h"
#include "xlstm/Transforms/RaisePasses.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_RAISEROPE
#include "lib/Transforms/Raise/Passes.h.inc"

namespace {

using onnx::Tensor;

/// A rotation as the graph has it.
struct Rotation {
  Value x, cosines, sines;
};

/// The part [first, end) of the last dimension of a value that a Slice takes.
struct Part {
  Value whole;
  int64_t first = 0, end = 0;
};

std::optional<Part> matchSlice(Value value) {
  auto slice = value.getDefiningOp<onnx::SliceOp>();
  if (!slice)
    return std::nullopt;
  auto operand = [&](unsigned i) {
    return slice->getNumOperands() > i ? raise::scalarOf(slice->getOperand(i)) : std::nullopt;
  };
  std::optional<double> first = operand(1), axis = operand(3);
  ArrayRef<int64_t> whole = raise::shapeOf(slice->getOperand(0)), part = raise::shapeOf(value);
  auto rank = static_cast<double>(whole.size());
  if (whole.empty() || part.empty() || !first || !axis || (*axis != -1 && *axis != rank - 1) ||
      (slice->getNumOperands() > 4 && operand(4) != 1.0))
    return std::nullopt;
  int64_t start = static_cast<int64_t>(*first) + (*first < 0 ? whole.back() : 0);
  return Part{slice->getOperand(0), start, start + part.back()};
}

/// The value of which this is concat(-second half, first half).
Value matchRotateHalf(Value value) {
  auto concat = value.getDefiningOp<onnx::ConcatOp>();
  if (!concat || concat->getNumOperands() != 2)
    return {};
  auto neg = concat->getOperand(0).getDefiningOp<onnx::NegOp>();
  std::optional<Part> second = neg ? matchSlice(neg.getInputs()[0]) : std::nullopt;
  std::optional<Part> first = matchSlice(concat->getOperand(1));
  if (!first || !second || first->whole != second->whole)
    return {};
  int64_t dim = raise::shapeOf(first->whole).back();
  bool isHalves = first->first == 0 && first->end == dim / 2 && second->first == dim / 2 && second->end == dim;
  return isHalves ? first->whole : Value();
}

/// x * cos + rotate_half(x) * sin.
std::optional<Rotation> matchSum(onnx::AddOp op) {
  for (unsigned i : {0, 1}) {
    auto straight = op.getInputs()[i].getDefiningOp<onnx::MulOp>();
    auto turned = op.getInputs()[1 - i].getDefiningOp<onnx::MulOp>();
    if (!straight || !turned)
      return std::nullopt;
    for (unsigned k : {0, 1}) {
      Value x = matchRotateHalf(turned.getInputs()[k]);
      if (!x || !llvm::is_contained(straight.getInputs(), x))
        continue;
      Value cosines = straight.getInputs()[straight.getInputs()[0] == x ? 1 : 0];
      return Rotation{x, cosines, turned.getInputs()[1 - k]};
    }
  }
  return std::nullopt;
}

/// RotaryEmbedding over whole, not interleaved heads, without position ids.
std::optional<Rotation> matchOperator(onnx::RotaryEmbeddingOp op) {
  for (StringRef name : {"interleaved", "rotary_embedding_dim"})
    if (auto attr = op->getAttrOfType<IntegerAttr>(name); attr && attr.getInt() != 0)
      return std::nullopt;
  if (op->getNumOperands() > 3 && !op->getOperand(3).getDefiningOp<onnx::NoneOp>())
    return std::nullopt;
  return Rotation{op.getInputs()[0], op.getInputs()[1], op.getInputs()[2]};
}

class RopeRaiser {
public:
  explicit RopeRaiser(onnx::GraphOp graph) : graph(graph), builder(graph.getContext()) {}
  FailureOr<int64_t> run();

private:
  LogicalResult raise(Operation *op, const Rotation &rotation);
  lm::RopeAttr readTables(const Rotation &rotation, raise::Layout layout, int64_t dim);
  std::optional<std::vector<double>> readTable(Value table, raise::Layout layout, int64_t pairs, int64_t tokens);

  onnx::GraphOp graph;
  OpBuilder builder;
  std::string why;
};

/// The values of a table for each position and pair. Both halves of a table over all d channels are equal, and so are
/// all rows of a batch.
std::optional<std::vector<double>> RopeRaiser::readTable(Value table, raise::Layout layout, int64_t pairs,
                                                         int64_t tokens) {
  onnx::Size size = raise::probeSizes(onnx::findIds(graph)).back();
  std::optional<Tensor> tensor = raise::evaluate(table, size);
  if (!tensor || tensor->rank() < 2 || (tensor->shape.back() != pairs && tensor->shape.back() != 2 * pairs)) {
    why = "expected cosines and sines that depend on the position alone";
    return std::nullopt;
  }
  // A table of rank 4 has the layout of x; one of lower rank ends in [T, d].
  int64_t tokenDim = tensor->rank() == 4 ? layout.token : tensor->rank() - 2;
  if (tensor->shape[tokenDim] != tokens) {
    why = "expected cosines and sines of every token, found " + onnx::describe(*tensor);
    return std::nullopt;
  }
  std::vector<double> result(tokens * pairs);
  bool agree = true;
  onnx::forEachElement(tensor->shape, [&](ArrayRef<int64_t> index, int64_t position) {
    double value = (*tensor)[position], &slot = result[index[tokenDim] * pairs + index.back() % pairs];
    bool isFirst = position < tokens * 2 * pairs && index.back() < pairs &&
                   llvm::all_of(llvm::enumerate(index.drop_back()), [&](auto dim) {
                     return static_cast<int64_t>(dim.index()) == tokenDim || dim.value() == 0;
                   });
    if (isFirst)
      slot = value;
    else
      agree &= slot == value;
  });
  if (!agree) {
    why = "expected one table for all rows, heads and both halves of the channels";
    return std::nullopt;
  }
  return result;
}

lm::RopeAttr RopeRaiser::readTables(const Rotation &rotation, raise::Layout layout, int64_t dim) {
  BlockArgument ids = onnx::findIds(graph);
  if (!ids) {
    why = "expected a graph with token ids";
    return {};
  }
  int64_t tokens = raise::probeSizes(ids).back().tokens, pairs = dim / 2;
  std::optional<std::vector<double>> cosines = readTable(rotation.cosines, layout, pairs, tokens);
  std::optional<std::vector<double>> sines = cosines ? readTable(rotation.sines, layout, pairs, tokens) : std::nullopt;
  if (!sines)
    return {};
  return raise::readRotation(graph.getContext(), {tokens, pairs, *cosines, *sines}, why);
}

LogicalResult RopeRaiser::raise(Operation *op, const Rotation &rotation) {
  builder.setInsertionPoint(op);
  raise::Layout layout = raise::headsFirst;
  std::optional<raise::Heads> heads = raise::findHeads(builder, rotation.x, layout, why);
  if (!heads) {
    layout = raise::tokensFirst;
    heads = raise::findHeads(builder, rotation.x, layout, why);
  }
  if (!heads)
    return failure();
  if (heads->repeat != 1 || heads->factor != 1) {
    why = "expected heads as they were projected, found repeated or scaled ones";
    return failure();
  }
  lm::RopeAttr rope = readTables(rotation, layout, raise::shapeOf(heads->heads)[3]);
  Value positions = rope ? raise::positionsOf(graph) : Value();
  if (!positions)
    return failure();
  Value result = builder.create<lm::RopeOp>(op->getLoc(), heads->heads.getType(), heads->heads, positions, rope);
  if (layout.token != 1) { // back to [B, H, T, d]
    auto perm = builder.getNamedAttr("perm", builder.getDenseI64ArrayAttr({0, 2, 1, 3}));
    result = builder.create<onnx::TransposeOp>(op->getLoc(), op->getResultTypes(), result, perm)->getResult(0);
  }
  op->getResult(0).replaceAllUsesWith(result);
  return success();
}

FailureOr<int64_t> RopeRaiser::run() {
  int64_t count = 0;
  for (Operation &op : llvm::make_early_inc_range(graph.getBody().front().without_terminator())) {
    std::optional<Rotation> rotation;
    if (auto add = dyn_cast<onnx::AddOp>(op))
      rotation = matchSum(add);
    else if (auto operation = dyn_cast<onnx::RotaryEmbeddingOp>(op))
      rotation = matchOperator(operation);
    if (!rotation)
      continue;
    if (failed(raise(&op, *rotation)))
      return onnx::emitNodeError(&op) << "rotary embedding: " << why;
    op.erase();
    ++count;
  }
  raise::eraseDeadNodes(graph);
  return count;
}

class RaiseRope : public impl::RaiseRopeBase<RaiseRope> {
public:
  void runOnOperation() override {
    for (auto graph : getOperation().getOps<onnx::GraphOp>()) {
      FailureOr<int64_t> count = RopeRaiser(graph).run();
      if (failed(count))
        return signalPassFailure();
      numRaised += *count;
    }
  }
};

} // namespace
} // namespace xlstm
