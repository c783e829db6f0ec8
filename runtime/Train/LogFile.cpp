//===- LogFile.cpp - a log that a checkpoint knows the length of ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LogFile.h"

#include "xlstm/Support/Error.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace xlstm {

[[noreturn]] static void failSystem(const std::filesystem::path &path, const char *verb) {
  std::string reason = std::generic_category().message(errno);
  fail(path.string(), ": cannot ", verb, ": ", reason);
}

LogFile::LogFile(const std::filesystem::path &path, int64_t bytes) : path(path), length(bytes) {
  int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0)
    failSystem(path, "open");
  int64_t found = ::lseek(file, 0, SEEK_END);
  bool cut = found >= bytes && ::ftruncate(file, bytes) == 0 && ::lseek(file, bytes, SEEK_SET) == bytes;
  if (!cut) {
    ::close(file);
    if (found >= 0 && found < bytes)
      fail(path.string(), ": expected at least the ", bytes, " bytes that the checkpoint counts, found ", found);
    failSystem(path, "cut");
  }
  descriptor = file;
}

LogFile::~LogFile() { ::close(descriptor); }

void LogFile::append(std::string_view text) {
  for (size_t done = 0; done < text.size();) {
    ssize_t n = ::write(descriptor, text.data() + done, text.size() - done);
    if (n < 0 && errno != EINTR)
      failSystem(path, "write");
    done += n > 0 ? size_t(n) : 0;
  }
  length += int64_t(text.size());
}

int64_t LogFile::flush() {
  if (::fsync(descriptor) != 0)
    failSystem(path, "flush");
  return length;
}

} // namespace xlstm
