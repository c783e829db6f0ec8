//===- AtomicFile.cpp - a file that appears whole or not at all -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/AtomicFile.h"

#include "runtime/Files/Durable.h"
#include "runtime/Files/SystemError.h"

#include <sys/stat.h>
#include <unistd.h>

using namespace xlstm;
namespace fs = std::filesystem;

AtomicFile::AtomicFile(fs::path path) : target(normalPath(path)) {
  std::error_code ignored;
  fs::file_status status = fs::status(target, ignored);
  // A rename over /dev/null or a folder is never what was meant.
  if (fs::exists(status) && !fs::is_regular_file(status))
    fail(target.string(), ": cannot write: it exists and is not a regular file");
  temporary = std::make_unique<Temporary>(target, Temporary::Kind::File);
}

AtomicFile::~AtomicFile() = default;

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(temporary->descriptor(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      failSystem(target, "write");
    bytes = bytes.subspan(written);
  }
}

void AtomicFile::commit() {
  int descriptor = temporary->descriptor();
  struct stat status;
  if (executable &&
      (::fstat(descriptor, &status) || ::fchmod(descriptor, (status.st_mode | (status.st_mode & 0444) >> 2) & 0777)))
    failSystem(target, "make executable");
  if (::fsync(descriptor))
    failSystem(target, "write");
  // Some file systems tell of a full disk only when a descriptor is closed; the lock stays with the other one.
  int second = ::dup(descriptor);
  if (second < 0 || ::close(second))
    failSystem(target, "write");
  temporary->moveToTarget();
  flushFolder(target.parent_path());
}

void xlstm::writeTextFile(const fs::path &path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}
