//===- StepCost.h - what a training step costs at least -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_STEPCOST_H
#define XLSTM_TOOLS_XLSTM_STEPCOST_H

#include "xlstm/Pipelines/Describe.h"
#include "xlstm/Runtime/Train/TrainOptions.h"

namespace xlstm {

/// Multiplications and additions of one token in a row of `length`, with nothing computed twice. Stage I: the teacher's
/// forward pass but for its head, and the mixer of every converted layer forward and backward.
double alignOperations(const ModelDescription &teacher, const ModelDescription &student, int64_t length);

/// Stage II: products with weights, the head's included, forward and backward (6 a weight; 4 where the weights are
/// frozen), and what stands between a layer's projections, forward and backward. The teacher's answers are none of it.
double distillOperations(const ModelDescription &student, int64_t length, Trained trained);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_STEPCOST_H
