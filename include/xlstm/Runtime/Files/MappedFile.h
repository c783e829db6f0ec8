//===- MappedFile.h - a file mapped for reading ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_MAPPEDFILE_H
#define XLSTM_RUNTIME_FILES_MAPPEDFILE_H

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace xlstm {

/// A regular file mapped read-only; unmapped when the last shared_ptr goes. Pages are read on first touch.
class MappedFile {
public:
  /// A file that the user named: links are followed. Throws Error when it cannot be opened or is not a regular file.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path &path);
  /// A file that a folder carries or names, whoever made that folder: a regular file that lies, links followed, in
  /// `folder` or below it. One exception: in a snapshot of the Hub's cache (models--X/snapshots/REV) also one of
  /// models--X/blobs. Throws Error; findInside returns nothing where nothing has that name.
  static std::shared_ptr<const MappedFile> openInside(const std::filesystem::path &folder,
                                                      const std::filesystem::path &name);
  static std::shared_ptr<const MappedFile> findInside(const std::filesystem::path &folder,
                                                      const std::filesystem::path &name);
  /// What a descriptor is open at, a regular file; errors call it `path`. The descriptor may be closed afterwards.
  static std::shared_ptr<const MappedFile> map(int descriptor, const std::filesystem::path &path);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  std::span<const std::byte> bytes() const { return {static_cast<const std::byte *>(data), size}; }
  std::string_view text() const { return {static_cast<const char *>(data), size}; }
  const std::filesystem::path &path() const { return file; }

private:
  MappedFile() = default;
  std::filesystem::path file;
  void *data = nullptr;
  size_t size = 0;
};

/// The whole of a small text file that its folder carries (MappedFile::openInside: a link that leaves the folder is
/// refused); throws Error when it is missing, unreadable or larger than `limit` bytes.
std::string readTextFile(const std::filesystem::path &path, size_t limit = size_t{1} << 28);

/// The same of a file that the user named: links are followed.
std::string readGivenFile(const std::filesystem::path &path, size_t limit = size_t{1} << 28);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_MAPPEDFILE_H
