//===- Trainee.cpp - what a run trains, in one process ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Trainee.h"

#include <c10/core/GradMode.h>

namespace xlstm {

at::Tensor asTrained(const at::Tensor &param) {
  return param.detach().to(c10::promoteTypes(param.scalar_type(), at::kFloat));
}

void Trainee::clearGradients() {
  optimizer->zeroGrad();
  for (auto &[name, param] : read)
    param.mutable_grad().reset();
}

namespace {

/// Leaves are what is trained.
class WholeTrainee : public Trainee {
public:
  WholeTrainee(ParamMap initial, const TrainTask &task, const AdamWOptions &options) {
    for (auto &[name, param] : initial) { // those that are float32 are not copied, others go one after the other
      read[name] = asTrained(param).set_requires_grad(true);
      param.reset();
    }
    optimizer.emplace(read, options, task.added);
  }

  at::Tensor norm() override { return gradientNorm(read); }
  void step(int64_t t, Rates rates, const at::Tensor &divisor) override { optimizer->step(t, rates, divisor); }

  CheckpointState state() override {
    CheckpointState all{optimizer->state(), {}};
    for (const auto &[name, param] : read)
      all.tensors["param/" + name] = param.detach();
    return all;
  }
  CheckpointState params() override { return {{read.begin(), read.end()}, {}}; }

  void restore(const std::map<std::string, at::Tensor> &tensors) override {
    c10::NoGradGuard noGrad;
    for (const auto &[name, param] : read)
      param.copy_(tensors.at("param/" + name));
    optimizer->restore(tensors);
  }

  ParamMap values() override {
    ParamMap all;
    for (const auto &[name, param] : read)
      all[name] = param.detach();
    return all;
  }
};

} // namespace

std::unique_ptr<Trainee> Trainee::make(Group &group, ParamMap initial, const TrainTask &task,
                                       const TrainOptions &options) {
  if (group.isAlone())
    return std::make_unique<WholeTrainee>(std::move(initial), task, options.adamw);
  return makeSharded(group, std::move(initial), task, options);
}

} // namespace xlstm
