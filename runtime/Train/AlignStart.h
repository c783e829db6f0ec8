//===- AlignStart.h - where stage I begins, measured on the teacher -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A head's part of the loss is a parabola in its output gate o, while that is the same number for every token:
//   |h - (1 - o) window - o memory|^2 = E - 2 o B + o^2 A,   A = |memory - window|^2, B = <h - window, memory - window>
// summed over tokens. So dL/do at two values of o gives A and B of every head of every layer at once, thus the best o
// and what the memory is worth to the head. That worth chooses each head's decay.

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_ALIGNSTART_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_ALIGNSTART_H

#include "xlstm/Runtime/Data/TokenRows.h"
#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Runtime/Files/Json.h"

#include <functional>

namespace xlstm {

/// What stage I minimises, a mean over the rows' tokens, differentiable with respect to the output gates' biases.
using StartLoss = std::function<at::Tensor(const TokenRows &rows, const ParamMap &params)>;

/// Of every layer, by the name before "o_gate.bias", the biases "output" and "forget" of its heads. `params` are those
/// of the function, the new ones at their constants. Every rank of a job calls this and has the same result.
Json measureStart(const StartLoss &loss, const TokenRows &rows, int64_t atOnce, const ParamMap &params);

/// Writes what measureStart() found, or a file kept of it, into the new params. Throws Error, which names `origin`,
/// where it is not of these layers and heads.
void setStart(const Json &found, const std::string &origin, ParamMap &initial);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_ALIGNSTART_H
