//===- Lora.h - low-rank adapters of projections --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// xlstm-add-lora puts W x + (alpha / r) B (A x) in place of W x; W is `NAME.weight`, A [r, I] and B [O, r] are
// `NAME.lora_A.weight` and `NAME.lora_B.weight`, as the PEFT library names them.

#ifndef XLSTM_RUNTIME_TRAIN_LORA_H
#define XLSTM_RUNTIME_TRAIN_LORA_H

#include "xlstm/Runtime/Evaluate/Program.h"

namespace xlstm {

/// Whether a tensor of this name is an adapter's.
bool isLoraName(const std::string &name);

/// Adds the adapters' tensors of `function` that `params` lacks, at their initial values, where the others live.
void addLoraParams(const FunctionSpec &function, ParamMap &params, at::ScalarType type = at::kFloat);

/// Adds scale B A to every weight that has an adapter, in place and in the weight's type, and removes the adapters.
/// Throws Error for an adapter that lacks a part or fits no weight.
void mergeLora(ParamMap &params, double scale);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_LORA_H
