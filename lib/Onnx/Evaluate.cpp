//===- Evaluate.cpp - an onnx graph, evaluated node by node ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Onnx/Evaluate.h"

#include "lib/Onnx/Call.h"

using namespace mlir;

namespace xlstm::onnx {

StringRef inputName(BlockArgument argument) {
  auto graph = cast<GraphOp>(argument.getOwner()->getParentOp());
  auto name = graph.getArgAttrOfType<StringAttr>(argument.getArgNumber(), ONNXDialect::nameAttrName);
  return name ? name.getValue() : "";
}

static bool isIntegerMatrix(BlockArgument argument) {
  auto type = dyn_cast<RankedTensorType>(argument.getType());
  return type && type.getRank() == 2 && type.getElementType().isSignlessInteger() &&
         kindOf(type.getElementType()) == Kind::Int;
}

BlockArgument findIds(GraphOp graph) {
  SmallVector<BlockArgument> found;
  for (BlockArgument argument : graph.getArguments()) {
    StringRef name = inputName(argument);
    if (!isIntegerMatrix(argument))
      continue;
    if (name == "input_ids")
      return argument;
    if (!name.contains("mask") && !name.contains("position") && name != "docs")
      found.push_back(argument);
  }
  if (found.size() == 1)
    return found.front();
  emitNodeError(graph) << "expected one input of token ids, integers [B, T], found " << found.size();
  return {};
}

SmallVector<unsigned> findLogits(GraphOp graph, llvm::function_ref<Tensor(Value)> tensorOf) {
  SmallVector<unsigned> ofAll, ofOne;
  for (auto [i, value] : llvm::enumerate(graph.getReturn()->getOperands())) {
    auto name = graph.getResultAttrOfType<StringAttr>(i, ONNXDialect::nameAttrName);
    if (name && name.getValue() == "logits")
      return {static_cast<unsigned>(i)};
    Tensor tensor = tensorOf(value);
    if (tensor.kind == Kind::Float && tensor.rank() == 3)
      ofAll.push_back(i);
    if (tensor.kind == Kind::Float && tensor.rank() == 2)
      ofOne.push_back(i);
  }
  return ofAll.empty() ? ofOne : ofAll;
}

/// What stands for an input of the graph.
static Tensor inputTensor(BlockArgument argument, Size size) {
  auto type = dyn_cast<RankedTensorType>(argument.getType());
  if (!type)
    return {};
  Tensor tensor = unknown(type);
  if (isIntegerMatrix(argument)) {
    tensor.shape = {size.batch, size.tokens};
    bool isPosition = inputName(argument).contains("position");
    if ((!isPosition && !inputName(argument).contains("mask")) || tensor.size() > maxElements)
      return tensor;
    std::vector<double> data(tensor.size(), 1);
    for (size_t i = 0; isPosition && i < data.size(); ++i)
      data[i] = static_cast<double>(static_cast<int64_t>(i) % size.tokens);
    return makeTensor(tensor.kind, tensor.shape, std::move(data));
  }
  for (auto [i, dim] : llvm::enumerate(tensor.shape))
    if (ShapedType::isDynamic(dim))
      dim = i == 0 ? size.batch : 0; // a cache of no tokens
  if (inputName(argument).contains("logits_to_keep") && tensor.kind == Kind::Int && tensor.size() == 1)
    return makeTensor(tensor.kind, tensor.shape, {0}); // transformers' word for all of them
  if (tensor.size() == 0)
    tensor.data = std::make_shared<const std::vector<double>>();
  return tensor;
}

/// The result of an op that was raised already: its first two dimensions are batch and tokens.
static Tensor raisedTensor(Value value, Size size) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return {};
  Tensor tensor = unknown(type);
  for (auto [i, dim] : llvm::enumerate(tensor.shape))
    if (ShapedType::isDynamic(dim))
      dim = i == 0 ? size.batch : size.tokens;
  return tensor;
}

/// The mask that a band describes, where it is small enough to compute with.
static std::optional<Tensor> expandBand(RankedTensorType type, DictionaryAttr band) {
  Tensor mask = unknown(type);
  if (mask.size() > maxElements)
    return std::nullopt;
  auto number = [&](StringRef name) { return band.getAs<FloatAttr>(name).getValueAsDouble(); };
  int64_t tokens = mask.shape.back(), first = band.getAs<IntegerAttr>("first").getInt(),
          last = band.getAs<IntegerAttr>("last").getInt();
  double seen = number("seen"), masked = number("masked");
  std::vector<double> data(mask.size(), masked);
  for (size_t row = 0; row * tokens < data.size(); ++row)
    for (int64_t t = static_cast<int64_t>(row) % tokens, j = 0; j < tokens; ++j)
      if (first <= j - t && j - t <= last)
        data[row * tokens + j] = seen;
  return makeTensor(mask.kind, mask.shape, std::move(data));
}

