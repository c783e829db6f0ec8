//===- Normalise.cpp - types, constants and spellings of an onnx graph ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Graph.h"
#include "lib/Transforms/Raise/WidenHead.h"
#include "xlstm/Transforms/RaisePasses.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_NORMALISEONNX
#include "lib/Transforms/Raise/Passes.h.inc"

namespace {

using onnx::Kind;
using onnx::Tensor;

class Normaliser {
public:
  explicit Normaliser(onnx::GraphOp graph) : graph(graph), builder(graph.getContext()) {}
  LogicalResult run();
  int64_t numFolded = 0, numDropped = 0;

private:
  LogicalResult evaluateSizes();
  LogicalResult selectLogits();
  LogicalResult widenLogits();
  LogicalResult checkLogits();
  void dropInputs();
  RankedTensorType typeAt(Value value) const;
  void setTypes();
  bool isConstant(Value value) const;
  Value constant(Location loc, const Tensor &tensor);
  void fold();
  void simplify();
  Value replacement(Operation *op);
  Value chosenBranch(onnx::WhereOp op);
  void dropEmptyParts(onnx::ConcatOp op);
  void rewriteShape(Operation *op);
  bool allSizes(Value value, llvm::function_ref<bool(const Tensor &)> test) const;

  onnx::GraphOp graph;
  OpBuilder builder;
  SmallVector<onnx::Values, 2> probes;
};

LogicalResult Normaliser::evaluateSizes() {
  BlockArgument ids = onnx::findIds(graph);
  if (!ids)
    return failure();
  for (onnx::Size size : raise::probeSizes(ids))
    if (failed(onnx::Evaluation{graph, size, nullptr, {}, {}}.run(probes.emplace_back())))
      return failure();
  return success();
}

bool Normaliser::allSizes(Value value, llvm::function_ref<bool(const Tensor &)> test) const {
  return llvm::all_of(probes, [&](const onnx::Values &values) { return test(values.lookup(value)); });
}

/// Keeps the result that is called logits, or else the only float one of rank 3.
LogicalResult Normaliser::selectLogits() {
  Operation *terminator = graph.getReturn();
  SmallVector<unsigned> found = onnx::findLogits(graph, [&](Value value) { return probes.front().lookup(value); });
  if (found.size() != 1)
    return onnx::emitNodeError(graph) << "expected one output of logits, floats [B, T, V], found " << found.size();
  unsigned index = found.front();
  Attribute attrs = graph.getResAttrs() ? (*graph.getResAttrs())[index] : Attribute();
  Type declared = graph.getResultTypes()[index];
  terminator->setOperands(terminator->getOperand(index));
  graph.setType(builder.getFunctionType(graph.getArgumentTypes(), declared));
  if (attrs)
    graph.setResAttrsAttr(builder.getArrayAttr(attrs));
  raise::eraseDeadNodes(graph);
  return success();
}

/// The logits of every position, whatever the graph has.
LogicalResult Normaliser::widenLogits() {
  FailureOr<bool> isWider = raise::widenHead(graph, probes);
  if (failed(isWider))
    return failure();
  if (*isWider)
    probes.clear();
  return *isWider ? evaluateSizes() : success();
}

LogicalResult Normaliser::checkLogits() {
  auto declared = dyn_cast<RankedTensorType>(graph.getResultTypes()[0]);
  Tensor actual = probes.front().lookup(graph.getReturn()->getOperand(0));
  if (actual.kind == Kind::Float && actual.rank() == 3 &&
      (!declared || onnx::kindOf(declared.getElementType()) == Kind::Float))
    return success();
  return onnx::emitNodeError(graph) << "expected logits to be floats [B, T, V], found " << onnx::describe(actual)
                                    << ", declared as " << graph.getResultTypes()[0];
}

RankedTensorType Normaliser::typeAt(Value value) const {
  Tensor first = probes.front().lookup(value), last = probes.back().lookup(value);
  if (first.kind == Kind::None || first.rank() != last.rank())
    return {};
  SmallVector<int64_t, 4> shape(first.shape);
  for (int64_t i = 0; i < first.rank(); ++i)
    if (first.shape[i] != last.shape[i])
      shape[i] = ShapedType::kDynamic;
  return RankedTensorType::get(shape, onnx::typeOf(builder.getContext(), first.kind));
}

void Normaliser::setTypes() {
  for (Operation &op : graph.getBody().front().without_terminator())
    if (op.hasTrait<onnx::Node>())
      for (Value result : op.getResults())
        if (RankedTensorType type = typeAt(result))
          result.setType(type);
  graph.setType(builder.getFunctionType(graph.getArgumentTypes(), graph.getReturn()->getOperandTypes()));
}

/// Known, and the same for every size.
bool Normaliser::isConstant(Value value) const {
  Tensor first = probes.front().lookup(value), last = probes.back().lookup(value);
  return first.isKnown() && last.isKnown() && first.shape == last.shape &&
         first.size() <= onnx::ONNXDialect::maxInlineElements && *first.data == *last.data;
}

Value Normaliser::constant(Location loc, const Tensor &tensor) {
  Value result = builder.create<onnx::InitializerOp>(loc, onnx::toAttr(graph.getContext(), tensor));
  for (onnx::Values &values : probes)
    values[result] = tensor;
  return result;
}

/// A weight under another name, or transposed: a constant of its values would not say which weight it is.
static bool passesWeightOn(Operation *op) {
  if (!isa<onnx::IdentityOp, onnx::CastOp, onnx::TransposeOp, onnx::ReshapeOp>(op))
    return false;
  auto initializer = op->getOperand(0).getDefiningOp<onnx::InitializerOp>();
  if (!initializer || !initializer.getName())
    return false;
  Type element = cast<RankedTensorType>(initializer.getType()).getElementType();
  return isa<onnx::ReshapeOp>(op) ? element.isUnsignedInteger(8) : isa<FloatType>(element);
}

void Normaliser::fold() {
  for (Operation &op : llvm::make_early_inc_range(graph.getBody().front().without_terminator())) {
    if (!op.hasTrait<onnx::Node>() || passesWeightOn(&op))
      continue;
    builder.setInsertionPoint(&op);
    for (Value result : op.getResults())
      if (!result.use_empty() && isConstant(result)) {
        result.replaceAllUsesWith(constant(op.getLoc(), probes.front().lookup(result)));
        ++numFolded;
      }
  }
}

/// Where(IsNaN(x), c, x) is x, for softmax of a row that sees a key; a condition that is the same everywhere chooses.
Value Normaliser::chosenBranch(onnx::WhereOp op) {
  Value condition = op.getInputs()[0], yes = op.getInputs()[1], no = op.getInputs()[2];
  if (auto guard = condition.getDefiningOp<onnx::IsNaNOp>(); guard && guard.getInputs()[0] == no)
    return no;
  for (auto [branch, wanted] : {std::pair(yes, true), std::pair(no, false)}) {
    bool isAlways = allSizes(condition, [&](const Tensor &tensor) {
      return tensor.isKnown() && llvm::all_of(*tensor.data, [&](double v) { return (v != 0) == wanted; });
    });
    if (isAlways && branch.getType() == op->getResult(0).getType())
      return branch;
  }
  return {};
}

/// What an op that changes nothing passes on; null for another.
Value Normaliser::replacement(Operation *op) {
  Value input = op->getNumOperands() > 0 ? op->getOperand(0) : Value();
  auto isOne = [&](Value value) { return raise::scalarOf(value) == 1.0; };
  bool keepsType = input && input.getType() == op->getResult(0).getType();
  bool isWhole = keepsType && llvm::all_of(probes, [&](const onnx::Values &values) {
                   return values.lookup(input).shape == values.lookup(op->getResult(0)).shape;
                 });
  if (isa<onnx::IdentityOp>(op))
    return input;
  bool isFloatCast = isa<onnx::CastOp>(op) && allSizes(input, [](const Tensor &t) { return t.kind == Kind::Float; }) &&
                     allSizes(op->getResult(0), [](const Tensor &t) { return t.kind == Kind::Float; });
  if (isFloatCast || (isa<onnx::CastOp, onnx::ReshapeOp, onnx::ExpandOp>(op) && isWhole))
    return input;
  if (isa<onnx::SliceOp>(op) && isWhole) {
    std::optional<Tensor> steps = op->getNumOperands() > 4 ? onnx::constantOf(op->getOperand(4)) : std::nullopt;
    bool forward = op->getNumOperands() <= 4 || (steps && llvm::all_of(*steps->data, [](double s) { return s == 1; }));
    return forward ? input : Value();
  }
  if (isa<onnx::TransposeOp>(op)) {
    auto perm = op->getAttrOfType<DenseI64ArrayAttr>("perm");
    return perm && llvm::is_sorted(perm.asArrayRef()) ? input : Value();
  }
  if (isa<onnx::MulOp, onnx::DivOp>(op) && keepsType && isOne(op->getOperand(1)))
    return input;
  if (isa<onnx::MulOp>(op) && isOne(input) && op->getOperand(1).getType() == op->getResult(0).getType())
    return op->getOperand(1);
  if (isa<onnx::ConcatOp>(op) && op->getNumOperands() == 1)
    return input;
  if (auto where = dyn_cast<onnx::WhereOp>(op))
    return chosenBranch(where);
  return {};
}

void Normaliser::dropEmptyParts(onnx::ConcatOp op) {
  SmallVector<Value> kept;
  for (Value input : op.getInputs())
    if (!allSizes(input, [](const Tensor &tensor) { return tensor.kind != Kind::None && tensor.size() == 0; }))
      kept.push_back(input);
  if (!kept.empty() && kept.size() < op.getNumOperands())
    op->setOperands(kept);
}

/// The target of a Reshape or Expand as a constant that holds for every size: 0 (1 for Expand) where the dimension is
/// the input's own, -1 once for another dynamic one.
void Normaliser::rewriteShape(Operation *op) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || type.hasStaticShape() || onnx::constantOf(op->getOperand(1)))
    return;
  bool isExpand = isa<onnx::ExpandOp>(op);
  std::vector<double> target;
  int64_t numInferred = 0, rank = type.getRank();
  for (int64_t i = 0; i < rank; ++i) {
    int64_t inputDim = isExpand ? i - rank + probes[0].lookup(op->getOperand(0)).rank() : i;
    bool isKept = llvm::all_of(probes, [&](const onnx::Values &values) {
      const Tensor &input = values.at(op->getOperand(0)), &result = values.at(op->getResult(0));
      return inputDim >= 0 && inputDim < input.rank() && input.shape[inputDim] == result.shape[i];
    });
    bool isDynamic = type.isDynamicDim(i);
    numInferred += isDynamic && !isKept;
    target.push_back(!isDynamic ? static_cast<double>(type.getDimSize(i)) : !isKept ? -1 : isExpand ? 1 : 0);
  }
  if (numInferred > (isExpand ? 0 : 1))
    return;
  builder.setInsertionPoint(op);
  op->setOperand(1, constant(op->getLoc(), onnx::makeTensor(Kind::Int, {rank}, std::move(target))));
  op->removeAttr("allowzero");
}

