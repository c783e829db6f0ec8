//===- Replay.h - the batch of a step that went wrong ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_REPLAY_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_REPLAY_H

#include "BatchLoader.h"
#include "StepLog.h"
#include "Trainee.h"

#include "xlstm/Runtime/Train/Replay.h"

namespace xlstm {

/// Writes `folder` (failedName). `rows`: numbers of the batch's rows.
void saveFailure(const std::filesystem::path &folder, const std::string &task, const BadStep &bad,
                 const std::vector<int64_t> &rows, const std::vector<BatchPart> &batch);

/// Of each row, whose number is in `numbers`: its losses, the norm of its gradient, and which params' gradients are not
/// finite. Those of `trainee` are used up.
Json lossesOfRows(const TrainTask &task, const TokenRows &rows, const std::vector<int64_t> &numbers,
                  const ParamMap &all, Trainee &trainee);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_REPLAY_H
