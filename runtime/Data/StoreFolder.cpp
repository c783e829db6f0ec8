//===- StoreFolder.cpp - the folder of a target store that is written to --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StoreFolder.h"
#include "runtime/Files/TargetShard.h"

#include "xlstm/Support/Error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace xlstm {

StoreLock::StoreLock(const fs::path &folder, const std::string &label) {
  fs::path file = folder / ".lock";
  descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0)
    fail(file.string(), ": ", std::strerror(errno));
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    return;
  say(label, folder.string() + ": another process writes to this store; waiting for it");
  while (flock(descriptor, LOCK_EX) != 0)
    if (errno != EINTR)
      fail(file.string(), ": ", std::strerror(errno));
}

StoreLock::~StoreLock() { close(descriptor); }

void beginStore(const fs::path &folder, const TargetFormat &format) {
  fs::path manifest = targetManifest(folder);
  if (std::error_code error; !fs::exists(manifest, error))
    writeTextFile(manifest, textOf(format));
}

std::vector<fs::path> freeShards(const fs::path &folder, size_t count) {
  std::vector<fs::path> shards;
  std::error_code error;
  for (int64_t number = 0; shards.size() < count; ++number)
    if (fs::path path = shardFile(folder, number); !fs::exists(path, error))
      shards.push_back(path);
  return shards;
}

} // namespace xlstm
