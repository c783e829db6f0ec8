//===- PlannedFunction.h - what conversions ask of a planned function -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_CONVERSION_PLANNEDFUNCTION_H
#define LIB_CONVERSION_PLANNEDFUNCTION_H

#include "dialects/LM/LMDialect.h"

#include <map>

namespace xlstm {

/// A state's type and first value.
struct InitialState {
  mlir::RankedTensorType type;
  double value;
};

/// By offset in the state.
using InitialStates = std::map<int64_t, InitialState>;

/// Whether the function was planned and has ids of i64 and, as its first result, logits of one token.
mlir::LogicalResult checkPlanned(lm::ModelOp model);

/// Adds the function's states.
void collectStates(lm::ModelOp model, InitialStates &states);

} // namespace xlstm

#endif // LIB_CONVERSION_PLANNEDFUNCTION_H
