//===- CopyFile.cpp - copies and second names of large files --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/CopyFile.h"

#include "runtime/Files/Descriptor.h"
#include "runtime/Files/SystemError.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

using namespace xlstm;
namespace fs = std::filesystem;

/// Copies bytes [begin, end) to the same place of `out`.
static bool copyRange(int in, int out, off_t begin, off_t end) {
  off_t from = begin, to = begin;
  while (from < end) {
    ssize_t copied = ::copy_file_range(in, &from, out, &to, end - from, 0);
    if (copied > 0)
      continue;
    if (copied == 0) { // the file became shorter
      errno = ENODATA;
      return false;
    }
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
      return false;
    if (::lseek(out, to, SEEK_SET) < 0)
      return false;
    while (from < end)
      if (ssize_t sent = ::sendfile(out, in, &from, end - from); sent <= 0)
        return false;
  }
  return true;
}

/// Copies what is no hole. A file system that knows no holes calls the whole file data.
static bool copyData(int in, int out, off_t size) {
  if (::ftruncate(out, size))
    return false;
  for (off_t end = 0; end < size;) {
    off_t begin = ::lseek(in, end, SEEK_DATA);
    if (begin < 0)
      return errno == ENXIO; // a hole up to the end
    end = ::lseek(in, begin, SEEK_HOLE);
    if (end < 0 || !copyRange(in, out, begin, end))
      return false;
  }
  return true;
}

void xlstm::copyFile(const fs::path &from, const fs::path &to) {
  Descriptor in(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (in.number < 0 || ::fstat(in.number, &status))
    failSystem(from, "open");
  if (!S_ISREG(status.st_mode))
    fail(from.string(), ": expected a regular file, found another kind");
  Descriptor out(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (out.number < 0)
    failSystem(to, "create");
  if (::ioctl(out.number, FICLONE, in.number) == 0 || copyData(in.number, out.number, status.st_size))
    return;
  int reason = errno;
  ::unlink(to.c_str());
  errno = reason;
  failSystem(to, "write");
}

bool xlstm::linkFile(const fs::path &from, const fs::path &to) {
  std::error_code error;
  fs::path file = fs::canonical(from, error);
  if (!error)
    fs::create_hard_link(file, to, error);
  return !error;
}