void Normaliser::simplify() {
  for (Operation &op : llvm::make_early_inc_range(graph.getBody().front().without_terminator())) {
    if (!op.hasTrait<onnx::Node>())
      continue;
    if (auto concat = dyn_cast<onnx::ConcatOp>(op))
      dropEmptyParts(concat);
    if (isa<onnx::ReshapeOp, onnx::ExpandOp>(op))
      rewriteShape(&op);
    if (Value value = replacement(&op)) {
      op.getResult(0).replaceAllUsesWith(value);
      op.erase();
      ++numDropped;
    }
  }
}

/// Masks, positions and caches are gone when nothing reads them any more.
void Normaliser::dropInputs() {
  BlockArgument ids = onnx::findIds(graph);
  for (int64_t i = graph.getNumArguments() - 1; i >= 0; --i)
    if (graph.getArgument(i).use_empty() && graph.getArgument(i) != ids)
      graph.eraseArgument(i);
}

LogicalResult Normaliser::run() {
  if (failed(evaluateSizes()) || failed(selectLogits()) || failed(widenLogits()) || failed(checkLogits()))
    return failure();
  raise::eraseDeadNodes(graph);
  setTypes();
  fold();
  simplify();
  raise::eraseDeadNodes(graph);
  dropInputs();
  return success();
}

class NormaliseOnnx : public impl::NormaliseOnnxBase<NormaliseOnnx> {
public:
  void runOnOperation() override {
    for (auto graph : getOperation().getOps<onnx::GraphOp>()) {
      Normaliser normaliser(graph);
      if (failed(normaliser.run()))
        return signalPassFailure();
      numFolded += normaliser.numFolded;
      numDropped += normaliser.numDropped;
    }
  }
};

} // namespace
} // namespace xlstm
