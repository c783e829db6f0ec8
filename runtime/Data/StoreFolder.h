//===- StoreFolder.h - the folder of a target store that is written to ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_INTERNAL_STOREFOLDER_H
#define XLSTM_RUNTIME_DATA_INTERNAL_STOREFOLDER_H

#include "xlstm/Runtime/Data/TargetStore.h"

namespace xlstm {

/// Held by the process that writes to a store, of several ranks by the first; waits for others, and says so.
class StoreLock {
public:
  StoreLock(const std::filesystem::path &folder, const std::string &label);
  ~StoreLock();
  StoreLock(const StoreLock &) = delete;
  StoreLock &operator=(const StoreLock &) = delete;

private:
  int descriptor;
};

/// Writes targets.json where there is none.
void beginStore(const std::filesystem::path &folder, const TargetFormat &format);

/// The first `count` names of shards that are free.
std::vector<std::filesystem::path> freeShards(const std::filesystem::path &folder, size_t count);

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_INTERNAL_STOREFOLDER_H
