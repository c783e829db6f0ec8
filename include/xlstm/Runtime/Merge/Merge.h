//===- Merge.h - stage III, linear merge of experts -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_MERGE_MERGE_H
#define XLSTM_RUNTIME_MERGE_MERGE_H

#include "xlstm/Runtime/Merge/MergeConfig.h"

namespace xlstm {

/// Writes the weighted sum of the models' tensors to `file` (safetensors), one tensor after the other: sums in float32,
/// rounded once to the stored type. No more than one tensor of the result is in memory. Throws Error when the models do
/// not hold the same tensors, naming one.
void mergeWeightFiles(const MergeConfig &config, const std::filesystem::path &file);

/// Merges bundles to a bundle at `output`, whole or not at all: the IR and the other files are those of
/// `base`, or the first model's. Throws Error when the models' IR differs, or where one tokenizer is needed, that.
void mergeBundles(const MergeConfig &config, const std::filesystem::path &output);

} // namespace xlstm

#endif // XLSTM_RUNTIME_MERGE_MERGE_H
