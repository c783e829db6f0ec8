//===- RunTask.h - one model on one task -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVAL_RUNTASK_H
#define XLSTM_RUNTIME_EVAL_RUNTASK_H

#include "xlstm/Runtime/Eval/Evaluation.h"

namespace xlstm {

/// Runs a task's items through a model, greedy generation or log-likelihoods. Prompts too long for the model's context
/// are cut at the left.
TaskScore runTask(const LoadedModel &model, const Vocabulary &vocabulary, const Task &task);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_RUNTASK_H
