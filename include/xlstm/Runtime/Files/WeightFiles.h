//===- WeightFiles.h - the tensors of a model folder ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_WEIGHTFILES_H
#define XLSTM_RUNTIME_FILES_WEIGHTFILES_H

#include "xlstm/Runtime/Files/Safetensors.h"

namespace xlstm {

/// The tensors of a folder: `model.safetensors`, or the shards that `model.safetensors.index.json` lists. The index is
/// refused when it names a file outside the folder (.., an absolute path, a separator, a link that leaves it), a shard
/// that is missing, or a tensor that its shard does not hold, and when a shard holds a tensor that the index gives to
/// another file or does not list.
class WeightFiles {
public:
  /// Throws Error.
  static WeightFiles open(const std::filesystem::path &folder);
  /// Tensors by type and shape alone, without bytes; `origin` stands for the folder in errors.
  static WeightFiles described(const std::filesystem::path &origin, const std::vector<TensorSpec> &specs);

  const std::map<std::string, StoredTensor> &tensors() const { return entries; }
  /// Nothing when there is no such tensor.
  const StoredTensor *find(const std::string &name) const;
  /// Throws Error naming the folder when there is no such tensor.
  const StoredTensor &get(const std::string &name) const;
  const std::filesystem::path &folder() const { return path; }
  /// Copies the files, the index too, to the folder `to`; with `link` they get a second name instead where that can be.
  void copyTo(const std::filesystem::path &to, bool link) const;

  /// Puts a tensor under its name, in the place of one that may be there.
  void set(StoredTensor tensor) { entries[tensor.spec.name] = std::move(tensor); }
  /// Gives a tensor another name. Throws Error when there is one of that name already.
  void rename(const std::string &from, const std::string &to);

private:
  std::filesystem::path path;
  std::map<std::string, StoredTensor> entries;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_WEIGHTFILES_H
