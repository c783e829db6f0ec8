//===- Graph.cpp - an onnx graph, evaluated for small sizes ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Graph.h"

#include "lib/Transforms/Raise/Evaluate.h"

#include <charconv>
#include <numeric>

using namespace mlir;

namespace xlstm::raise {

static StringRef nameOf(BlockArgument argument) {
  auto graph = cast<onnx::GraphOp>(argument.getOwner()->getParentOp());
  auto name = graph.getArgAttrOfType<StringAttr>(argument.getArgNumber(), onnx::ONNXDialect::nameAttrName);
  return name ? name.getValue() : "";
}

static bool isIntegerMatrix(BlockArgument argument) {
  auto type = dyn_cast<RankedTensorType>(argument.getType());
  return type && type.getRank() == 2 && type.getElementType().isSignlessInteger() &&
         !type.getElementType().isInteger(1);
}

BlockArgument findIds(onnx::GraphOp graph) {
  SmallVector<BlockArgument> found;
  for (BlockArgument argument : graph.getArguments()) {
    if (!isIntegerMatrix(argument))
      continue;
    if (nameOf(argument) == "input_ids")
      return argument;
    if (!nameOf(argument).contains("mask") && !nameOf(argument).contains("position") && nameOf(argument) != "docs")
      found.push_back(argument);
  }
  if (found.size() == 1)
    return found.front();
  onnx::emitNodeError(graph) << "expected one input of token ids, integers [B, T], found " << found.size();
  return {};
}

SmallVector<Size> probeSizes(BlockArgument ids) {
  auto type = cast<RankedTensorType>(ids.getType());
  Size first{3, 7}, second{2, 11};
  for (auto [dim, a, b] : {std::tuple(0, &first.batch, &second.batch), std::tuple(1, &first.tokens, &second.tokens)})
    if (!type.isDynamicDim(dim))
      *a = *b = type.getDimSize(dim);
  if (type.hasStaticShape())
    return {first};
  return {first, second};
}

/// What stands for an input of the graph.
static Tensor inputTensor(BlockArgument argument, Size size) {
  auto type = dyn_cast<RankedTensorType>(argument.getType());
  if (!type)
    return {};
  Tensor tensor{kindOf(type.getElementType()), SmallVector<int64_t, 4>(type.getShape()), nullptr};
  if (isIntegerMatrix(argument)) {
    tensor.shape = {size.batch, size.tokens};
    std::vector<double> data(tensor.size(), 1);
    if (nameOf(argument).contains("position"))
      forEachElement(tensor.shape,
                     [&](ArrayRef<int64_t> index, int64_t at) { data[at] = static_cast<double>(index[1]); });
    else if (!nameOf(argument).contains("mask"))
      return tensor;
    return makeTensor(tensor.kind, tensor.shape, std::move(data));
  }
  for (auto [i, dim] : llvm::enumerate(tensor.shape))
    if (ShapedType::isDynamic(dim))
      dim = i == 0 ? size.batch : 0; // a cache of no tokens
  if (tensor.size() == 0)
    tensor.data = std::make_shared<const std::vector<double>>();
  return tensor;
}

/// The result of an op that was raised already: its first two dimensions are batch and tokens.
static Tensor raisedTensor(Value value, Size size) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return {};
  Tensor tensor{kindOf(type.getElementType()), SmallVector<int64_t, 4>(type.getShape()), nullptr};
  for (auto [i, dim] : llvm::enumerate(tensor.shape))
    if (ShapedType::isDynamic(dim))
      dim = i == 0 ? size.batch : size.tokens;
  return tensor;
}

static LogicalResult evaluateNode(Operation &op, Size size, Values &values, int64_t &budget) {
  if (auto initializer = dyn_cast<onnx::InitializerOp>(op)) {
    std::optional<Tensor> constant = constantOf(op.getResult(0));
    auto type = cast<RankedTensorType>(initializer.getType());
    values[op.getResult(0)] =
        constant ? *constant : Tensor{kindOf(type.getElementType()), SmallVector<int64_t, 4>(type.getShape()), nullptr};
    return success();
  }
  if (!op.hasTrait<onnx::Node>()) {
    for (Value result : op.getResults())
      values[result] = raisedTensor(result, size);
    return success();
  }
  SmallVector<Tensor, 4> inputs;
  for (Value operand : op.getOperands())
    inputs.push_back(values.lookup(operand));
  Call call{&op, inputs, {}, {}};
  Evaluator evaluator = findEvaluator(op.getName().stripDialect());
  if (!evaluator)
    return onnx::emitNodeError(&op) << "expected an operator whose shapes are known";
  if (!evaluator(call))
    return onnx::emitNodeError(&op) << call.error;
  for (auto [result, tensor] : llvm::zip(op.getResults(), call.outputs)) {
    budget -= tensor.isKnown() ? tensor.size() : 0;
    if (budget < 0)
      tensor.data = nullptr;
    values[result] = tensor;
  }
  return success();
}

