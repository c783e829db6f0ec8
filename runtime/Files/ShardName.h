//===- ShardName.h - how the shards of a folder are called ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_INTERNAL_SHARDNAME_H
#define XLSTM_RUNTIME_FILES_INTERNAL_SHARDNAME_H

#include "xlstm/Support/Number.h"

#include <filesystem>

namespace xlstm {

/// FOLDER/shard-00012.safetensors
inline std::filesystem::path shardFile(const std::filesystem::path &folder, int64_t index) {
  return folder / ("shard-" + padded(index, 5) + ".safetensors");
}

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERNAL_SHARDNAME_H
