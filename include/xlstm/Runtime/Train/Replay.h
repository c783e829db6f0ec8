//===- Replay.h - a step that went wrong, looked at -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_REPLAY_H
#define XLSTM_RUNTIME_TRAIN_REPLAY_H

#include "xlstm/Runtime/Files/Json.h"

namespace xlstm {

/// Where a stage's folder has the batch of a step after which it did not go on: batch.safetensors, the arguments of the
/// stage's function, rows in the order of the batch; failed.json, what was wrong.
constexpr const char *failedName = "failed";

/// Thrown by train() with TrainOptions::replayStep: `report` has for each row of the batch its number, tokens, losses,
/// gradient norm and the first params, by name, whose gradients are not finite.
struct Replayed {
  Json report;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_REPLAY_H
