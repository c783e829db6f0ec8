//===- Combine.h - one tensor of a merge ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_MERGE_COMBINE_H
#define XLSTM_RUNTIME_MERGE_COMBINE_H

#include "xlstm/Runtime/Files/Safetensors.h"
#include "xlstm/Runtime/Merge/MergeConfig.h"

namespace xlstm {

/// What one tensor of the result is made from; all of one stored type and shape.
struct TensorMerge {
  MergeMethod method;
  TensorParameters parameters;
  std::vector<const StoredTensor *> models; // a weight each
  const StoredTensor *base = nullptr;       // null: a linear merge
  std::vector<uint64_t> keys;               // of DARE's masks, a model each
  std::optional<DType> type;                // MergeConfig's
  DType outType;                            // of the result
};

/// The merged tensor in its outType: computed in float64 and rounded once, or with a `type` to that where mergekit does.
/// Reads the inputs in pieces and gives their pages back: beside the result there are a few pieces in memory.
std::vector<std::byte> combine(const TensorMerge &merge);

} // namespace xlstm

#endif // XLSTM_RUNTIME_MERGE_COMBINE_H
