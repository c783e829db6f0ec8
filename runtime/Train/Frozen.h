//===- Frozen.h - weights that a stage reads and does not train -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_FROZEN_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_FROZEN_H

#include "xlstm/Runtime/Train/TrainOptions.h"

namespace xlstm {

/// Rounds those of `frozen` that `function` would round at every reading, one after the other: they take half the
/// memory and each run gives the same bits. Returns whether there are any: they are no longer the weights that the
/// model has.
bool roundFrozen(const FunctionSpec &function, const TrainOptions &options, ParamMap &frozen);

/// The types in which `function` reads the params that it rounds, by name; none where the options say that nothing is.
std::map<std::string, at::ScalarType> roundedTypes(const FunctionSpec &function, const TrainOptions &options);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_FROZEN_H
