//===- ByteSource.cpp - a file's bytes, piece by piece --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/ByteSource.h"

#include "runtime/Files/Descriptor.h"
#include "runtime/Files/SystemError.h"

#include <fcntl.h>
#include <sys/stat.h>

using namespace xlstm;

namespace {

class FileBytes : public ByteSource {
public:
  explicit FileBytes(const std::filesystem::path &path)
      : path(path), file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), buffer(size_t{1} << 20, '\0') {
    struct stat status;
    if (file.number < 0 || ::fstat(file.number, &status))
      failSystem(path, "open");
    if (!S_ISREG(status.st_mode))
      fail(path.string(), ": expected a regular file, found a ", S_ISDIR(status.st_mode) ? "folder" : "special file");
  }

  std::string_view next() override {
    ssize_t count;
    while ((count = ::read(file.number, buffer.data(), buffer.size())) < 0)
      if (errno != EINTR)
        failSystem(path, "read");
    return {buffer.data(), size_t(count)};
  }

private:
  std::filesystem::path path;
  Descriptor file;
  std::string buffer;
};

} // namespace

std::unique_ptr<ByteSource> xlstm::openBytes(const std::filesystem::path &path) {
  return std::make_unique<FileBytes>(path);
}