LogicalResult evaluateGraph(onnx::GraphOp graph, Size size, Values &values, const llvm::SetVector<Operation *> *only) {
  int64_t budget = 4 * maxElements;
  // Large tensors go after their last use, so that a long chain of masks does not add up.
  llvm::DenseMap<Value, unsigned> usesLeft;
  auto release = [&](Operation &op) {
    for (Value operand : op.getOperands()) {
      auto [entry, isNew] = usesLeft.try_emplace(operand, 0);
      if (isNew)
        entry->second =
            llvm::count_if(operand.getUsers(), [&](Operation *user) { return !only || only->contains(user); });
      auto found = values.find(operand);
      if (--entry->second > 0 || found == values.end() || !found->second.isKnown() ||
          found->second.size() <= onnx::ONNXDialect::maxInlineElements)
        continue;
      budget += operand.getDefiningOp<onnx::InitializerOp>() ? 0 : found->second.size();
      found->second.data = nullptr;
    }
  };
  for (BlockArgument argument : graph.getArguments())
    values.try_emplace(argument, inputTensor(argument, size));
  for (Operation &op : graph.getBody().front().without_terminator()) {
    if (only && !only->contains(&op))
      continue;
    if (op.getNumResults() > 0 && values.contains(op.getResult(0)))
      continue;
    if (failed(evaluateNode(op, size, values, budget)))
      return failure();
    release(op);
  }
  return success();
}

llvm::SetVector<Operation *> backwardSlice(Value value) {
  llvm::SetVector<Operation *> slice;
  SmallVector<Value> work{value};
  while (!work.empty()) {
    Operation *op = work.pop_back_val().getDefiningOp();
    // Beyond what was raised lie the activations; of these only shapes are needed.
    if (!op || !slice.insert(op) || isa<lm::LMDialect>(op->getDialect()))
      continue;
    llvm::append_range(work, op->getOperands());
  }
  return slice;
}

std::optional<Tensor> evaluate(Value value, Size size, const Values &given) {
  auto graph = cast<onnx::GraphOp>(value.getParentBlock()->getParentOp());
  llvm::SetVector<Operation *> slice = backwardSlice(value);
  Values values = given;
  if (failed(evaluateGraph(graph, size, values, &slice)))
    return std::nullopt;
  Tensor result = values.lookup(value);
  return result.isKnown() ? std::optional(result) : std::nullopt;
}

/// The mask that a band describes, where it is small enough to compute with.
static std::optional<Tensor> expandBand(RankedTensorType type, DictionaryAttr band) {
  Tensor mask{kindOf(type.getElementType()), SmallVector<int64_t, 4>(type.getShape()), nullptr};
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
  auto initializer = value.getDefiningOp<onnx::InitializerOp>();
  if (initializer && initializer.getBandAttr())
    return expandBand(cast<RankedTensorType>(initializer.getType()), initializer.getBandAttr());
  if (!initializer || !initializer.getValue())
    return std::nullopt;
  return fromAttr(*initializer.getValue());
}

std::optional<double> scalarOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (type && type.hasStaticShape() && type.getNumElements() != 1)
    return std::nullopt;
  std::optional<Tensor> tensor = constantOf(value);
  return tensor && tensor->size() == 1 ? std::optional((*tensor)[0]) : std::nullopt;
}

onnx::InitializerOp weightOf(Value value, int64_t rank) {
  auto initializer = value.getDefiningOp<onnx::InitializerOp>();
  if (!initializer || !initializer.getName())
    return {};
  auto type = cast<RankedTensorType>(initializer.getType());
  return type.getRank() == rank && isa<FloatType>(type.getElementType()) ? initializer : onnx::InitializerOp();
}

bool isEmpty(onnx::GraphOp graph, Value value) {
  BlockArgument ids = findIds(graph);
  std::optional<Tensor> tensor = ids ? evaluate(value, probeSizes(ids).back()) : std::nullopt;
  return tensor && tensor->size() == 0;
}

Value givenOperand(Operation *op, unsigned i) {
  bool isGiven = i < op->getNumOperands() && !op->getOperand(i).getDefiningOp<onnx::NoneOp>();
  return isGiven ? op->getOperand(i) : Value();
}

ArrayRef<int64_t> shapeOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? type.getShape() : ArrayRef<int64_t>();
}

Value documentsOf(onnx::GraphOp graph) {
  if (graph.getNumArguments() > 0 && nameOf(graph.getArguments().back()) == "docs")
    return graph.getArguments().back();
  BlockArgument ids = findIds(graph);
  if (!ids)
    return {};
  Builder builder(graph.getContext());
  auto type = cast<RankedTensorType>(ids.getType()).clone(builder.getI32Type());
  auto name = builder.getNamedAttr(onnx::ONNXDialect::nameAttrName, builder.getStringAttr("docs"));
  graph.insertArgument(graph.getNumArguments(), type, builder.getDictionaryAttr(name), graph.getLoc());
  return graph.getArguments().back();
}

Value positionsOf(onnx::GraphOp graph) {
  for (auto op : graph.getBody().getOps<lm::PositionsOp>())
    return op.getResult();
  Value docs = documentsOf(graph), ids = docs ? Value(findIds(graph)) : Value();
  if (!ids)
    return {};
  OpBuilder builder = OpBuilder::atBlockBegin(&graph.getBody().front());
  return builder.create<lm::PositionsOp>(graph.getLoc(), docs.getType(), ids, docs, Value());
}

void eraseDeadNodes(onnx::GraphOp graph) {
  SmallVector<Operation *> ops;
  for (Operation &op : graph.getBody().front().without_terminator())
    ops.push_back(&op);
  for (Operation *op : llvm::reverse(ops))
    if (op->use_empty() && isMemoryEffectFree(op))
      op->erase();
}

double shortestDecimal(double value) {
  char text[64];
  char *end = std::to_chars(text, text + sizeof(text), static_cast<float>(value)).ptr;
  double result = value;
  std::from_chars(text, end, result);
  return result;
}

} // namespace xlstm::raise
