//===- Durable.cpp - paths to write to, and flushing to disk --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/Durable.h"

#include "runtime/Files/SystemError.h"

#include <fcntl.h>
#include <unistd.h>

using namespace xlstm;
namespace fs = std::filesystem;

fs::path xlstm::normalPath(const fs::path &path) {
  std::error_code error;
  fs::path normal = fs::absolute(path, error).lexically_normal();
  if (error || normal.empty())
    fail(path.string(), ": expected a path to write to", path.empty() ? ", found an empty one" : "");
  return normal.has_filename() ? normal : normal.parent_path();
}

/// Flushes one file or folder; a file system that has no fsync for it (EINVAL) is as good as it gets.
static void flush(const fs::path &path, int flags) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
  if (descriptor < 0)
    failSystem(path, "open");
  bool failed = ::fsync(descriptor) && errno != EINVAL;
  int reason = errno;
  ::close(descriptor);
  errno = reason;
  if (failed)
    failSystem(path, "write");
}

void xlstm::flushFolder(const fs::path &folder) { flush(folder, O_DIRECTORY); }

void xlstm::flushTree(const fs::path &folder) {
  try {
    for (const fs::directory_entry &entry : fs::recursive_directory_iterator(folder))
      if (entry.is_symlink())
        continue;
      else if (entry.is_directory())
        flushFolder(entry.path());
      else if (entry.is_regular_file())
        flush(entry.path(), 0);
  } catch (const fs::filesystem_error &error) {
    fail(error.path1().string(), ": cannot read: ", error.code().message());
  }
  flushFolder(folder);
}
