//===- RaiseRmsNorm.cpp - RMS norms ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Graph.h"
#include "xlstm/Transforms/RaisePasses.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_RAISERMSNORM
#include "lib/Transforms/Raise/Passes.h.inc"

namespace {

/// What a norm is made of; a null weight where the value is no norm.
struct Norm {
  Value x;
  onnx::InitializerOp weight;
  double eps = 0;
};

/// The operands of a commutative op, both ways round.
SmallVector<std::pair<Value, Value>, 2> eitherWay(Operation *op) {
  return {{op->getOperand(0), op->getOperand(1)}, {op->getOperand(1), op->getOperand(0)}};
}

bool isSquareOf(Value square, Value x) {
  if (auto pow = square.getDefiningOp<onnx::PowOp>())
    return pow.getInputs()[0] == x && raise::scalarOf(pow.getInputs()[1]) == 2.0;
  auto mul = square.getDefiningOp<onnx::MulOp>();
  return mul && mul.getInputs()[0] == x && mul.getInputs()[1] == x;
}

/// mean(x^2) over the last dimension, which stays.
bool isMeanOfSquares(Value mean, Value x) {
  auto reduce = mean.getDefiningOp<onnx::ReduceMeanOp>();
  ArrayRef<int64_t> shape = raise::shapeOf(mean), inner = raise::shapeOf(x);
  return reduce && isSquareOf(reduce.getInputs()[0], x) && shape.size() == inner.size() && !shape.empty() &&
         shape.back() == 1 && shape.drop_back() == inner.drop_back();
}

/// The eps of sqrt(mean(x^2) + eps); nothing for another value.
std::optional<double> epsOfRoot(Value root, Value x) {
  auto sqrt = root.getDefiningOp<onnx::SqrtOp>();
  auto add = sqrt ? sqrt.getInputs()[0].getDefiningOp<onnx::AddOp>() : onnx::AddOp();
  if (!add)
    return std::nullopt;
  for (auto [mean, eps] : eitherWay(add))
    if (std::optional<double> value = raise::scalarOf(eps); value && isMeanOfSquares(mean, x))
      return raise::shortestDecimal(*value);
  return std::nullopt;
}

/// x and eps of x / sqrt(mean(x^2) + eps).
std::optional<std::pair<Value, double>> matchNormalised(Value value) {
  auto found = [](Value x, std::optional<double> eps) {
    return eps ? std::optional(std::pair(x, *eps)) : std::nullopt;
  };
  if (auto div = value.getDefiningOp<onnx::DivOp>())
    return found(div.getInputs()[0], epsOfRoot(div.getInputs()[1], div.getInputs()[0]));
  auto mul = value.getDefiningOp<onnx::MulOp>();
  if (!mul)
    return std::nullopt;
  for (auto [x, inverse] : eitherWay(mul)) {
    Value root;
    if (auto reciprocal = inverse.getDefiningOp<onnx::ReciprocalOp>())
      root = reciprocal.getInputs()[0];
    else if (auto div = inverse.getDefiningOp<onnx::DivOp>(); div && raise::scalarOf(div.getInputs()[0]) == 1.0)
      root = div.getInputs()[1];
    if (root)
      if (auto result = found(x, epsOfRoot(root, x)))
        return result;
  }
  return std::nullopt;
}

Norm matchMul(onnx::MulOp op) {
  for (auto [weight, normalised] : eitherWay(op)) {
    onnx::InitializerOp initializer = raise::weightOf(weight, 1);
    std::optional<std::pair<Value, double>> match = initializer ? matchNormalised(normalised) : std::nullopt;
    if (match)
      return {match->first, initializer, match->second};
  }
  return {};
}

double epsilonOf(Operation *op) {
  auto eps = op->getAttrOfType<FloatAttr>("epsilon");
  return raise::shortestDecimal(eps ? eps.getValueAsDouble() : 1e-5);
}

/// RMSNormalization and SimplifiedLayerNormalization over the last dimension.
Norm matchOperator(Operation *op) {
  auto axis = op->getAttrOfType<IntegerAttr>("axis");
  int64_t rank = static_cast<int64_t>(raise::shapeOf(op->getOperand(0)).size()), value = axis ? axis.getInt() : -1;
  if (rank == 0 || (value != -1 && value != rank - 1))
    return {};
  return {op->getOperand(0), raise::weightOf(op->getOperand(1), 1), epsilonOf(op)};
}

class NormRaiser {
public:
  explicit NormRaiser(onnx::GraphOp graph) : graph(graph), builder(graph.getContext()) {}
  int64_t run();

private:
  Value build(Location loc, Norm norm);
  Value buildPerHead(Location loc, Norm norm);
  bool addBias(Location loc, SmallVectorImpl<Value> &terms, onnx::InitializerOp bias);
  bool raiseSkip(Operation *op);

