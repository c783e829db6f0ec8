//===- AtomicFile.cpp - a file that appears whole or not at all -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/AtomicFile.h"

#include "runtime/Files/Durable.h"
#include "runtime/Files/SystemError.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace xlstm;
namespace fs = std::filesystem;

AtomicFile::AtomicFile(fs::path path) : target(normalPath(path)), temporary(temporaryPath(target)) {
  std::error_code ignored;
  fs::file_status status = fs::status(target, ignored);
  // A rename over /dev/null or a folder is never what was meant.
  if (fs::exists(status) && !fs::is_regular_file(status))
    fail(target.string(), ": cannot write: it exists and is not a regular file");
  removeStale(target);
  descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0)
    failSystem(target, "create");
}

AtomicFile::~AtomicFile() {
  if (descriptor < 0)
    return;
  ::close(descriptor);
  ::unlink(temporary.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      failSystem(target, "write");
    bytes = bytes.subspan(written);
  }
}

void AtomicFile::commit() {
  struct stat status;
  if (executable &&
      (::fstat(descriptor, &status) || ::fchmod(descriptor, (status.st_mode | (status.st_mode & 0444) >> 2) & 0777)))
    failSystem(target, "make executable");
  if (::fsync(descriptor))
    failSystem(target, "write");
  int closing = descriptor;
  descriptor = -1;
  // Some file systems tell of a full disk only here.
  bool failed = ::close(closing) != 0;
  if (failed || ::rename(temporary.c_str(), target.c_str())) {
    int reason = errno;
    ::unlink(temporary.c_str());
    errno = reason;
    failSystem(target, "write");
  }
  flushFolder(target.parent_path());
}

void xlstm::writeTextFile(const fs::path &path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}
