//===- Graph.cpp - what raising asks of an onnx graph ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Graph.h"

#include <charconv>

using namespace mlir;

namespace xlstm::raise {

SmallVector<onnx::Size> probeSizes(BlockArgument ids) {
  auto type = cast<RankedTensorType>(ids.getType());
  onnx::Size first{3, 7}, second{2, 11};
  for (auto [dim, a, b] : {std::tuple(0, &first.batch, &second.batch), std::tuple(1, &first.tokens, &second.tokens)})
    if (!type.isDynamicDim(dim))
      *a = *b = type.getDimSize(dim);
  if (type.hasStaticShape())
    return {first};
  return {first, second};
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

std::optional<Tensor> evaluate(Value value, onnx::Size size, const onnx::Values &given) {
  auto graph = cast<onnx::GraphOp>(value.getParentBlock()->getParentOp());
  llvm::SetVector<Operation *> slice = backwardSlice(value);
  onnx::Values values = given;
  if (failed(onnx::Evaluation{graph, size, &slice, {}, {}}.run(values)))
    return std::nullopt;
  Tensor result = values.lookup(value);
  return result.isKnown() ? std::optional(result) : std::nullopt;
}

std::optional<double> scalarOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (type && type.hasStaticShape() && type.getNumElements() != 1)
    return std::nullopt;
  std::optional<Tensor> tensor = onnx::constantOf(value);
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
  BlockArgument ids = onnx::findIds(graph);
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
  if (graph.getNumArguments() > 0 && onnx::inputName(graph.getArguments().back()) == "docs")
    return graph.getArguments().back();
  BlockArgument ids = onnx::findIds(graph);
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
  Value docs = documentsOf(graph), ids = docs ? Value(onnx::findIds(graph)) : Value();
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
