//===- ShardName.h - how the shards of a folder are called ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_INTERNAL_SHARDNAME_H
#define XLSTM_RUNTIME_DATA_INTERNAL_SHARDNAME_H

#include <filesystem>
#include <string>

namespace xlstm {

/// FOLDER/shard-00012.safetensors
inline std::filesystem::path shardFile(const std::filesystem::path &folder, int64_t index) {
  std::string digits = std::to_string(index);
  return folder / ("shard-" + std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits + ".safetensors");
}

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_INTERNAL_SHARDNAME_H
