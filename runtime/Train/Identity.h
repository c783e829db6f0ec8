//===- Identity.h - what a run may be gone on with ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_IDENTITY_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_IDENTITY_H

#include "xlstm/Runtime/Train/Trainer.h"

namespace xlstm {

/// Everything that a run's numbers depend on.
Json identityOf(const TrainTask &task, const MixedRows &data, const ParamMap &frozen, const ParamMap &initial,
                const TrainOptions &options);

/// Whether a run of `found` may be the beginning of one of `expected`: it differs in nothing but in how long it is and
/// what follows from that, which is left to be compared.
bool isGrown(const Json &found, const Json &expected);

/// The first of `steps` steps, counted from 0, that had other learning rates in a run of identity `was` than it has in
/// one of these options; none: all had the same.
std::optional<int64_t> stepOfOtherRate(const Json &was, const TrainOptions &options, int64_t steps);

/// Throws Error naming the first difference.
void checkIdentity(const Json &found, const Json &expected, const std::filesystem::path &folder);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_IDENTITY_H
