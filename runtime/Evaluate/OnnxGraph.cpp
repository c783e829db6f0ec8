//===- OnnxGraph.cpp - run an imported ONNX graph as it came --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Evaluate/OnnxGraph.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "runtime/Evaluate/OnnxOps.h"
#include "xlstm/Support/Error.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"

#include <ATen/ATen.h>

using at::Tensor;

namespace xlstm {
namespace evaluate {

const Tensor &OnnxCall::in(size_t i) const {
  if (!has(i))
    fail("expected input ", i);
  return inputs[i];
}

int64_t OnnxCall::integer(llvm::StringRef name, int64_t fallback) const {
  auto attr = op->getAttrOfType<mlir::IntegerAttr>(name);
  return attr ? attr.getInt() : fallback;
}

double OnnxCall::number(llvm::StringRef name, double fallback) const {
  auto attr = op->getAttrOfType<mlir::FloatAttr>(name);
  return attr ? attr.getValueAsDouble() : fallback;
}

std::vector<int64_t> OnnxCall::list(llvm::StringRef attribute, size_t i) const {
  if (auto attr = op->getAttrOfType<mlir::DenseI64ArrayAttr>(attribute))
    return attr.asArrayRef().vec();
  if (!has(i))
    return {};
  Tensor values = in(i).to(at::kLong).reshape({-1}).contiguous();
  return {values.data_ptr<int64_t>(), values.data_ptr<int64_t>() + values.numel()};
}

/// Floats as float64, integers as int64.
static Tensor widen(const Tensor &tensor) {
  if (tensor.scalar_type() == at::kBool)
    return tensor;
  return tensor.to(tensor.is_floating_point() ? at::kDouble : at::kLong);
}

static Tensor fromDense(mlir::DenseElementsAttr value) {
  std::vector<double> numbers;
  mlir::Type element = value.getElementType();
  if (mlir::isa<mlir::FloatType>(element)) {
    for (llvm::APFloat number : value.getValues<llvm::APFloat>()) {
      bool inexact = false;
      number.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &inexact);
      numbers.push_back(number.convertToDouble());
    }
    return at::tensor(numbers, at::kDouble).reshape(value.getType().getShape().vec());
  }
  std::vector<int64_t> integers;
  for (const llvm::APInt &number : value.getValues<llvm::APInt>())
    integers.push_back(element.isInteger(1) || element.isUnsignedInteger() ? static_cast<int64_t>(number.getZExtValue())
                                                                           : number.getSExtValue());
  Tensor tensor = at::tensor(integers, at::kLong).reshape(value.getType().getShape().vec());
  return element.isInteger(1) ? tensor.to(at::kBool) : tensor;
}

static Tensors constantOfShape(const OnnxCall &call) {
  auto attr = call.op->getAttrOfType<mlir::DenseElementsAttr>("value");
  Tensor value = attr ? fromDense(attr).reshape({}) : at::zeros({}, at::kDouble);
  return {value.expand(call.list("", 0)).clone()};
}

static const OnnxTable &onnxTable() {
  static const OnnxTable table = [] {
    OnnxTable result;
    addOnnxElementwise(result);
    addOnnxMovement(result);
    addOnnxBlocks(result);
    addOnnxAttention(result);
    result["ConstantOfShape"] = constantOfShape;
    return result;
  }();
  return table;
}

} // namespace evaluate

struct OnnxGraph::Impl {
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  mlir::OwningOpRef<mlir::ModuleOp> module;
  onnx::GraphOp graph;
  mlir::BlockArgument ids;
  std::string origin;
};

static std::string inputName(onnx::GraphOp graph, unsigned argument) {
  auto name = graph.getArgAttrOfType<mlir::StringAttr>(argument, onnx::ONNXDialect::nameAttrName);
  return name ? name.str() : "";
}

static mlir::RankedTensorType tokenType(mlir::BlockArgument argument) {
  auto type = mlir::dyn_cast<mlir::RankedTensorType>(argument.getType());
  return type && type.getRank() == 2 && type.getElementType().isSignlessInteger() && !type.getElementType().isInteger(1)
             ? type
             : mlir::RankedTensorType();
}

OnnxGraph OnnxGraph::parse(std::string_view mlir, const std::string &origin) {
  auto impl = std::make_shared<Impl>();
  impl->context.loadDialect<onnx::ONNXDialect>();
  impl->origin = origin;
  mlir::ScopedDiagnosticHandler quiet(&impl->context, [](mlir::Diagnostic &) { return mlir::success(); });
  impl->module = mlir::parseSourceString<mlir::ModuleOp>(std::string(mlir), mlir::ParserConfig(&impl->context));
  if (!impl->module || impl->module->getOps<onnx::GraphOp>().empty())
    fail(origin, ": expected a module with an onnx.graph");
  impl->graph = *impl->module->getOps<onnx::GraphOp>().begin();
  for (mlir::BlockArgument argument : impl->graph.getArguments()) {
    std::string name = inputName(impl->graph, argument.getArgNumber());
    bool isOther = name.find("mask") != std::string::npos || name.find("position") != std::string::npos;
    if (tokenType(argument) && (name == "input_ids" || (!isOther && !impl->ids)))
      impl->ids = argument;
  }
  if (!impl->ids)
    fail(origin, ": expected an input of token ids, integers [B, T]");
  OnnxGraph result;
  result.impl = std::move(impl);
  return result;
}

