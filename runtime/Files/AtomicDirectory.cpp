//===- AtomicDirectory.cpp - a folder that appears whole or not at all ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/AtomicFile.h"

#include "runtime/Files/Durable.h"
#include "runtime/Files/SystemError.h"

#include <fcntl.h>
#include <sys/stat.h>

using namespace xlstm;
namespace fs = std::filesystem;

AtomicDirectory::AtomicDirectory(fs::path path) : target(normalPath(path)), temporary(temporaryPath(target)) {
  std::error_code ignored;
  fs::file_status status = fs::status(target, ignored);
  if (fs::exists(status) && !fs::is_directory(status))
    fail(target.string(), ": cannot write: it exists and is not a folder");
  removeStale(target);
  if (::mkdir(temporary.c_str(), 0777))
    failSystem(target, "create");
}

AtomicDirectory::~AtomicDirectory() {
  std::error_code ignored;
  if (!done)
    fs::remove_all(temporary, ignored);
}

/// Swaps two folders in one step; false where the file system cannot.
static bool exchange(const fs::path &one, const fs::path &other) {
  if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == 0)
    return true;
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
    failSystem(other, "replace");
  return false;
}

void AtomicDirectory::commit() {
  flushTree(temporary);
  std::error_code ignored;
  fs::path old;
  if (fs::exists(target, ignored)) {
    old = temporary;
    if (!exchange(temporary, target)) {
      old = temporaryPath(target);
      if (::rename(target.c_str(), old.c_str()))
        failSystem(target, "replace");
      if (::rename(temporary.c_str(), target.c_str())) {
        int reason = errno;
        ::rename(old.c_str(), target.c_str());
        errno = reason;
        failSystem(target, "replace");
      }
    }
  } else if (::rename(temporary.c_str(), target.c_str()))
    failSystem(target, "create");
  done = true;
  flushFolder(target.parent_path());
  if (!old.empty())
    fs::remove_all(old, ignored);
}