  onnx::GraphOp graph;
  OpBuilder builder;
};

Value NormRaiser::build(Location loc, Norm norm) {
  Value weight = builder.create<onnx::WeightOp>(loc, norm.weight.getType(), norm.weight.getNameAttr(), UnitAttr(),
                                                DenseI64ArrayAttr(), IntegerAttr(), DictionaryAttr());
  return builder.create<lm::RmsNormOp>(loc, norm.x.getType(), norm.x, weight, builder.getF64FloatAttr(norm.eps));
}

/// A norm of heads that were laid out as [B, T * H, d]: the same norm of [B, T, H, d]. Null for another layout.
Value NormRaiser::buildPerHead(Location loc, Norm norm) {
  auto flat = norm.x.getDefiningOp<onnx::ReshapeOp>();
  ArrayRef<int64_t> shape = raise::shapeOf(norm.x),
                    whole = flat ? raise::shapeOf(flat.getInputs()[0]) : ArrayRef<int64_t>();
  if (shape.size() != 3 || whole.size() != 3 || whole[2] == shape[2] || whole[2] < 1 || shape[2] < 1 ||
      whole[2] % shape[2] != 0)
    return {};
  auto reshape = [&](Value value, ArrayRef<int64_t> to, ArrayRef<int64_t> target) {
    auto targetType = RankedTensorType::get({static_cast<int64_t>(target.size())}, builder.getI64Type());
    Value sizes = builder.create<onnx::InitializerOp>(loc, DenseElementsAttr::get(targetType, target));
    auto type = RankedTensorType::get(to, cast<RankedTensorType>(value.getType()).getElementType());
    return builder.create<onnx::ReshapeOp>(loc, TypeRange{type}, ValueRange{value, sizes})->getResult(0);
  };
  int64_t heads = whole[2] / shape[2];
  norm.x = reshape(flat.getInputs()[0], {whole[0], whole[1], heads, shape[2]}, {0, 0, heads, shape[2]});
  return reshape(build(loc, norm), shape, {0, -1, shape[2]});
}

/// The bias of a sum belongs to the projection that is one of its terms.
bool NormRaiser::addBias(Location loc, SmallVectorImpl<Value> &terms, onnx::InitializerOp bias) {
  for (Value &term : terms) {
    auto linear = term.getDefiningOp<lm::LinearOp>();
    if (!bias || !linear || linear.getBias() || !linear->hasOneUse())
      continue;
    Value weight = builder.create<onnx::WeightOp>(loc, bias.getType(), bias.getNameAttr(), UnitAttr(),
                                                  DenseI64ArrayAttr(), IntegerAttr(), DictionaryAttr());
    term = builder.create<lm::LinearOp>(loc, linear.getType(), linear.getX(), linear.getWeight(), weight);
    return true;
  }
  return false;
}

/// The norm of a sum; the sum is its last result.
bool NormRaiser::raiseSkip(Operation *op) {
  onnx::InitializerOp weight = raise::weightOf(op->getOperand(2), 1);
  bool hasBias = op->getNumOperands() > 3 && !isa_and_nonnull<onnx::NoneOp>(op->getOperand(3).getDefiningOp());
  if (!weight || op->getOperand(0).getType() != op->getOperand(1).getType())
    return false;
  for (unsigned i = 1; i < op->getNumResults() && i < 3; ++i)
    if (!op->getResult(i).use_empty())
      return false;
  SmallVector<Value, 2> terms{op->getOperand(0), op->getOperand(1)};
  if (hasBias && !addBias(op->getLoc(), terms, raise::weightOf(op->getOperand(3), 1)))
    return false;
  Value sum = builder.create<lm::AddOp>(op->getLoc(), terms[0].getType(), terms[0], terms[1]);
  op->getResult(0).replaceAllUsesWith(build(op->getLoc(), {sum, weight, epsilonOf(op)}));
  if (op->getNumResults() > 3)
    op->getResult(3).replaceAllUsesWith(sum);
  return true;
}

int64_t NormRaiser::run() {
  int64_t count = 0;
  for (Operation &op : llvm::make_early_inc_range(graph.getBody().front().without_terminator())) {
    builder.setInsertionPoint(&op);
    Norm norm;
    if (auto mul = dyn_cast<onnx::MulOp>(op))
      norm = matchMul(mul);
    else if (isa<onnx::RMSNormalizationOp, onnx::SimplifiedLayerNormalizationOp>(op))
      norm = matchOperator(&op);
    if (norm.weight) {
      Value perHead = buildPerHead(op.getLoc(), norm);
      op.getResult(0).replaceAllUsesWith(perHead ? perHead : build(op.getLoc(), norm));
    }
    if (norm.weight || (isa<onnx::MSSkipSimplifiedLayerNormalizationOp>(op) && raiseSkip(&op))) {
      op.erase();
      ++count;
    }
  }
  raise::eraseDeadNodes(graph);
  return count;
}

class RaiseRmsNorm : public impl::RaiseRmsNormBase<RaiseRmsNorm> {
public:
  void runOnOperation() override {
    for (auto graph : getOperation().getOps<onnx::GraphOp>())
      numRaised += NormRaiser(graph).run();
  }
};

} // namespace
} // namespace xlstm
