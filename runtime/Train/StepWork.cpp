//===- StepWork.cpp - forward and backward of the parts of a batch ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StepWork.h"

#include "xlstm/Support/Progress.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/full.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

namespace xlstm {

StepWork::StepWork(const TrainTask &task, const ParamMap &all, const ParamMap &trained)
    : task(task), all(all), trained(trained), device(trained.begin()->second.device()), mayRecord(device.is_cuda()) {
  if (mayRecord && !task.cannotRecord.empty())
    say(task.cannotRecord);
}

void StepWork::run(const BatchPart &part, StepMetrics &metrics, GateRanges &gates) {
  ++runs;
  if (mayRecord && !recorded && runs > stepsBefore)
    record(part);
  if (isReady(part))
    replay(part, metrics, gates);
  else
    runNow(part, metrics, gates);
}

void StepWork::runNow(const BatchPart &part, StepMetrics &metrics, GateRanges &gates) {
  StepLosses losses = task.losses(part.arguments, all, &gates);
  losses.loss.mul(part.share).backward();
  metrics.add(losses, part.share);
}

bool StepWork::isReady(const BatchPart &part) {
  if (!recorded)
    return false;
  for (size_t n = 0; n < part.arguments.size(); ++n)
    if (part.arguments[n].sizes() != recorded->arguments[n].sizes())
      return false;
  return true;
}

void StepWork::say(const std::string &reason) {
  mayRecord = false;
  announce(task.name, "steps are not replayed as a CUDA graph: " + reason);
}

/// The gradients of some tensors, which lose them.
static std::vector<at::Tensor> takeGradients(const ParamMap &params) {
  std::vector<at::Tensor> gradients;
  for (const auto &[name, param] : params) {
    gradients.push_back(param.grad());
    param.mutable_grad().reset();
  }
  return gradients;
}

void StepWork::record(const BatchPart &part) {
  Recorded made;
  for (const at::Tensor &argument : part.arguments)
    made.arguments.push_back(argument.to(device, argument.scalar_type(), /*non_blocking=*/false, /*copy=*/true));
  made.share = at::full({}, part.share, at::TensorOptions(device).dtype(at::kDouble));
  std::vector<at::Tensor> sofar = takeGradients(trained); // of the parts before
  try {
    made.graph = DeviceGraph::record(device, [&] {
      made.losses = task.losses(made.arguments, all, &made.gates);
      made.losses.loss.mul(made.share).backward();
    });
    if (!made.graph)
      say("this build or LibTorch has none");
  } catch (const c10::Error &error) {
    std::string text = error.what_without_backtrace();
    say(text.substr(0, text.find('\n')));
  }
  if (made.graph) {
    made.gradients = takeGradients(trained);
    made.losses.loss = made.losses.loss.detach(); // autograd's nodes have done their work
    recorded = std::move(made);
  }
  size_t n = 0;
  for (const auto &[name, param] : trained)
    param.mutable_grad() = sofar[n++];
}

void StepWork::replay(const BatchPart &part, StepMetrics &metrics, GateRanges &gates) {
  c10::NoGradGuard noGrad;
  for (size_t n = 0; n < part.arguments.size(); ++n)
    recorded->arguments[n].copy_(part.arguments[n], /*non_blocking=*/true);
  recorded->share.fill_(part.share);
  recorded->graph->replay();
  std::vector<at::Tensor> sums, gradients;
  size_t n = 0;
  for (const auto &[name, param] : trained) {
    const at::Tensor &gradient = recorded->gradients[n++];
    if (!gradient.defined())
      continue;
    if (!param.grad().defined()) { // the next part writes to the same place
      param.mutable_grad() = part.isOnly ? gradient : gradient.clone();
      continue;
    }
    sums.push_back(param.grad());
    gradients.push_back(gradient);
  }
  if (!sums.empty())
    at::_foreach_add_(sums, gradients);
  metrics.add(recorded->losses, part.share);
  gates.merge(recorded->gates);
}

} // namespace xlstm
