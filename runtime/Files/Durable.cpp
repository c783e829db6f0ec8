//===- Durable.cpp - temporary names and flushing to disk -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/Durable.h"

#include "runtime/Files/SystemError.h"

#include <atomic>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <string>
#include <unistd.h>

using namespace xlstm;
namespace fs = std::filesystem;

static constexpr std::string_view ending = ".tmp";

/// Temporary names are ".NAME.PID-COUNT.tmp".
static std::string prefixOf(const fs::path &target) { return "." + target.filename().string() + "."; }

fs::path xlstm::normalPath(const fs::path &path) {
  std::error_code error;
  fs::path normal = fs::absolute(path, error).lexically_normal();
  if (error || normal.empty())
    fail(path.string(), ": expected a path to write to", path.empty() ? ", found an empty one" : "");
  return normal.has_filename() ? normal : normal.parent_path();
}

fs::path xlstm::temporaryPath(const fs::path &target) {
  static std::atomic<unsigned> count = 0;
  std::string name = prefixOf(target) + std::to_string(::getpid()) + "-" + std::to_string(count++);
  return target.parent_path() / (name + std::string(ending));
}

void xlstm::removeStale(const fs::path &target) {
  std::string prefix = prefixOf(target);
  std::error_code ignored;
  fs::directory_iterator at(target.parent_path(), ignored);
  for (; at != fs::directory_iterator(); at.increment(ignored)) {
    std::string name = at->path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(ending))
      continue;
    pid_t owner = 0;
    const char *begin = name.data() + prefix.size();
    auto [end, error] = std::from_chars(begin, name.data() + name.size(), owner);
    if (error == std::errc() && *end == '-' && owner > 0 && ::kill(owner, 0) && errno == ESRCH)
      fs::remove_all(at->path(), ignored);
  }
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
