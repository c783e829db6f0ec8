//===- MergeTune.h - a merge's lambda chosen by what it is good for -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_MERGETUNE_H
#define XLSTM_TOOLS_XLSTM_MERGETUNE_H

#include "Evaluation.h"

#include "xlstm/Runtime/Merge/MergeConfig.h"

namespace xlstm {

struct TuneInputs {
  bool byTasks = false; // the mean score of the tasks; else the mean of the domains' bits per byte
  EvalInputs eval;
  int64_t trials = 24;
};

/// The file of a merged bundle that tells how its lambda was chosen.
inline constexpr const char *tuneFile = "tune.json";

/// The best of the merges that tuneMerge tries, written as a bundle to `output` with tune.json in it. Throws Error
/// before any merge where mergeBundles would refuse it.
void mergeTuned(const MergeConfig &config, const TuneInputs &inputs, const std::filesystem::path &output);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_MERGETUNE_H
