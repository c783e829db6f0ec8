//===- Inside.cpp - files that a model's folder names or carries ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file is found first, without being opened (O_PATH: a device may act when it is opened), then looked at, and what
// was looked at is what is read: no change of the folder in between matters.

#include "runtime/Files/Inside.h"

#include "runtime/Files/Descriptor.h"
#include "runtime/Files/SystemError.h"

#include <algorithm>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>

namespace fs = std::filesystem;

namespace xlstm {

/// A name of the open file that leads to nothing else.
static fs::path handleOf(const Descriptor &file) { return "/proc/self/fd/" + std::to_string(file.number); }

static fs::path placeOf(const Descriptor &file, const fs::path &path) {
  std::error_code error;
  fs::path place = fs::read_symlink(handleOf(file), error);
  if (error)
    fail(path.string(), ": cannot find out where it lies: ", handleOf(file).string(), ": ", error.message());
  return place;
}

/// The Hub's cache keeps every file of models--X/snapshots/REV as a link to one of models--X/blobs; `folder` is a
/// snapshot or a folder in one.
static bool isBlobOf(const fs::path &place, const fs::path &folder) {
  for (fs::path at = folder; at.has_relative_path(); at = at.parent_path()) {
    fs::path snapshots = at.parent_path(), repository = snapshots.parent_path();
    if (snapshots.filename() == "snapshots" && repository.filename().string().starts_with("models--"))
      return place.parent_path() == repository / "blobs";
  }
  return false;
}

static void checkPlace(const Descriptor &folder, const Descriptor &file, const fs::path &path) {
  fs::path home = placeOf(folder, path), place = placeOf(file, path);
  bool isInside = std::ranges::mismatch(home, place).in1 == home.end();
  if (!isInside && !isBlobOf(place, home))
    fail(path.string(), ": expected a file of its folder, found a link that leaves it, to ", place.string());
}

static void checkKind(const Descriptor &file, const fs::path &path) {
  struct stat status;
  if (::fstat(file.number, &status))
    failSystem(path, "open");
  if (!S_ISREG(status.st_mode))
    fail(path.string(), ": expected a regular file, found a ", S_ISDIR(status.st_mode) ? "folder" : "special file");
}

int findInside(const fs::path &folder, const fs::path &name) {
  const fs::path path = folder / name;
  Descriptor home(::open(folder.empty() ? "." : folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (home.number < 0 && (errno == ENOENT || errno == ENOTDIR))
    return -1;
  if (home.number < 0)
    failSystem(folder, "open");
  Descriptor file(::openat(home.number, name.c_str(), O_PATH | O_CLOEXEC));
  struct stat status;
  if (file.number < 0 && (errno == ENOENT || errno == ENOTDIR)) {
    if (::fstatat(home.number, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode))
      fail(path.string(), ": expected a file of its folder, found a link that leads nowhere");
    return -1;
  }
  if (file.number < 0)
    failSystem(path, "open");
  checkPlace(home, file, path);
  checkKind(file, path);
  int opened = ::open(handleOf(file).c_str(), O_RDONLY | O_CLOEXEC);
  if (opened < 0)
    failSystem(path, "open");
  return opened;
}

int openInside(const fs::path &folder, const fs::path &name) {
  int file = findInside(folder, name);
  if (file < 0) {
    errno = ENOENT;
    failSystem(folder / name, "open");
  }
  return file;
}

} // namespace xlstm
