//===- Program.cpp - a parsed module and its functions --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Evaluate/Program.h"

#include "dialects/LM/ModuleReader.h"
#include "runtime/Evaluate/Interpreter.h"
#include "runtime/Evaluate/Upload.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Support/Error.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

#include <ATen/ops/full.h>

#include <map>

using at::Tensor;

namespace xlstm {

struct Program::Impl {
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::map<std::string, FunctionSpec> specs;
  std::map<std::string, lm::ModelOp> functions;
};

static ValueSpec valueSpec(mlir::Type type, mlir::DictionaryAttr attributes) {
  auto tensor = mlir::dyn_cast<mlir::RankedTensorType>(type);
  if (!tensor)
    fail("arguments and results must be ranked tensors");
  ValueSpec spec;
  spec.dtype = evaluate::toDType(tensor.getElementType());
  for (int64_t size : tensor.getShape())
    spec.shape.push_back(mlir::ShapedType::isDynamic(size) ? -1 : size);
  if (!attributes)
    return spec;
  if (auto name = attributes.getAs<mlir::StringAttr>("lm.name"))
    spec.name = name.str();
  if (auto state = attributes.getAs<mlir::StringAttr>(lm::LMDialect::stateAttrName)) {
    spec.name = state.str();
    spec.isState = true;
    spec.init = attributes.getAs<mlir::FloatAttr>(lm::LMDialect::initAttrName).getValueAsDouble();
  }
  return spec;
}

static ParamSpec paramSpec(lm::ParamOp op) {
  auto type = mlir::cast<mlir::RankedTensorType>(op.getType());
  ParamSpec spec{{op.getName().str(), evaluate::toDType(type.getElementType()), type.getShape().vec()}, {}};
  spec.isRounded = evaluate::heldAs(op.getResult(), at::kFloat).has_value();
  if (auto text = mlir::dyn_cast_or_null<mlir::StringAttr>(op.getInitAttr()))
    spec.init = text.str();
  else if (auto number = mlir::dyn_cast_or_null<mlir::FloatAttr>(op.getInitAttr()))
    spec.init = number.getValueAsDouble();
  return spec;
}

/// Whether the evaluator looks at values, of documents, to choose what it launches for the op.
static bool readsOnHost(mlir::Operation &op) {
  if (auto attention = mlir::dyn_cast<lm::AttentionOp>(op)) // without a window: RunInputs has what it needs
    return attention.getPos() || attention.getWindow().value_or(0) > 0;
  if (auto hybrid = mlir::dyn_cast<xlstm::HybridOp>(op)) {
    int64_t d = mlir::cast<mlir::RankedTensorType>(hybrid.getQ().getType()).getDimSize(3);
    return hybrid.getForm() != xlstm::Form::Chunkwise || d % 8 || d > 256;
  }
  return mlir::isa<xlstm::MlstmOp, xlstm::GatedDeltaOp>(op);
}

/// What an op says of the arguments that it reads: where documents are packed, what tokens must be below.
static void noteArguments(mlir::Operation &op, lm::ModelOp model, FunctionSpec &spec) {
  auto indexOf = [&](mlir::Value value) {
    auto argument = mlir::dyn_cast_or_null<mlir::BlockArgument>(value);
    return argument && argument.getOwner() == &model.getBody().front() ? int64_t(argument.getArgNumber()) : -1;
  };
  auto limit = [&](mlir::Value tokens, int64_t below) {
    if (int64_t n = indexOf(tokens); n >= 0)
      spec.arguments[n].below = below;
  };
  auto sizeOf = [](mlir::Value value, unsigned dim) {
    return mlir::cast<mlir::RankedTensorType>(value.getType()).getDimSize(dim);
  };
  if (auto attention = mlir::dyn_cast<lm::AttentionOp>(op); attention && attention.getDocStart())
    spec.packedArgument = indexOf(attention.getDocStart());
  if (auto embed = mlir::dyn_cast<lm::EmbedOp>(op))
    limit(embed.getIds(), sizeOf(embed.getTable(), 0));
  if (auto losses = mlir::dyn_cast<xlstm::HeadLossesOp>(op)) {
    limit(losses.getLabels(), sizeOf(losses.getWeight(), 0));
    limit(losses.getIds(), sizeOf(losses.getWeight(), 0));
  }
}

static FunctionSpec functionSpec(lm::ModelOp model) {
  FunctionSpec spec;
  spec.name = model.getSymName().str();
  spec.numLayers = model.getLayers().size();
  spec.contextLength = model.getContextLength().value_or(0);
  spec.family = model.getFamily().value_or("").str();
  for (auto [index, type] : llvm::enumerate(model.getArgumentTypes()))
    spec.arguments.push_back(valueSpec(type, model.getArgAttrDict(index)));
  for (auto [index, type] : llvm::enumerate(model.getResultTypes()))
    spec.results.push_back(valueSpec(type, model.getResultAttrDict(index)));
  // The last results are the new states, in the order of the arguments.
  unsigned first = model.getFirstStateArgument(), numStates = model.getNumArguments() - first;
  for (unsigned i = 0; i < numStates; ++i)
    spec.results[spec.results.size() - numStates + i] = spec.arguments[first + i];
  // No exception may cross MLIR's own frames, so the walk only collects.
  std::vector<lm::ParamOp> params;
  model.walk([&](mlir::Operation *op) {
    if (auto param = mlir::dyn_cast<lm::ParamOp>(op))
      params.push_back(param);
    if (spec.hostReader.empty() && readsOnHost(*op))
      spec.hostReader = op->getName().getStringRef().str();
    noteArguments(*op, model, spec);
  });
  std::map<std::string, size_t> seen;
  for (lm::ParamOp op : params) {
    ParamSpec read = paramSpec(op);
    auto [at, isNew] = seen.try_emplace(read.tensor.name, spec.params.size());
    if (isNew)
      spec.params.push_back(std::move(read));
    else // one reader that takes it as it is, and it is not rounded
      spec.params[at->second].isRounded &= read.isRounded;
  }
  return spec;
}

/// A top-level op as a function of which every op is known.
static lm::ModelOp checkModel(mlir::Operation &op) {
  auto model = mlir::dyn_cast<lm::ModelOp>(op);
  if (!model)
    fail(evaluate::describe(op.getLoc()), ": expected lm.model, found ", op.getName().getStringRef().str());
  mlir::Operation *unknown = nullptr;
  model.getBody().walk([&](mlir::Operation *inner) {
    bool known =
        inner->hasTrait<mlir::OpTrait::IsTerminator>() || evaluate::opTable().count(inner->getName().getStringRef());
    unknown = known ? nullptr : inner;
    return known ? mlir::WalkResult::advance() : mlir::WalkResult::interrupt();
  });
  if (unknown)
    fail(evaluate::describe(unknown->getLoc()), ": the evaluator does not know ",
         unknown->getName().getStringRef().str());
  return model;
}

Program Program::parse(std::string_view mlir, const std::string &origin) {
  auto impl = std::make_shared<Impl>();
  impl->context.loadDialect<lm::LMDialect, xlstm::XLSTMDialect>();
  std::string problem;
  mlir::ScopedDiagnosticHandler handler(&impl->context, [&](mlir::Diagnostic &diagnostic) {
    if (problem.empty() && diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
      problem = evaluate::describe(diagnostic.getLocation()) + ": " + diagnostic.str();
  });
  impl->module = lm::readModule(mlir, origin, impl->context);
  if (!impl->module)
    fail(problem.empty() ? origin + ": not an MLIR module" : problem);
  for (mlir::Operation &op : *impl->module->getBody()) {
    lm::ModelOp model = checkModel(op);
    try {
      impl->specs[model.getSymName().str()] = functionSpec(model);
    } catch (const Error &error) {
      fail(evaluate::describe(op.getLoc()), ": @", model.getSymName().str(), ": ", error.what());
    }
    impl->functions[model.getSymName().str()] = model;
  }
  Program program;
  program.impl = std::move(impl);
  return program;
}

Program Program::load(const std::filesystem::path &file) { return parse(readTextFile(file), file.string()); }

bool Program::has(const std::string &function) const { return impl->specs.count(function); }

const FunctionSpec &Program::function(const std::string &name) const {
  auto found = impl->specs.find(name);
  if (found != impl->specs.end())
    return found->second;
  std::string names;
  for (const auto &[known, spec] : impl->specs)
    names += (names.empty() ? "@" : ", @") + known;
  fail("the module has no function @", name, "; it has ", names.empty() ? "none" : names);
}

/// The argument in the type in which the run holds it and on its device, the shape checked.
static Tensor checkArgument(const Tensor &argument, const FunctionSpec &function, size_t index, at::ScalarType type,
                            c10::Device device) {
  const ValueSpec &spec = function.arguments[index];
  std::string place = "@" + function.name + ": argument " + std::to_string(index) +
                      (spec.name.empty() ? "" : " (" + spec.name + ")") + ": ";
  if (!argument.defined())
    fail(place, "there is no tensor");
  bool agrees = argument.dim() == static_cast<int64_t>(spec.shape.size());
  for (size_t n = 0; agrees && n < spec.shape.size(); ++n)
    agrees = spec.shape[n] == -1 || spec.shape[n] == argument.size(n);
  if (!agrees)
    fail(place, "expected shape ", at::IntArrayRef(spec.shape), ", found ", argument.sizes());
  if (isFloat(spec.dtype) != argument.is_floating_point())
    fail(place, "expected ", safetensorsName(spec.dtype), ", found ", c10::toString(argument.scalar_type()));
  return evaluate::upload(argument, device,
                          isFloat(spec.dtype) ? evaluate::heldAs(spec.dtype, type) : argument.scalar_type());
}

std::vector<Tensor> Program::run(const std::string &name, const std::vector<Tensor> &arguments, const ParamMap &params,
                                 const EvalOptions &options) const {
  const FunctionSpec &spec = function(name);
  if (arguments.size() != spec.arguments.size())
    fail("@", name, ": expected ", spec.arguments.size(), " arguments, found ", arguments.size());
  c10::Device device = params.empty() ? arguments.empty() ? c10::Device(at::kCPU) : arguments[0].device()
                                      : params.begin()->second.device();
  evaluate::Frame frame(params, options, device, std::make_shared<evaluate::SharedRun>(impl));
  mlir::Block &body = lm::ModelOp(impl->functions.at(name)).getBody().front();
  for (size_t index = 0; index < arguments.size(); ++index) {
    const Tensor &source = options.inputs ? options.inputs->arguments[index] : arguments[index];
    Tensor argument = checkArgument(source, spec, index, options.type, device);
    if (arguments[index].is_cpu() && !argument.is_cpu() && !argument.is_floating_point())
      frame.tables.keepHost(argument, arguments[index]);
    frame.set(body.getArgument(index), std::move(argument));
  }
  return evaluate::runBlock(body, frame);
}

std::vector<Tensor> Program::initialState(const std::string &name, int64_t batch, at::ScalarType type) const {
  std::vector<Tensor> states;
  for (const ValueSpec &spec : function(name).arguments) {
    if (!spec.isState)
      continue;
    std::vector<int64_t> shape = spec.shape;
    if (shape[0] != -1 && shape[0] != batch)
      fail("@", name, ": expected a batch of ", shape[0], " rows, found ", batch);
    shape[0] = batch;
    states.push_back(at::full(shape, spec.init, evaluate::heldAs(spec.dtype, type)));
  }
  return states;
}

} // namespace xlstm
