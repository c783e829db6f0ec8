//===- TokenShard.h - file names of a corpus in tokens --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_INTERNAL_TOKENSHARD_H
#define XLSTM_RUNTIME_DATA_INTERNAL_TOKENSHARD_H

#include "runtime/Files/ShardName.h"

namespace xlstm {

constexpr int tokenCorpusVersion = 1;

inline std::filesystem::path tokenManifest(const std::filesystem::path &folder) { return folder / "tokens.json"; }
inline std::filesystem::path tokenShard(const std::filesystem::path &folder, int64_t index) {
  return shardFile(folder, index);
}

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_INTERNAL_TOKENSHARD_H
