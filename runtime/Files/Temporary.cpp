//===- Temporary.cpp - outputs in the making ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/Descriptor.h"
#include "runtime/Files/Durable.h"
#include "runtime/Files/SystemError.h"
#include "runtime/Files/Unfinished.h"
#include "xlstm/Runtime/Files/AtomicFile.h"

#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <vector>

using namespace xlstm;
namespace fs = std::filesystem;

static constexpr std::string_view ending = ".tmp";
static constexpr size_t numDigits = 16;

/// Temporary names are ".NAME.0123456789abcdef.tmp", with digits that nobody can foresee.
static std::string prefixOf(const fs::path &target) { return "." + target.filename().string() + "."; }

static fs::path newName(const fs::path &target) {
  unsigned char random[numDigits / 2];
  if (::getrandom(random, sizeof random, 0) != sizeof random)
    failSystem(target, "create");
  std::string digits;
  for (unsigned char byte : random)
    (digits += "0123456789abcdef"[byte >> 4]) += "0123456789abcdef"[byte & 15];
  return target.parent_path() / (prefixOf(target) + digits + std::string(ending));
}

/// Whether this is a temporary name of an output called `prefix` without its dots; of any output where it is empty.
/// Names of earlier versions had a process's number and a count for digits.
static bool isTemporaryName(const std::string &name, const std::string &prefix) {
  if (!name.starts_with(prefix.empty() ? "." : prefix) || !name.ends_with(ending))
    return false;
  std::string stem = name.substr(0, name.size() - ending.size());
  std::string digits = prefix.empty() ? stem.substr(stem.rfind('.') + 1) : stem.substr(prefix.size());
  size_t dash = digits.find('-');
  auto isAll = [](const std::string &text, const char *known) {
    return !text.empty() && text.find_first_not_of(known) == text.npos;
  };
  if (dash != digits.npos)
    return isAll(digits.substr(0, dash), "0123456789") && isAll(digits.substr(dash + 1), "0123456789");
  return digits.size() == numDigits && isAll(digits, "0123456789abcdef");
}

/// Whether `descriptor` is what lies at `path`.
static bool isSame(int descriptor, const fs::path &path) {
  struct stat opened, found;
  return ::fstat(descriptor, &opened) == 0 && ::lstat(path.c_str(), &found) == 0 && opened.st_ino == found.st_ino &&
         opened.st_dev == found.st_dev;
}

/// Removes a temporary that no process holds. Where the file system has no locks it stays.
static void removeUnlessHeld(const fs::path &path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  std::error_code ignored;
  if (file.number >= 0 && ::flock(file.number, LOCK_EX | LOCK_NB) == 0 && isSame(file.number, path))
    fs::remove_all(path, ignored);
}

void xlstm::removeStale(const fs::path &target) {
  std::error_code ignored;
  std::string prefix = prefixOf(target);
  for (fs::directory_iterator at(target.parent_path(), ignored); at != fs::directory_iterator(); at.increment(ignored))
    if (isTemporaryName(at->path().filename().string(), prefix))
      removeUnlessHeld(at->path());
}

void xlstm::removeStaleBelow(const fs::path &folder) {
  std::error_code ignored;
  std::vector<fs::path> found;
  fs::recursive_directory_iterator at(folder, ignored);
  for (; at != fs::recursive_directory_iterator(); at.increment(ignored))
    if (isTemporaryName(at->path().filename().string(), "")) {
      at.disable_recursion_pending();
      found.push_back(at->path());
    }
  for (const fs::path &path : found)
    removeUnlessHeld(path);
}

/// Makes and opens what `name` says; -1 where it cannot be.
static int create(const fs::path &name, Temporary::Kind kind) {
  if (kind == Temporary::Kind::File)
    return ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  return ::mkdir(name.c_str(), 0777) ? -1 : ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

Temporary::Temporary(const fs::path &target, Kind kind) : target(target) {
  removeStale(target);
  for (;;) {
    name = newName(target);
    noteUnfinished(name);
    lock = create(name, kind);
    if (lock < 0) {
      int reason = errno;
      std::error_code ignored;
      if (reason != EEXIST) // a folder that was made and not opened
        fs::remove(name, ignored);
      forgetUnfinished(name);
      errno = reason;
      failSystem(target, "create");
    }
    while (::flock(lock, LOCK_EX) != 0 && errno == EINTR) {
    }
    if (isSame(lock, name)) // somebody may have taken it for a stale one before it was locked
      return;
    ::close(lock);
    forgetUnfinished(name);
  }
}

void Temporary::discard() {
  std::error_code ignored;
  if (!isGone)
    fs::remove_all(name, ignored);
  isGone = true;
}

Temporary::~Temporary() {
  discard();
  forgetUnfinished(name);
  ::close(lock);
}

/// Swaps two folders in one step; false where the file system cannot.
static bool exchange(const fs::path &one, const fs::path &other) {
  if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == 0)
    return true;
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
    failSystem(other, "replace");
  return false;
}

void Temporary::moveFolder() {
  if (exchange(name, target))
    return;
  fs::path old = newName(target);
  if (::rename(target.c_str(), old.c_str()))
    failSystem(target, "replace");
  if (::rename(name.c_str(), target.c_str())) {
    int reason = errno;
    ::rename(old.c_str(), target.c_str());
    errno = reason;
    failSystem(target, "replace");
  }
  ::rename(old.c_str(), name.c_str()); // else the next one removes it
}

void Temporary::moveToTarget() {
  HoldUnfinished hold; // a signal finds it under the one name or the other
  std::error_code ignored;
  if (fs::is_directory(name, ignored) && fs::exists(target, ignored))
    return moveFolder();
  if (::rename(name.c_str(), target.c_str()))
    failSystem(target, "write");
  isGone = true;
}
