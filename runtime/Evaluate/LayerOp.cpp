//===- LayerOp.cpp - layers, once or once more for the gradient -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Interpreter.h"

#include <ATen/core/ivalue.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

namespace xlstm::evaluate {

namespace {

/// A layer with what it reads: its arguments, values from outside of it, and params, in this order one tensor each. It
/// can be run when the function that it stands in has long ended.
struct LayerCall : torch::CustomClassHolder {
  LayerCall(lm::LayerOp op, const Frame &frame) : op(op), device(frame.device), shared(frame.run) {}

  lm::LayerOp op;
  c10::Device device;
  std::shared_ptr<SharedRun> shared;
  std::vector<mlir::Value> values;
  std::vector<std::string> params;
  // Of the run for the gradient: the caller's options, but nobody looks, and the ops that results with a gradient need.
  EvalOptions again;
  llvm::DenseSet<mlir::Operation *> needed;

  variable_list runAgain(at::ArrayRef<Tensor> x) const { return run(x, again, &needed); }
  variable_list run(at::ArrayRef<Tensor> x, const EvalOptions &options,
                    const llvm::DenseSet<mlir::Operation *> *chosen = nullptr) const {
    ParamMap held;
    for (size_t n = 0; n < params.size(); ++n)
      held[params[n]] = x[values.size() + n];
    Frame frame(held, options, device, shared);
    for (size_t n = 0; n < values.size(); ++n)
      frame.give(values[n], x[n]);
    lm::LayerOp layer = op;
    frame.layer = layer.getIndex();
    frame.chosen = chosen;
    return runBlock(layer.getBody().front(), frame);
  }
};

/// Takes what the layer reads out of the frame.
variable_list takeOperands(LayerCall &call, Frame &frame) {
  lm::LayerOp op = call.op;
  variable_list x;
  for (auto [argument, input] : llvm::zip(op.getBody().getArguments(), op.getInputs())) {
    call.values.push_back(argument);
    x.push_back(frame.takeHeld(input));
  }
  llvm::DenseMap<mlir::Value, Tensor> outer; // taken once a use
  op.getBody().walk([&](mlir::Operation *inner) {
    for (mlir::Value value : inner->getOperands())
      if (!op.getBody().isAncestor(value.getParentRegion()))
        if (Tensor tensor = frame.takeHeld(value); outer.try_emplace(value, tensor).second) {
          call.values.push_back(value);
          x.push_back(tensor);
        }
  });
  std::set<std::string> names;
  op.getBody().walk([&](lm::ParamOp param) {
    auto found = frame.params.find(param.getName().str());
    if (found == frame.params.end() || !names.insert(found->first).second)
      return; // one that is missing is said by its op
    call.params.push_back(found->first);
    x.push_back(found->second);
  });
  return x;
}

/// For each of the layer's results whether it is computed of anything that has a gradient.
std::vector<bool> findVarying(const LayerCall &call, const variable_list &x) {
  llvm::DenseSet<mlir::Value> varying;
  std::set<std::string> params;
  for (size_t n = 0; n < x.size(); ++n)
    if (x[n].requires_grad() && n < call.values.size())
      varying.insert(call.values[n]);
    else if (x[n].requires_grad())
      params.insert(call.params[n - call.values.size()]);
  auto varies = [&](mlir::Value value) { return varying.contains(value); };
  mlir::Block &body = lm::LayerOp(call.op).getBody().front();
  for (mlir::Operation &op : body) {
    auto param = mlir::dyn_cast<lm::ParamOp>(op);
    if (param ? params.contains(param.getName().str()) : llvm::any_of(op.getOperands(), varies))
      varying.insert(op.getResults().begin(), op.getResults().end());
  }
  std::vector<bool> results;
  for (mlir::Value value : body.getTerminator()->getOperands())
    results.push_back(varies(value));
  return results;
}

/// The ops that the results for which `varying` is true are computed by.
llvm::DenseSet<mlir::Operation *> findNeeded(lm::LayerOp op, const std::vector<bool> &varying) {
  mlir::Block &body = op.getBody().front();
  llvm::DenseSet<mlir::Operation *> needed;
  for (auto [value, varies] : llvm::zip(body.getTerminator()->getOperands(), varying))
    if (mlir::Operation *by = value.getDefiningOp(); by && varies)
      needed.insert(by);
  for (mlir::Operation &inner : llvm::reverse(body))
    if (needed.contains(&inner))
      for (mlir::Value operand : inner.getOperands())
        if (mlir::Operation *by = operand.getDefiningOp(); by && by->getBlock() == &body)
          needed.insert(by);
  return needed;
}

struct Recompute : Function<Recompute> {
  static variable_list forward(AutogradContext *context, at::TensorList x, const c10::intrusive_ptr<LayerCall> &call,
                               const std::vector<bool> &varying, const EvalOptions &options) {
    variable_list outputs = call->run(x, options), fixed;
    for (size_t n = 0; n < outputs.size(); ++n)
      if (!varying[n])
        fixed.push_back(outputs[n]);
    context->mark_non_differentiable(fixed);
    context->set_materialize_grads(false);
    context->save_for_backward(x.vec());
    context->saved_data["call"] = c10::IValue::make_capsule(call);
    return outputs;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    auto call = c10::static_intrusive_pointer_cast<LayerCall>(context->saved_data["call"].toCapsule());
    variable_list x = context->get_saved_variables(), wanted, outputs, given;
    variable_list results(x.size() + 3);
    for (size_t n = 0; n < x.size(); ++n) {
      if (x[n].requires_grad()) // a leaf of its own; what has no gradient stays itself, which tables are found by
        x[n] = x[n].detach().set_requires_grad(context->needs_input_grad(n));
      if (x[n].requires_grad())
        wanted.push_back(x[n]);
    }
    c10::AutoGradMode enabled(true);
    variable_list all = call->runAgain(x);
    for (size_t n = 0; n < all.size(); ++n)
      if (gradients[n].defined() && all[n].defined() && all[n].requires_grad()) {
        outputs.push_back(std::move(all[n]));
        given.push_back(gradients[n]);
      }
    if (outputs.empty())
      return results;
    all.clear();
    variable_list found = torch::autograd::grad(outputs, wanted, given, /*retain_graph=*/false, /*create_graph=*/false,
                                                /*allow_unused=*/true);
    for (size_t n = 0, next = 0; n < x.size(); ++n)
      if (x[n].requires_grad())
        results[n] = std::move(found[next++]);
    return results;
  }
};

} // namespace

static std::vector<Tensor> runOnce(lm::LayerOp op, Frame &frame) {
  for (auto [argument, input] : llvm::zip(op.getBody().getArguments(), op.getInputs()))
    frame.set(argument, frame.takeHeld(input));
  frame.layer = op.getIndex();
  std::vector<Tensor> outputs = runBlock(op.getBody().front(), frame);
  frame.layer = -1;
  return outputs;
}

/// Runs the layer without keeping what it computes; its gradient runs it once more.
static std::vector<Tensor> runTwice(lm::LayerOp op, Frame &frame) {
  auto call = c10::make_intrusive<LayerCall>(op, frame);
  call->again = frame.options;
  call->again.observer = nullptr;
  call->again.onResult = nullptr;
  variable_list x = takeOperands(*call, frame);
  std::vector<bool> varying = findVarying(*call, x);
  if (!llvm::is_contained(varying, true))
    return call->run(x, frame.options);
  call->needed = findNeeded(op, varying);
  return Recompute::apply(at::TensorList(x), call, varying, frame.options);
}

static void runLayer(lm::LayerOp op, Frame &frame) {
  bool isTwice = op->hasAttr(lm::LMDialect::recomputeAttrName) && c10::GradMode::is_enabled();
  std::vector<Tensor> outputs = isTwice ? runTwice(op, frame) : runOnce(op, frame);
  for (auto [result, output] : llvm::zip(op.getOutputs(), outputs))
    frame.set(result, output);
}

void addLayerOp(OpTable &table) { addOp<lm::LayerOp, runLayer>(table); }

} // namespace xlstm::evaluate
