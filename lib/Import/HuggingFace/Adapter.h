//===- Adapter.h - a LoRA, merged into its base ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_HUGGINGFACE_ADAPTER_H
#define LIB_IMPORT_HUGGINGFACE_ADAPTER_H

#include "lib/Import/HuggingFace/AdapterConfig.h"
#include "lib/Import/HuggingFace/Config.h"
#include "xlstm/Runtime/Files/WeightFiles.h"

#include <functional>

namespace xlstm {

/// The tensors of a peft folder as changes of a base's. peft's merge_and_unload gives the same, but where the base is
/// tied and one of its tables has a LoRA: this follows what the unmerged adapter computes, and unties.
class Adapter {
public:
  /// Reads the folder and applies it: `config` and `weights` are a base that fitCheckpoint has passed. Whole tensors
  /// (modules_to_save, trained biases) replace those of `weights`; sums are left to `write`. Throws Error that names
  /// file and tensor: a module that the base has not, shapes that do not fit, a tensor that is no part of a LoRA.
  Adapter(const std::filesystem::path &folder, TeacherConfig &config, WeightFiles &weights);

  using Append = std::function<void(std::span<const std::byte>)>;
  /// The bytes of a tensor of `weights` with what the adapter adds: summed in float32, rounded once to its type.
  void write(const StoredTensor &tensor, const Append &append) const;

  const std::vector<std::string> &warnings() const { return config.warnings; }

private:
  /// left [rows, rank] * right [rank, columns] * scale, which is added to a tensor; for a bias, right alone.
  struct Product {
    const StoredTensor *left = nullptr, *right = nullptr;
    bool isTransposed = false; ///< both are stored the other way round
    float scale = 0;
  };
  /// The parts of one module's LoRA.
  struct Pair {
    const StoredTensor *a = nullptr, *b = nullptr, *bias = nullptr;
    bool isEmbedding = false;
  };

  void replace(const StoredTensor &tensor, const std::string &name, const TeacherConfig &base, WeightFiles &weights);
  void addPair(const std::string &module, const Pair &pair, TeacherConfig &base, WeightFiles &weights);
  void untie(TeacherConfig &base, WeightFiles &weights);

  AdapterConfig config;
  SafetensorsFile file;
  std::map<std::string, Product> products;
};

} // namespace xlstm

#endif // LIB_IMPORT_HUGGINGFACE_ADAPTER_H
