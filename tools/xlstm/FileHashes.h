//===- FileHashes.h - hashes of files, each read once ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_FILEHASHES_H
#define XLSTM_TOOLS_XLSTM_FILEHASHES_H

#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Runtime/Files/Json.h"

#include <vector>

namespace xlstm {

/// Hashes of files, remembered beside device, inode, size and the times of the last change of content and inode: a file
/// with the same is not read again, as git's index has it.
class FileHashes {
public:
  /// `memory`: where to remember them; what cannot be read there counts for nothing. Empty: nowhere.
  explicit FileHashes(std::filesystem::path memory);

  /// 32 digits. Throws Error.
  std::string of(const std::filesystem::path &file);
  /// The same, whatever is remembered.
  std::string readAgain(const std::filesystem::path &file);
  /// Of files one after the other.
  std::string of(const std::vector<std::filesystem::path> &files);
  /// Of these, and of which documents are meant.
  std::string of(const CorpusFiles &files);
  /// Writes down what is remembered.
  void save() const;

private:
  std::filesystem::path memory;
  Json entries; // by path
};

/// Of a text.
std::string hashOfText(const std::string &text);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_FILEHASHES_H
