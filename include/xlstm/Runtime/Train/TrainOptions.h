//===- TrainOptions.h - settings of stages I and II -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_TRAINOPTIONS_H
#define XLSTM_RUNTIME_TRAIN_TRAINOPTIONS_H

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Train/AdamW.h"

namespace xlstm {

/// Learning rate: linear warm-up over `warmup` steps to `peak`, then cosine to `final` at the last step, or constant.
struct Schedule {
  double peak = 1e-2, final = 1e-5;
  int64_t warmup = 0;
  bool cosine = true;

  /// The rate of step `step`, counted from 0, of `steps`.
  double at(int64_t step, int64_t steps) const;
};

/// What stage II trains: every param; those that a pass added, which are the mixer's maps and gates; or these and
/// low-rank adapters of the projections (Lora.h), the rest frozen.
enum class Trained { Full, Mixer, Lora };

/// Settings of xlstm-add-lora.
struct LoraOptions {
  int64_t rank = 16;
  double alpha = 32;
  std::vector<std::string> targets; // such as "q_proj"; empty: every projection of the layers

  /// Factor of an adapter's product.
  double scale() const { return alpha / double(rank); }
  /// As the pass takes them inside braces.
  std::string passOptions() const;
};

struct TrainOptions {
  int64_t steps = 0;
  int64_t batch = 64;     // rows a step
  int64_t microBatch = 0; // rows run at once, to save memory; 0: all of them
  Schedule rate;
  /// Peak of the learning rate of new tensors; none: that of the others. Warm-up, shape and end are the same.
  std::optional<double> newPeak = {};
  Schedule newRate() const;
  AdamWOptions adamw;
  Trained trained = Trained::Full; // of stage II
  LoraOptions lora;
  double clip = 1.0; // greatest norm of all gradients together; 0: none
  uint64_t seed = 0; // of the order of rows
  /// What the losses are computed in (EvalOptions::type); float64 for checks, with params in float64.
  at::ScalarType type = at::kFloat;
  /// The type in which the program was told to compute (xlstm-set-precision): part of a run's identity. What is
  /// trained, its gradients and the optimizer's state are float32.
  std::string precision = "f32";
  /// A gradient computes each layer once more instead of keeping its activations (xlstm-recompute-layers): about a
  /// third more time. Not part of a run's identity, since no result depends on it.
  bool recompute = false;
  /// The pass that makes functions, "NAME,NAME", built in float32 compute in `precision`; empty where that is f32.
  std::string precisionPass(const std::string &functions) const;
  /// The passes that make `function`, as it is built in float32, what is trained by; none where nothing is asked for.
  std::string passes(const std::string &function) const;
  /// Steps from one validation to the next; the start and the end are always validated.
  int64_t validateEvery = 100;
  int64_t checkpointEvery = 100;
  /// Stop where so many validations in a row brought nothing less than the least "held_out" so far; 0: never.
  int64_t patience = 0;
  /// Stop where a loss is more than this times the mean of the 64 before it; 0: only where it is not finite.
  double spike = 0;
  /// Checkpoints that are kept, from 2. Not part of a run's identity.
  int64_t keptCheckpoints = 2;
  /// Run anew up to this step, counted from 1, from the newest checkpoint, and report on its batch row by row
  /// (TrainTask, Replay.h); nothing is written. 0: train.
  int64_t replayStep = 0;
  /// What else is measured of the params at every validation whose step is a multiple of `scoreEvery`, for the log.
  std::function<Json(const ParamMap &params)> score = {};
  int64_t scoreEvery = 0;
  /// Elements, about, whose gradients the ranks of a job sum at once: far more than a collective's own time is worth.
  /// Not part of a run's identity.
  int64_t bucket = 1 << 26;
  /// Operations of a trained token, and what all ranks' devices do of them in a second where they multiply matrices:
  /// the share that a step reaches is said in the progress and in speed.jsonl. 0: not known. Not part of a run's
  /// identity.
  double tokenOperations = 0, deviceOperations = 0;
  /// Rows run at once in validation.
  int64_t heldOutBatch = 8;
  /// Called after every step with the number of steps done, when a checkpoint that was due is on disk. Lines are in the
  /// log a few steps later, but before a checkpoint.
  std::function<void(int64_t)> onStep;
  /// Throws Error, which names `stage`, for numbers that are out of range, fewer rows than ranks, and checkpoints that
  /// do not fall on steps at which a student writes for `every` steps.
  void check(const std::string &stage, int64_t ranks, int64_t every) const;

  /// The paper's stage I: batch 64, warm-up to 1e-2, cosine to 1e-5, decay 0.1, clipping 1. Steps and warm-up depend on
  /// the data: the paper takes 655M tokens, warm-up is 5 % of the steps here.
  static TrainOptions alignment(int64_t steps);
  /// The paper's stage II for Llama: warm-up to a constant 1e-5, decay 0.1, clipping 1.
  static TrainOptions distillation(int64_t steps);
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_TRAINOPTIONS_H
