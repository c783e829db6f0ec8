//===- MergeConfig.h - what to merge, in mergekit's linear form -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_MERGE_MERGECONFIG_H
#define XLSTM_RUNTIME_MERGE_MERGECONFIG_H

#include <filesystem>
#include <string>
#include <vector>

namespace xlstm {

/// A model's folder and its share of the merge.
struct MergeSource {
  std::filesystem::path folder;
  double weight = 1;
};

struct MergeConfig {
  std::vector<MergeSource> models;
  /// Divide the weights by their sum; otherwise they are taken as they are.
  bool normalize = true;
  /// The bundle whose other files the result has; empty: the first model's.
  std::filesystem::path base;
  /// All models must have one tokenizer, which is then that of any of them and their union.
  bool needsOneTokenizer = false;
  /// What is read, but not followed; one line each.
  std::vector<std::string> warnings;
  /// NaN and infinities in weights are no error.
  bool allowNonFinite = false;
};

/// Reads mergekit's YAML of a linear merge:
///     merge_method: linear
///     models: [{model: FOLDER, parameters: {weight: 0.5}}, ...]
///     parameters: {weight: 0.5, normalize: true}
///     base_model: FOLDER
///     tokenizer_source: base
///     dtype: bfloat16
/// A weight of `parameters` is that of models without one; without any the models count alike. Folders are relative to
/// the file's. Keys of other methods that do nothing to a linear merge are warned of. Throws Error with file and line
/// for other methods, for weights by layer or filter, and for keys that would change the result.
MergeConfig readMergeConfig(const std::filesystem::path &file);

/// What each model is multiplied by. Throws Error: fewer than one model, a weight that is not finite, a sum that is not
/// above 0 (with `normalize`).
std::vector<double> mergeWeights(const MergeConfig &config);

} // namespace xlstm

#endif // XLSTM_RUNTIME_MERGE_MERGECONFIG_H
