//===- Replay.h - the batch of a step that went wrong ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_REPLAY_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_REPLAY_H

#include "BatchLoader.h"
#include "StepLog.h"

#include "xlstm/Runtime/Train/Replay.h"

namespace xlstm {

/// Writes `folder` (failedName). `rows`: numbers of the batch's rows.
void saveFailure(const std::filesystem::path &folder, const std::string &task, const BadStep &bad,
                 const std::vector<int64_t> &rows, const std::vector<BatchPart> &batch);

/// Losses of a batch, the norm of its gradient, and which params' gradients are not finite.
Json lossesOf(const TrainTask &task, const std::vector<at::Tensor> &arguments, const ParamMap &all,
              const ParamMap &trained);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_REPLAY_H