std::optional<Tensor> constantOf(Value value) {
  auto initializer = value.getDefiningOp<InitializerOp>();
  if (initializer && initializer.getBandAttr())
    return expandBand(cast<RankedTensorType>(initializer.getType()), initializer.getBandAttr());
  if (!initializer || !initializer.getValue())
    return std::nullopt;
  Tensor tensor = fromAttr(*initializer.getValue());
  return tensor.isKnown() ? std::optional(tensor) : std::nullopt;
}

static const EvaluatorTable &evaluators() {
  static const EvaluatorTable table = [] {
    EvaluatorTable result;
    for (auto add : {addElementwise, addMovement, addIndexing, addSums, addProducts, addAttention})
      add(result);
    return result;
  }();
  return table;
}

/// The outputs of a node; throws Error.
static Outputs evaluateNode(const Call &call) {
  constexpr int64_t maxRank = 64;
  auto evaluator = evaluators().find(call.op->getName().stripDialect());
  if (evaluator == evaluators().end())
    fail("expected an operator whose shapes are known");
  Outputs outputs = evaluator->second(call);
  outputs.resize(call.op->getNumResults());
  for (const Tensor &output : outputs)
    if (output.rank() > maxRank)
      fail("expected values of at most ", maxRank, " dimensions, found ", output.rank());
  return outputs;
}

namespace {

class Run {
public:
  Run(const Evaluation &evaluation, Values &values) : evaluation(evaluation), values(values) {}
  LogicalResult run();

private:
  Tensor input(Value value) const;
  LogicalResult runOp(Operation *op);
  LogicalResult runNode(Operation *op);
  void release(Operation *op);

  const Evaluation &evaluation;
  Values &values;
  /// Elements that may still be computed, when weights are not given.
  int64_t budget = 4 * maxElements;
  llvm::DenseMap<Value, unsigned> usesLeft;
};

/// An operand's tensor. A weight is fetched at every use, so that one at a time is held.
Tensor Run::input(Value value) const {
  auto initializer = evaluation.weights ? value.getDefiningOp<InitializerOp>() : InitializerOp();
  return initializer && initializer.getName() ? evaluation.weights(initializer) : values.lookup(value);
}

LogicalResult Run::runNode(Operation *op) {
  SmallVector<Tensor, 4> inputs;
  for (Value operand : op->getOperands())
    inputs.push_back(input(operand));
  constexpr int64_t unlimited = std::numeric_limits<int64_t>::max();
  Outputs outputs;
  try {
    outputs = evaluateNode({op, inputs, evaluation.weights ? unlimited : maxElements});
  } catch (const Error &error) {
    return emitNodeError(op) << error.what();
  }
  if (evaluation.observe)
    evaluation.observe(op, outputs);
  for (auto [result, tensor] : llvm::zip(op->getResults(), outputs)) {
    if (evaluation.weights && tensor.kind != Kind::None && !tensor.isKnown())
      return emitNodeError(op) << "expected a form of the operator that can be computed";
    budget -= tensor.isKnown() ? tensor.size() : 0;
    if (budget < 0 && !evaluation.weights)
      tensor.data = nullptr;
    values[result] = tensor;
  }
  return success();
}

LogicalResult Run::runOp(Operation *op) {
  if (op->hasTrait<Node>())
    return runNode(op);
  for (Value result : op->getResults()) {
    std::optional<Tensor> constant = constantOf(result);
    values[result] = constant ? *constant : raisedTensor(result, evaluation.size);
  }
  return success();
}

/// Large tensors go after their last use, so that a long chain of masks does not add up.
void Run::release(Operation *op) {
  for (Value operand : op->getOperands()) {
    auto [entry, isNew] = usesLeft.try_emplace(operand, 0);
    if (isNew)
      entry->second = llvm::count_if(
          operand.getUsers(), [&](Operation *user) { return !evaluation.only || evaluation.only->contains(user); });
    auto found = values.find(operand);
    if (--entry->second > 0 || found == values.end() || !found->second.isKnown() ||
        found->second.size() <= ONNXDialect::maxInlineElements)
      continue;
    budget += operand.getDefiningOp<InitializerOp>() ? 0 : found->second.size();
    found->second.data = nullptr;
  }
}

LogicalResult Run::run() {
  GraphOp graph = evaluation.graph;
  for (BlockArgument argument : graph.getArguments())
    values.try_emplace(argument, inputTensor(argument, evaluation.size));
  for (Operation &op : graph.getBody().front().without_terminator()) {
    bool isLeftOut = evaluation.only && !evaluation.only->contains(&op);
    if (isLeftOut || (op.getNumResults() > 0 && values.contains(op.getResult(0))))
      continue;
    if (failed(runOp(&op)))
      return failure();
    release(&op);
  }
  return success();
}

} // namespace

LogicalResult Evaluation::run(Values &values) const { return Run(*this, values).run(); }

} // namespace xlstm::onnx
