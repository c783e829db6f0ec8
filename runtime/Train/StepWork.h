//===- StepWork.h - forward and backward of the parts of a batch -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_STEPWORK_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_STEPWORK_H

#include "BatchLoader.h"
#include "StepLog.h"
#include "Trainee.h"

#include "xlstm/Runtime/Evaluate/DeviceGraph.h"

namespace xlstm {

/// Computes losses and gradients of parts of batches. On a GPU the work of a part is recorded once as a CUDA graph,
/// where the task allows that, and replayed for all parts of its shape: a step of a small model is then bound by the
/// GPU and not by the launching of its kernels.
class StepWork {
public:
  /// `all` are the params that the losses read, the leaves of `trainee` those of them that get gradients. Several ranks
  /// record and replay their parts together or not at all, since collectives are among what is recorded; `isUniform`:
  /// they have equally many.
  StepWork(const TrainTask &task, const ParamMap &all, Trainee &trainee, Group &group, bool isUniform);

  /// Adds the part's gradients to those of the params, its losses and gates to `metrics` and `gates`.
  void run(const BatchPart &part, StepMetrics &metrics, GateRanges &gates);

private:
  /// The work, and the places that it reads and writes.
  struct Recorded {
    std::unique_ptr<DeviceGraph> graph;
    std::unique_ptr<RunInputs> inputs;
    at::Tensor share;
    StepLosses losses;
    GateRanges gates;
    std::vector<at::Tensor> gradients; // of `trained`, undefined where there is none
  };
  static constexpr int stepsBefore = 3;

  void runNow(const BatchPart &part, StepMetrics &metrics, GateRanges &gates);
  void record(const BatchPart &part);
  void replay(const BatchPart &part, StepMetrics &metrics, GateRanges &gates);
  void say(const std::string &reason);

  const TrainTask &task;
  const ParamMap &all;
  Trainee &trainee;
  const ParamMap &trained;
  Group &group;
  c10::Device device;
  bool mayRecord;
  int runs = 0;
  std::optional<Recorded> recorded;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_STEPWORK_H
