//===- Trainer.h - the loop that stages I and II share --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A run lives in one folder: metrics.jsonl, checkpoints/step-NNNNNN, best/. It may be killed at any point; started
// again with the same arguments it goes on from its newest checkpoint and ends, bit for bit, where it would have ended:
// same weights, same metrics.jsonl. (On one machine and with one number of threads.)

#ifndef XLSTM_RUNTIME_TRAIN_TRAINER_H
#define XLSTM_RUNTIME_TRAIN_TRAINER_H

#include "xlstm/Runtime/Data/RowOrder.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Train/TrainOptions.h"

namespace xlstm {

/// What a step minimises, a mean over the batch's tokens, and what else the log shows. All are scalars.
struct StepLosses {
  at::Tensor loss;
  std::vector<std::pair<std::string, at::Tensor>> others;
};

struct TrainTask {
  std::string name; // in progress and errors
  std::function<StepLosses(const TokenRows &batch, const ParamMap &params, EvalObserver *observer)> losses;
  /// Number of tokens that the losses of `batch` are means of.
  std::function<int64_t(const TokenRows &batch)> tokens;
  /// An object whose "held_out" is the number that should fall.
  std::function<Json(const ParamMap &params)> validate;
  /// The run's result is the validated state with the least "held_out", step 0 included, not the last.
  bool keepBest = false;
  /// What else must be the same for a run to be gone on with, such as a hash of the held-out rows.
  Json identity = Json::object();
};

struct TrainResult {
  ParamMap params;  // those trained
  Json first, last; // validation before and after
  int64_t bestStep = 0;
  double best = 0; // "held_out" of the result
};

/// Trains `initial` (which is copied) on `data`; `frozen` are the other params that the losses need. Throws Error: a
/// run in `folder` that was begun with other options or data, a loss that is not finite.
TrainResult train(const TrainTask &task, const MixedRows &data, const ParamMap &frozen, const ParamMap &initial,
                  const TrainOptions &options, const std::filesystem::path &folder);

/// A hash of names and contents.
std::string hashOf(const ParamMap &params);
std::string hashOf(const TokenRows &rows);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_TRAINER_H
