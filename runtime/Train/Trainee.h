//===- Trainee.h - what a run trains, and where it lies --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_TRAINEE_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_TRAINEE_H

#include "xlstm/Runtime/Checkpoint/CheckpointStore.h"
#include "xlstm/Runtime/Distributed/Group.h"
#include "xlstm/Runtime/Train/Trainer.h"

namespace xlstm {

/// The params that train, their gradients and the optimizer's state. One process holds all of it; of several ranks each
/// holds all params as the function reads them, and its part of everything else (ZeRO-2, Rajbhandari et al. 2020).
/// All ranks call the same methods in the same order.
class Trainee {
public:
  virtual ~Trainee() = default;
  Trainee(const Trainee &) = delete;

  /// Takes `initial` over; no other may use its tensors afterwards.
  static std::unique_ptr<Trainee> make(Group &group, ParamMap initial, const TrainTask &task,
                                       const TrainOptions &options);

  /// What the losses read and leave gradients in.
  const ParamMap &leaves() const { return read; }

  /// The first thing of a step.
  virtual void clearGradients();
  /// Behind the backward of a part of the batch, or instead of it where this rank has no part any more: takes what it
  /// leaves in the leaves, unless that may stay there.
  virtual void addGradients() {}
  /// Whether it is to be recorded as a graph with the backward; else it comes behind each replay.
  virtual bool isRecorded() const { return true; }
  /// Instead of it, behind a backward that failed.
  virtual void forgetGradients() {}
  /// The common norm of all gradients of the step, a float64 scalar where the leaves are.
  virtual at::Tensor norm() = 0;
  /// AdamW::step, by the step's gradients.
  virtual void step(int64_t t, Rates rates, const at::Tensor &divisor) = 0;

  /// Params by "param/NAME" and moments by "m/NAME" and "v/NAME": all, or the parts that this rank keeps.
  virtual CheckpointState state() = 0;
  /// The parts of params alone, by NAME.
  virtual CheckpointState params() = 0;
  /// Takes over tensors of the names and parts of state().
  virtual void restore(const std::map<std::string, at::Tensor> &tensors) = 0;
  /// All params in full: as they are trained, on rank 0; empty elsewhere.
  virtual ParamMap values() = 0;

protected:
  Trainee() = default;
  ParamMap read;
  std::optional<AdamW> optimizer;
};

/// What is trained is at least float32, also where the function rounds it when it reads it.
at::Tensor asTrained(const at::Tensor &param);

std::unique_ptr<Trainee> makeSharded(Group &group, ParamMap initial, const TrainTask &task,
                                     const TrainOptions &options);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_TRAINEE_H
