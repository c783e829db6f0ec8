//===- ExternalData.cpp - files that a model names ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rules of onnx's checker.cc: content of a file never leads outside the model's folder.

#include "lib/Import/Onnx/OnnxFile.h"

#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <sys/mman.h>
#include <unistd.h>

namespace xlstm {

static void checkLocation(const std::string &location, const std::string &place) {
  auto refuse = [&](const char *found) {
    fail(place, ": external data: expected a path inside the model's folder, found ", found, " ", quotePath(location));
  };
  if (location.empty())
    refuse("an empty location");
  if (location.find('\0') != std::string::npos || location.find('\\') != std::string::npos)
    refuse("a character that is not allowed in");
  std::filesystem::path path(location);
  if (path.is_absolute())
    refuse("the absolute path");
  for (const std::filesystem::path &part : path)
    if (part == "..")
      refuse("'..' in");
}

void releasePages(const OnnxTensor &tensor) {
  if (!tensor.file)
    return;
  auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto begin = reinterpret_cast<uintptr_t>(tensor.bytes.data()), end = begin + tensor.bytes.size();
  begin = (begin + page - 1) / page * page;
  end = end / page * page;
  if (begin < end)
    ::madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
}

std::shared_ptr<const MappedFile> openExternal(const std::filesystem::path &folder, const std::string &location,
                                               const std::string &place) {
  checkLocation(location, place);
  std::shared_ptr<const MappedFile> file;
  try {
    file = MappedFile::findInside(folder, location);
  } catch (const Error &error) {
    fail(place, ": external data: ", error.what());
  }
  const std::filesystem::path path = folder / location;
  if (!file)
    fail(place, ": external data: expected the file ", path.string(), ", found nothing");
  std::error_code error;
  if (std::filesystem::hard_link_count(path, error) != 1)
    fail(place, ": external data: expected a file with one name, found a hard link ", path.string());
  return file;
}

} // namespace xlstm
