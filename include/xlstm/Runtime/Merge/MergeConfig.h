//===- MergeConfig.h - what to merge, in mergekit's linear form -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_MERGE_MERGECONFIG_H
#define XLSTM_RUNTIME_MERGE_MERGECONFIG_H

#include <filesystem>
#include <vector>

namespace xlstm {

/// A model's folder and its share of the merge.
struct MergeSource {
  std::filesystem::path folder;
  double weight = 1;
};

struct MergeConfig {
  std::vector<MergeSource> models;
  /// Divide the weights by their sum; otherwise they must sum to 1. (mergekit's own default is true.)
  bool normalize = false;
  /// NaN and infinities in weights are no error.
  bool allowNonFinite = false;
};

/// Reads the subset of mergekit's YAML that a linear merge needs:
///     merge_method: linear
///     models: [{model: FOLDER, parameters: {weight: 0.5}}, ...]
///     parameters: {normalize: false}
///     dtype: float32
/// Without any weight the models count alike. Folders are relative to the file's. `dtype` is what sums are kept in;
/// tensors keep the types in which the models store them. Throws Error with file and line, also for keys that mergekit
/// knows and this does not.
MergeConfig readMergeConfig(const std::filesystem::path &file);

/// The weights as fractions that sum to 1. Throws Error: fewer than one model, a weight that is negative or not finite,
/// a sum that is not 1 (within 1e-6) without `normalize`, or 0 with it.
std::vector<double> mergeWeights(const MergeConfig &config);

} // namespace xlstm

#endif // XLSTM_RUNTIME_MERGE_MERGECONFIG_H
