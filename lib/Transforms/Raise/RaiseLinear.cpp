//===- RaiseLinear.cpp - embedding, projections, residual sums ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Graph.h"
#include "xlstm/Transforms/RaisePasses.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_RAISELINEAR
#include "lib/Transforms/Raise/Passes.h.inc"

namespace {

/// A matrix behind a value, perhaps transposed on the way.
struct Matrix {
  onnx::InitializerOp initializer;
  bool transposed = false;
};

Matrix matrixOf(Value value) {
  if (auto transpose = value.getDefiningOp<onnx::TransposeOp>())
    if (onnx::InitializerOp initializer = raise::weightOf(transpose.getInputs()[0], 2))
      return {initializer, true};
  return {raise::weightOf(value, 2), false};
}

class LinearRaiser {
public:
  explicit LinearRaiser(onnx::GraphOp graph) : graph(graph), builder(graph.getContext()) {}
  int64_t run();

private:
  Value raise(Operation *op);
  Value raiseEmbedding(onnx::GatherOp op);
  Value raiseProjection(Operation *op, bool transposeSecond);
  Value raiseQuantisedProjection(Operation *op);
  Value raiseQuantisedEmbedding(Operation *op);
  Value quantised(Operation *op, ArrayRef<Value> operands, int64_t columns, Value groups = {});
  Value raiseSum(onnx::AddOp op);
  bool raiseSplit(onnx::SplitOp op);
  /// The matrix as an onnx.weight: itself or its transpose.
  Value weight(Location loc, onnx::InitializerOp initializer, bool transposed);
  RankedTensorType typeOf(Value value) { return dyn_cast<RankedTensorType>(value.getType()); }

