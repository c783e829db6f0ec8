//===- Merge.h - stage III, experts become one model ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_MERGE_MERGE_H
#define XLSTM_RUNTIME_MERGE_MERGE_H

#include "xlstm/Runtime/Files/WeightFiles.h"
#include "xlstm/Runtime/Merge/MergeConfig.h"

#include <functional>
#include <span>

namespace xlstm {

/// The models of a merge, opened: they hold the same tensors.
class MergeInputs {
public:
  /// Throws Error when the models do not hold the same tensors, naming one, and for what is not finite.
  explicit MergeInputs(const MergeConfig &config);

  /// Calls `take` with every tensor of the result and its bytes, in the order of their names. One tensor of the result
  /// is in memory, and of the inputs some pieces. `config` may differ from the constructor's in its parameters. Throws
  /// Error before the first tensor where one of them has no parameters.
  using Take = std::function<void(const TensorSpec &, std::span<const std::byte>)>;
  void merge(const MergeConfig &config, const Take &take) const;

  /// Of the result.
  std::vector<TensorSpec> specs() const;
  /// Layers, counted by the tensors' names.
  int64_t numLayers() const { return layers; }

private:
  std::vector<MergeSource> sources; // mergedModels
  std::vector<WeightFiles> models;  // theirs
  std::optional<WeightFiles> base;
  std::optional<DType> written; // MergeConfig::writtenType
  int64_t layers = 0;
};

/// Writes the merged tensors to `file` (safetensors).
void mergeWeightFiles(const MergeConfig &config, const std::filesystem::path &file);

/// The text of a module whose weights are stored in `type`; errors call the module `origin`.
using StoreWeights = std::function<std::string(const std::string &module, const std::string &origin, DType type)>;

/// Merges bundles to a bundle at `output`, whole or not at all: the IR and the other files are those of `base`, or the
/// first model's; the IR goes through `store` where other types are written than the models have. `notes` are further
/// files of it, by name. Throws Error when the models' IR differs, when their lineage says that they began at other
/// weights or have another teacher, or where one tokenizer is needed, that.
void mergeBundles(const MergeConfig &config, const std::filesystem::path &output, const StoreWeights &store,
                  const std::map<std::string, std::string> &notes = {});

/// What mergeBundles would refuse, but for the tensors.
void checkMergedBundles(const MergeConfig &config);

} // namespace xlstm

#endif // XLSTM_RUNTIME_MERGE_MERGE_H
