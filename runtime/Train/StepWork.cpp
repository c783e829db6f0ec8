//===- StepWork.cpp - forward and backward of the parts of a batch ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StepWork.h"

#include "xlstm/Support/Progress.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/full.h>
#include <c10/core/GradMode.h>

namespace xlstm {

StepWork::StepWork(const TrainTask &task, const ParamMap &all, Trainee &trainee, Group &group, bool isUniform)
    : task(task), all(all), trainee(trainee), trained(trainee.leaves()), group(group),
      device(trained.begin()->second.device()), mayRecord(device.is_cuda() && task.function) {
  if (mayRecord && !task.function->hostReader.empty())
    say(task.function->hostReader + " looks at each batch's documents on the host");
  else if (mayRecord && !isUniform)
    say("ranks have different numbers of parts");
}

void StepWork::run(const BatchPart &part, StepMetrics &metrics, GateRanges &gates) {
  ++runs;
  if (mayRecord && !recorded && runs > stepsBefore) {
    record(part);
    if (group.greatest(!recorded) && recorded) {
      recorded.reset();
      say("another rank cannot");
    }
  }
  if (recorded && !group.greatest(!recorded->inputs->put(part.arguments)))
    replay(part, metrics, gates);
  else
    runNow(part, metrics, gates);
}

void StepWork::runNow(const BatchPart &part, StepMetrics &metrics, GateRanges &gates) {
  StepLosses losses = task.losses(part.arguments, all, {&gates});
  losses.loss.mul(part.share).backward();
  trainee.addGradients();
  metrics.add(losses, part.share);
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
  made.inputs = std::make_unique<RunInputs>(*task.function, part.arguments, device);
  made.share = at::full({}, part.share, at::TensorOptions(device).dtype(at::kDouble));
  std::vector<at::Tensor> before = takeGradients(trained); // of the batch's other parts
  try {
    made.graph = DeviceGraph::record(device, [&] {
      made.losses = task.losses(part.arguments, all, {&made.gates, made.inputs.get()});
      made.losses.loss.mul(made.share).backward();
      if (trainee.isRecorded())
        trainee.addGradients();
    });
    if (!made.graph)
      say("this build or LibTorch has none");
  } catch (const std::exception &error) { // c10::Error, or ours, which names the op
    trainee.forgetGradients();
    std::string text = error.what();
    say(text.substr(0, text.find('\n')));
  }
  std::vector<at::Tensor> gradients = takeGradients(trained);
  if (made.graph) {
    made.gradients = std::move(gradients);
    made.losses.loss = made.losses.loss.detach(); // autograd's nodes have done their work
    recorded = std::move(made);
  }
  size_t n = 0;
  for (const auto &[name, param] : trained)
    param.mutable_grad() = before[n++];
}

void StepWork::replay(const BatchPart &part, StepMetrics &metrics, GateRanges &gates) {
  c10::NoGradGuard noGrad;
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
  if (!trainee.isRecorded())
    trainee.addGradients();
  metrics.add(recorded->losses, part.share);
  gates.merge(recorded->gates);
}

} // namespace xlstm
