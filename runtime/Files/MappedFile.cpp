//===- MappedFile.cpp - a file mapped for reading -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/MappedFile.h"

#include "runtime/Files/ByteSource.h"
#include "runtime/Files/Descriptor.h"
#include "runtime/Files/Inside.h"
#include "runtime/Files/SystemError.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

using namespace xlstm;

std::shared_ptr<const MappedFile> MappedFile::map(int descriptor, const std::filesystem::path &path) {
  struct stat status;
  if (::fstat(descriptor, &status))
    failSystem(path, "open");
  if (!S_ISREG(status.st_mode))
    fail(path.string(), ": expected a regular file, found a ", S_ISDIR(status.st_mode) ? "folder" : "special file");
  std::shared_ptr<MappedFile> mapped(new MappedFile);
  mapped->file = path;
  if (status.st_size == 0)
    return mapped;
  void *data = ::mmap(nullptr, status.st_size, PROT_READ, MAP_SHARED, descriptor, 0);
  if (data == MAP_FAILED)
    failSystem(path, "map");
  mapped->data = data;
  mapped->size = status.st_size;
  return mapped;
}

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path &path) {
  // Without O_NONBLOCK the open of a FIFO waits for a writer.
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (descriptor.number < 0)
    failSystem(path, "open");
  return map(descriptor.number, path);
}

std::shared_ptr<const MappedFile> MappedFile::findInside(const std::filesystem::path &folder,
                                                         const std::filesystem::path &name) {
  Descriptor descriptor(xlstm::findInside(folder, name));
  return descriptor.number < 0 ? nullptr : map(descriptor.number, folder / name);
}

std::shared_ptr<const MappedFile> MappedFile::openInside(const std::filesystem::path &folder,
                                                         const std::filesystem::path &name) {
  Descriptor descriptor(xlstm::openInside(folder, name));
  return map(descriptor.number, folder / name);
}

std::shared_ptr<const MappedFile> xlstm::mapAll(ByteSource &source, const std::filesystem::path &path) {
  std::error_code error; // TMPDIR is no folder
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error)
    fail("TMPDIR: expected a folder for temporary files: ", error.message());
  Descriptor descriptor(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (descriptor.number < 0)
    failSystem(folder, "create a temporary file in");
  for (std::string_view rest = source.next(); !rest.empty(); rest = source.next())
    while (!rest.empty()) {
      const ssize_t written = ::write(descriptor.number, rest.data(), rest.size());
      if (written < 0 && errno != EINTR)
        failSystem(folder, ("write the content of " + path.string() + " in").c_str());
      rest.remove_prefix(written < 0 ? 0 : size_t(written));
    }
  return MappedFile::map(descriptor.number, path);
}

MappedFile::~MappedFile() {
  if (data)
    ::munmap(data, size);
}

static std::string contentOf(const MappedFile &file, size_t limit) {
  if (file.text().size() > limit)
    fail(file.path().string(), ": expected at most ", limit, " bytes, found ", file.text().size());
  return std::string(file.text());
}

std::string xlstm::readTextFile(const std::filesystem::path &path, size_t limit) {
  return contentOf(*MappedFile::openInside(path.parent_path(), path.filename()), limit);
}

std::string xlstm::readGivenFile(const std::filesystem::path &path, size_t limit) {
  return contentOf(*MappedFile::open(path), limit);
}
