//===- Graph.cpp - run an imported ONNX graph as it came ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Onnx/Graph.h"

#include "lib/Onnx/Evaluate.h"
#include "xlstm/Support/Error.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;

namespace xlstm {

struct OnnxGraph::Impl {
  MLIRContext context{MLIRContext::Threading::DISABLED};
  OwningOpRef<ModuleOp> module;
  onnx::GraphOp graph;
  BlockArgument ids;
  std::string origin;
};

OnnxGraph OnnxGraph::parse(std::string_view mlir, const std::string &origin) {
  auto impl = std::make_shared<Impl>();
  impl->context.loadDialect<onnx::ONNXDialect>();
  impl->origin = origin;
  ScopedDiagnosticHandler quiet(&impl->context, [](Diagnostic &) { return success(); });
  impl->module = parseSourceString<ModuleOp>(std::string(mlir), ParserConfig(&impl->context));
  if (!impl->module || impl->module->getOps<onnx::GraphOp>().empty())
    fail(origin, ": expected a module with an onnx.graph");
  impl->graph = *impl->module->getOps<onnx::GraphOp>().begin();
  impl->ids = onnx::findIds(impl->graph);
  if (!impl->ids)
    fail(origin, ": expected an input of token ids, integers [B, T]");
  OnnxGraph result;
  result.impl = std::move(impl);
  return result;
}

static int64_t staticSize(BlockArgument ids, unsigned dim) {
  int64_t size = cast<RankedTensorType>(ids.getType()).getDimSize(dim);
  return ShapedType::isDynamic(size) ? -1 : size;
}

int64_t OnnxGraph::batch() const { return staticSize(impl->ids, 0); }
int64_t OnnxGraph::tokens() const { return staticSize(impl->ids, 1); }

static OnnxValue toValue(const onnx::Tensor &tensor) {
  return {{tensor.shape.begin(), tensor.shape.end()}, tensor.data};
}

/// The node with the names that its location holds.
static OnnxNodeRun describeRun(Operation *op, ArrayRef<onnx::Tensor> outputs) {
  auto name = dyn_cast<NameLoc>(op->getLoc());
  auto scope = name ? dyn_cast<NameLoc>(name.getChildLoc()) : NameLoc();
  OnnxNodeRun run{
      name ? name.getName().str() : "", op->getName().stripDialect().str(), scope ? scope.getName().str() : "", {}};
  for (const onnx::Tensor &output : outputs)
    run.outputs.push_back(toValue(output));
  return run;
}

OnnxValue OnnxGraph::run(const OnnxValue &ids, const Weights &weights, const Observer &observe) const {
  onnx::Evaluation evaluation{impl->graph, {ids.shape.at(0), ids.shape.at(1)}, nullptr, {}, {}};
  evaluation.weights = [&](onnx::InitializerOp initializer) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(initializer.getType()).getShape();
    onnx::Kind kind = onnx::kindOf(cast<RankedTensorType>(initializer.getType()).getElementType());
    std::vector<double> elements = weights(initializer.getName()->str());
    if (static_cast<int64_t>(elements.size()) != onnx::sizeOf(shape))
      fail(impl->origin, ": initializer '", initializer.getName()->str(), "': expected ", onnx::sizeOf(shape),
           " elements, found ", elements.size());
    return onnx::makeTensor(kind, shape, std::move(elements));
  };
  evaluation.observe = [&](Operation *op, ArrayRef<onnx::Tensor> outputs) { observe(describeRun(op, outputs)); };
  std::string error;
  ScopedDiagnosticHandler handler(impl->graph->getContext(), [&](Diagnostic &diagnostic) {
    error = diagnostic.str();
    return success();
  });
  onnx::Values values;
  values[impl->ids] = {onnx::Kind::Int, onnx::Shape(ids.shape.begin(), ids.shape.end()), ids.elements};
  if (failed(evaluation.run(values)))
    fail(impl->origin, ": ", error);
  onnx::GraphOp graph = impl->graph;
  SmallVector<unsigned> logits = onnx::findLogits(graph, [&](Value value) { return values.lookup(value); });
  if (logits.size() != 1)
    fail(impl->origin, ": expected one output of logits, floats [B, T, V], found ", logits.size());
  return toValue(values.lookup(graph.getReturn()->getOperand(logits[0])));
}

} // namespace xlstm
