//===- Trainer.h - the loop that stages I and II share --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A run lives in one folder: metrics.jsonl, checkpoints/step-NNNNNN, best/. It may be killed at any point; started
// again with the same arguments it goes on from its newest checkpoint and ends, bit for bit, where it would have ended:
// same weights, same metrics.jsonl. (On one machine and with one number of threads.) With more steps it goes on as
// well, where a longer run would have come by its newest checkpoint: same rates, same rows. Nothing is written of step
// 0, which the next start has anyway, and best/ only while a later step may still be worse.

#ifndef XLSTM_RUNTIME_TRAIN_TRAINER_H
#define XLSTM_RUNTIME_TRAIN_TRAINER_H

#include "xlstm/Runtime/Data/RowOrder.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Train/OnPolicy.h"
#include "xlstm/Runtime/Train/TrainOptions.h"

namespace xlstm {

/// What a step minimises, a mean over the batch's tokens, and what else the log shows. All are scalars.
struct StepLosses {
  at::Tensor loss;
  std::vector<std::pair<std::string, at::Tensor>> others;
};

/// How a step's function is run: who looks, and where its arguments lie when the run is recorded.
struct StepContext {
  EvalObserver *observer = nullptr;
  const RunInputs *inputs = nullptr;
};

struct TrainTask {
  std::string name; // in progress and errors
  /// What the program is given of some rows. Called by another thread, ahead of the step (BatchLoader.h).
  std::function<std::vector<at::Tensor>(const TokenRows &rows)> arguments;
  /// Where it is given, rows are not trained on as they are, but as this makes them anew of the params that train, for
  /// the rows of `every` steps at once (OnPolicy.h). On the host, and alike however the rows are shared out.
  std::function<TokenRows(const TokenRows &rows, const std::vector<RowKey> &keys, const ParamMap &params)> write = {};
  int64_t every = 1;
  std::function<StepLosses(const std::vector<at::Tensor> &arguments, const ParamMap &params,
                           const StepContext &context)>
      losses;
  /// What `losses` runs: a GPU replays it for other batches where it can. None: it does not.
  const FunctionSpec *function = nullptr;
  /// Number of tokens that the losses of `batch` are means of.
  std::function<int64_t(const TokenRows &batch)> tokens;
  /// An object whose "held_out" is the number that should fall.
  std::function<Json(const ParamMap &params)> validate;
  /// The run's result is the validated state with the least "held_out", step 0 included, not the last.
  bool keepBest = false;
  /// Those of the params trained that have the learning rate and decay of new tensors.
  std::set<std::string> added = {};
  /// The types in which the function reads params that it rounds (Frozen.h): what ranks send one another.
  std::map<std::string, at::ScalarType> rounded = {};
  /// What else must be the same for a run to be gone on with, such as a hash of the held-out rows.
  Json identity = Json::object();
};

struct TrainResult {
  ParamMap params;   // those trained; empty where the result is the state of step 0
  Json first, last;  // validation before and after
  int64_t steps = 0; // done: those asked for, or less with patience
  int64_t bestStep = 0;
  double best = 0; // "held_out" of the result
};

/// Each rank of a job (Distributed/Group.h) takes its part of every batch's rows; what is minimised, the order of rows
/// and what is written do not depend on how many there are. Rank 0 writes, and its result alone has params.
///
/// Trains `initial` on `data`, in place: with their gradients and moments these are 16 bytes a param, and nobody else
/// may use them afterwards. `frozen` are the other params that the losses need. Throws Error: a run in `folder` that
/// was begun with other options or data; a loss that is not finite or a spike, whose batch is then in folder/failed.
TrainResult train(const TrainTask &task, const MixedRows &data, const ParamMap &frozen, ParamMap initial,
                  const TrainOptions &options, const std::filesystem::path &folder);

/// A hash of names and contents.
std::string hashOf(const ParamMap &params);
std::string hashOf(const TokenRows &rows);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_TRAINER_H
