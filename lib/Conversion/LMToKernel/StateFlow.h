//===- StateFlow.h - what a function must be to be compiled -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_CONVERSION_LMTOKERNEL_STATEFLOW_H
#define LIB_CONVERSION_LMTOKERNEL_STATEFLOW_H

#include "dialects/LM/LMDialect.h"

namespace xlstm {

/// Static shapes; arguments ids (i64), pos (i32) and the states; logits of one token as the first result; and states
/// that can be updated where they lie: nothing reads one after its update, and the last update is what is returned.
mlir::LogicalResult checkForCompilation(lm::ModelOp model);

} // namespace xlstm

#endif // LIB_CONVERSION_LMTOKERNEL_STATEFLOW_H
