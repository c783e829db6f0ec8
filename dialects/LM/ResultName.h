//===- ResultName.h - a name for every value that an op makes --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DIALECTS_LM_RESULTNAME_H
#define DIALECTS_LM_RESULTNAME_H

#include "mlir/IR/Value.h"

#include <string>

namespace xlstm::lm {

/// What a report calls the result: its layer, its op and which of these it is there, "layers.0.linear.2"; with "#1"
/// where the op has several results. A layer is "layers.0", a weight has its own name. Whoever lowers or runs the same
/// function finds the same names.
std::string resultName(mlir::OpResult result);

} // namespace xlstm::lm

#endif // DIALECTS_LM_RESULTNAME_H