  onnx::GraphOp graph;
  OpBuilder builder;
};

Value LinearRaiser::weight(Location loc, onnx::InitializerOp initializer, bool transposed) {
  auto type = cast<RankedTensorType>(initializer.getType());
  IntegerAttr content = initializer.getContentAttr();
  if (transposed) {
    type = RankedTensorType::get({type.getDimSize(1), type.getDimSize(0)}, type.getElementType());
    content = initializer.getTransposedAttr();
  }
  return builder.create<onnx::WeightOp>(loc, type, initializer.getNameAttr(),
                                        transposed ? builder.getUnitAttr() : UnitAttr(), DenseI64ArrayAttr(), content,
                                        DictionaryAttr());
}

/// The matrix [rows, columns] of numbers in blocks: operands are the numbers, their scales, perhaps their zero points;
/// `groups`, where given, the block of each column.
Value LinearRaiser::quantised(Operation *op, ArrayRef<Value> operands, int64_t columns, Value groups) {
  auto reshape = operands[0].getDefiningOp<onnx::ReshapeOp>();
  auto numbers = (reshape ? reshape.getInputs()[0] : operands[0]).getDefiningOp<onnx::InitializerOp>();
  auto scales = operands[1].getDefiningOp<onnx::InitializerOp>();
  if (!numbers || !scales || !numbers.getName() || !scales.getName() || typeOf(numbers).getRank() < 1 || columns < 1)
    return {};
  NamedAttrList blocks;
  auto bits = op->getAttrOfType<IntegerAttr>("bits"), size = op->getAttrOfType<IntegerAttr>("block_size");
  blocks.append("bits", bits ? bits : builder.getI64IntegerAttr(4));
  blocks.append("size", size ? size : builder.getI64IntegerAttr(128));
  blocks.append("columns", builder.getI64IntegerAttr(columns));
  blocks.append("scales", scales.getNameAttr());
  for (auto [name, value] :
       {std::pair("zero_points", operands.size() > 2 ? operands[2] : Value()), {"groups", groups}}) {
    auto initializer = value ? value.getDefiningOp<onnx::InitializerOp>() : onnx::InitializerOp();
    if (value && (!initializer || !initializer.getName()))
      return {};
    if (value)
      blocks.append(name, initializer.getNameAttr());
  }
  auto type = RankedTensorType::get({typeOf(numbers).getDimSize(0), columns}, builder.getF32Type());
  return builder.create<onnx::WeightOp>(op->getLoc(), type, numbers.getNameAttr(), UnitAttr(), DenseI64ArrayAttr(),
                                        IntegerAttr(), blocks.getDictionary(op->getContext()));
}

/// MatMulNBits: operands x, numbers, scales, zero points, order of the columns, bias.
Value LinearRaiser::raiseQuantisedProjection(Operation *op) {
  auto operand = [&](unsigned i) { return raise::givenOperand(op, i); };
  RankedTensorType result = typeOf(op->getResult(0));
  auto columns = op->getAttrOfType<IntegerAttr>("K");
  Value weights = quantised(op, {operand(1), operand(2), operand(3)}, columns.getInt(), operand(4));
  if (!weights || !result || result.getRank() != 3)
    return {};
  Value bias;
  if (operand(5)) {
    onnx::InitializerOp initializer = raise::weightOf(operand(5), 1);
    if (!initializer)
      return {};
    bias = weight(op->getLoc(), initializer, false);
  }
  return builder.create<lm::LinearOp>(op->getLoc(), result, op->getOperand(0), weights, bias);
}

/// GatherBlockQuantized: operands numbers, ids, scales, zero points.
Value LinearRaiser::raiseQuantisedEmbedding(Operation *op) {
  RankedTensorType ids = typeOf(op->getOperand(1)), result = typeOf(op->getResult(0));
  if (!ids || ids.getRank() != 2 || !result || result.getRank() != 3)
    return {};
  Value rows = quantised(op, {op->getOperand(0), op->getOperand(2), raise::givenOperand(op, 3)}, result.getDimSize(2));
  return rows ? builder.create<lm::EmbedOp>(op->getLoc(), result, op->getOperand(1), rows).getResult() : Value();
}

Value LinearRaiser::raiseEmbedding(onnx::GatherOp op) {
  Matrix table = matrixOf(op.getInputs()[0]);
  auto axis = op->getAttrOfType<IntegerAttr>("axis");
  RankedTensorType ids = typeOf(op.getInputs()[1]), result = typeOf(op->getResult(0));
  if (!table.initializer || (axis && axis.getInt() != 0) || !ids || ids.getRank() != 2 || !result)
    return {};
  Value rows = weight(op.getLoc(), table.initializer, table.transposed);
  return builder.create<lm::EmbedOp>(op.getLoc(), result, op.getInputs()[1], rows);
}

Value LinearRaiser::raiseProjection(Operation *op, bool transposeSecond) {
  Value x = op->getOperand(0);
  RankedTensorType type = typeOf(x), result = typeOf(op->getResult(0));
  Matrix matrix = matrixOf(op->getOperand(1));
  auto alpha = op->getAttrOfType<FloatAttr>("alpha");
  if (!matrix.initializer || !type || type.getRank() != 3 || !result || (alpha && alpha.getValueAsDouble() != 1))
    return {};
  // ONNX multiplies by [in, out]; the weight is [out, in].
  bool isInOut = matrix.transposed == transposeSecond;
  Value weights = weight(op->getLoc(), matrix.initializer, isInOut);
  return builder.create<lm::LinearOp>(op->getLoc(), result, x, weights, Value());
}

/// A projection plus its bias, or two activations.
Value LinearRaiser::raiseSum(onnx::AddOp op) {
  RankedTensorType result = typeOf(op->getResult(0));
  if (!result || result.getRank() != 3 || !isa<FloatType>(result.getElementType()))
    return {};
  for (auto [sum, other] :
       {std::pair(op.getInputs()[0], op.getInputs()[1]), std::pair(op.getInputs()[1], op.getInputs()[0])}) {
    auto linear = sum.getDefiningOp<lm::LinearOp>();
    onnx::InitializerOp bias = raise::weightOf(other, 1);
    if (linear && !linear.getBias() && linear->hasOneUse() && bias && sum.getType() == result)
      return builder.create<lm::LinearOp>(op.getLoc(), result, linear.getX(), linear.getWeight(),
                                          weight(op.getLoc(), bias, false));
  }
  if (op.getInputs()[0].getType() != result || op.getInputs()[1].getType() != result)
    return {};
  return builder.create<lm::AddOp>(op.getLoc(), result, op.getInputs()[0], op.getInputs()[1]);
}

/// Packed projections: a linear op for each part, with the rows that make it.
bool LinearRaiser::raiseSplit(onnx::SplitOp op) {
  auto linear = op.getInputs()[0].getDefiningOp<lm::LinearOp>();
  auto packed = linear ? linear.getWeight().getDefiningOp<onnx::WeightOp>() : onnx::WeightOp();
  auto axis = op->getAttrOfType<IntegerAttr>("axis");
  int64_t dim = axis ? axis.getInt() : 0;
  if (!packed || packed.getRows() || (dim != -1 && dim != 2))
    return false;
  int64_t rowsLeft = typeOf(packed).getDimSize(0);
  for (Value part : op->getResults()) {
    ArrayRef<int64_t> shape = raise::shapeOf(part);
    if (shape.size() != 3 || shape[2] < 0 || shape[2] > rowsLeft)
      return false;
    rowsLeft -= shape[2];
  }
  auto bias = linear.getBias() ? linear.getBias().getDefiningOp<onnx::WeightOp>() : onnx::WeightOp();
  int64_t first = 0;
  for (Value part : op->getResults()) {
    RankedTensorType type = typeOf(part);
    int64_t end = first + type.getDimSize(2);
    auto rowsOf = [&](onnx::WeightOp whole) -> Value {
      SmallVector<int64_t> shape(cast<RankedTensorType>(whole.getType()).getShape());
      shape[0] = end - first;
      auto rowsType = RankedTensorType::get(shape, cast<RankedTensorType>(whole.getType()).getElementType());
      return builder.create<onnx::WeightOp>(op.getLoc(), rowsType, whole.getInitializerAttr(),
                                            whole.getTransposedAttr(), builder.getDenseI64ArrayAttr({first, end}),
                                            IntegerAttr(), whole.getBlocksAttr());
    };
    Value rows = rowsOf(packed), biasRows = bias ? rowsOf(bias) : Value();
    part.replaceAllUsesWith(builder.create<lm::LinearOp>(op.getLoc(), type, linear.getX(), rows, biasRows));
    first = end;
  }
  return true;
}

Value LinearRaiser::raise(Operation *op) {
  if (auto gather = dyn_cast<onnx::GatherOp>(op))
    return raiseEmbedding(gather);
  if (isa<onnx::MatMulOp>(op))
    return raiseProjection(op, false);
  if (isa<onnx::MSFusedMatMulOp>(op)) {
    auto transB = op->getAttrOfType<IntegerAttr>("transB");
    return raiseProjection(op, transB && transB.getInt() != 0);
  }
  if (isa<onnx::MSMatMulNBitsOp>(op))
    return raiseQuantisedProjection(op);
  if (isa<onnx::MSGatherBlockQuantizedOp>(op))
    return raiseQuantisedEmbedding(op);
  if (auto add = dyn_cast<onnx::AddOp>(op))
    return raiseSum(add);
  return {};
}

int64_t LinearRaiser::run() {
  int64_t count = 0;
  for (Operation &op : llvm::make_early_inc_range(graph.getBody().front().without_terminator())) {
    builder.setInsertionPoint(&op);
    auto split = dyn_cast<onnx::SplitOp>(op);
    Value value = split ? Value() : raise(&op);
    if (value)
      op.getResult(0).replaceAllUsesWith(value);
    if (value || (split && raiseSplit(split))) {
      op.erase();
      ++count;
    }
  }
  raise::eraseDeadNodes(graph);
  return count;
}

class RaiseLinear : public impl::RaiseLinearBase<RaiseLinear> {
public:
  void runOnOperation() override {
    for (auto graph : getOperation().getOps<onnx::GraphOp>())
      numRaised += LinearRaiser(graph).run();
  }
};

} // namespace
} // namespace xlstm
