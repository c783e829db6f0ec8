//===- FileHash.h - 128-bit hashes of files and their parts ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// XXH3-128 (xxhash.h), at the speed of memory. It finds what a disk, a memory or a transfer did to a file. It is no
// guard against somebody who changes a file and its hash: nothing that lies beside the file could be.

#ifndef XLSTM_RUNTIME_FILES_FILEHASH_H
#define XLSTM_RUNTIME_FILES_FILEHASH_H

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace xlstm {

/// As it lies in an executable: little endian.
struct FileHash {
  uint64_t low = 0, high = 0;
  bool operator==(const FileHash &) const = default;
};

FileHash hashOf(std::span<const std::byte> bytes);

/// 32 lower-case digits, high half first: what `xxhsum -H2` prints.
std::string hexDigits(const FileHash &hash);

/// The hash of bytes that come in pieces: that of all of them at once, however they are cut.
class Hasher {
public:
  Hasher();
  ~Hasher();
  void add(std::span<const std::byte> bytes);
  FileHash value() const;

private:
  struct State;
  std::unique_ptr<State> state;
};

struct MeasuredFile {
  uint64_t bytes;
  FileHash hash;
};

/// Reads the file `name` of `folder` (MappedFile::openInside) through a small buffer. Throws Error.
MeasuredFile measureFile(const std::filesystem::path &folder, const std::filesystem::path &name);

/// The same of a file that the user named: links are followed.
MeasuredFile measureGivenFile(const std::filesystem::path &path);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_FILEHASH_H
