//===- TargetShard.h - file names and tensors of a target store -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_INTERNAL_TARGETSHARD_H
#define XLSTM_RUNTIME_DATA_INTERNAL_TARGETSHARD_H

#include <filesystem>
#include <string>

namespace xlstm {

constexpr int targetStoreVersion = 1;

inline std::filesystem::path targetManifest(const std::filesystem::path &folder) { return folder / "targets.json"; }

inline std::filesystem::path targetShard(const std::filesystem::path &folder, int64_t index) {
  std::string digits = std::to_string(index);
  return folder / ("shard-" + std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits + ".safetensors");
}

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_INTERNAL_TARGETSHARD_H