static int64_t staticSize(mlir::BlockArgument ids, unsigned dim) {
  int64_t size = tokenType(ids).getDimSize(dim);
  return mlir::ShapedType::isDynamic(size) ? -1 : size;
}

int64_t OnnxGraph::batch() const { return staticSize(impl->ids, 0); }
int64_t OnnxGraph::tokens() const { return staticSize(impl->ids, 1); }

/// What stands for an input that is not the ids: ones for a mask, 0, 1, ... for positions, a cache of no tokens.
static Tensor makeInput(mlir::BlockArgument argument, const std::string &name, const Tensor &ids) {
  auto type = mlir::dyn_cast<mlir::RankedTensorType>(argument.getType());
  if (tokenType(argument)) {
    bool isPosition = name.find("position") != std::string::npos;
    return isPosition ? at::arange(ids.size(1), at::kLong).expand(ids.sizes()) : at::ones(ids.sizes(), at::kLong);
  }
  std::vector<int64_t> shape = type ? type.getShape().vec() : std::vector<int64_t>();
  for (size_t i = 0; i < shape.size(); ++i)
    if (mlir::ShapedType::isDynamic(shape[i]))
      shape[i] = i == 0 ? ids.size(0) : 0;
  bool isFloat = type && mlir::isa<mlir::FloatType>(type.getElementType());
  return at::zeros(shape, isFloat ? at::kDouble : at::kLong);
}

static std::string scopeOf(mlir::Operation &op) {
  auto name = mlir::dyn_cast<mlir::NameLoc>(op.getLoc());
  auto scope = name ? mlir::dyn_cast<mlir::NameLoc>(name.getChildLoc()) : mlir::NameLoc();
  return scope ? scope.getName().str() : "";
}

static std::string nameOf(mlir::Operation &op) {
  auto name = mlir::dyn_cast<mlir::NameLoc>(op.getLoc());
  return name ? name.getName().str() : "";
}

Tensor OnnxGraph::run(const Tensor &ids, const Weights &weights, const Observer &observe) const {
  llvm::DenseMap<mlir::Value, std::pair<Tensor, size_t>> values; // each kept until its last use
  auto set = [&](mlir::Value value, const Tensor &tensor) {
    if (size_t uses = std::distance(value.use_begin(), value.use_end()); uses && tensor.defined())
      values[value] = {tensor, uses};
  };
  auto take = [&](mlir::Value value) {
    auto found = values.find(value);
    if (found == values.end())
      return Tensor();
    Tensor tensor = found->second.first;
    if (--found->second.second == 0)
      values.erase(found);
    return tensor;
  };
  onnx::GraphOp graph = impl->graph;
  for (mlir::BlockArgument argument : graph.getArguments())
    set(argument, argument == impl->ids ? ids : makeInput(argument, inputName(graph, argument.getArgNumber()), ids));
  mlir::Block &body = graph.getBody().front();
  for (mlir::Operation &op : body.without_terminator()) {
    if (mlir::isa<onnx::NoneOp>(op))
      continue;
    if (auto initializer = mlir::dyn_cast<onnx::InitializerOp>(op)) {
      set(op.getResult(0),
          evaluate::widen(initializer.getName()
                              ? weights(initializer.getName()->str())
                              : evaluate::fromDense(mlir::cast<mlir::DenseElementsAttr>(*initializer.getValue()))));
      continue;
    }
    std::string place = impl->origin + ": " + onnx::describeNode(&op);
    evaluate::OnnxCall call{&op, {}};
    for (mlir::Value operand : op.getOperands())
      call.inputs.push_back(take(operand));
    std::vector<Tensor> outputs;
    try {
      auto function = evaluate::onnxTable().find(op.getName().stripDialect());
      if (function == evaluate::onnxTable().end())
        fail("the evaluator does not know this operator");
      outputs = function->second(call);
    } catch (const c10::Error &error) {
      std::string text = error.what_without_backtrace();
      throw Error(place + text.substr(0, text.find('\n')));
    } catch (const Error &error) {
      throw Error(place + error.what());
    }
    for (auto [result, tensor] : llvm::zip(op.getResults(), outputs))
      set(result, tensor);
    observe({nameOf(op), op.getName().stripDialect().str(), scopeOf(op), outputs});
  }
  Tensor logits;
  for (auto [i, operand] : llvm::enumerate(body.getTerminator()->getOperands())) {
    auto name = graph.getResultAttrOfType<mlir::StringAttr>(i, onnx::ONNXDialect::nameAttrName);
    Tensor value = take(operand);
    bool fits = value.defined() && value.is_floating_point() && value.dim() == 3;
    if (fits && (!logits.defined() || (name && name.getValue() == "logits")))
      logits = value;
  }
  if (!logits.defined())
    fail(impl->origin, ": expected an output of logits, floats [B, T, V]");
  return logits;
}

} // namespace xlstm
