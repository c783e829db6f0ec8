//===- CorpusFile.h - a corpus file and what one look at it told ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_CORPUSFILE_H
#define XLSTM_RUNTIME_DATA_CORPUSFILE_H

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace xlstm {

/// A corpus file that was read to its end once. What is kept of that are 4 bytes a document, from which follows which
/// of them are wanted: a run reads a file once before it begins and once for each stage that takes documents out of it.
class CorpusFile {
public:
  /// Throws Error as forEachDocument (Documents.h) does, and for a file without documents.
  static CorpusFile read(const std::filesystem::path &path);

  const std::filesystem::path &path() const { return file; }
  /// Bytes of every document, in the order of the file.
  const std::vector<uint32_t> &sizes() const { return bytes; }

  /// The documents of these numbers, in this order; no number comes twice. The file is read up to the last of them.
  /// Throws Error when its documents are not those that were read.
  std::vector<std::string> take(std::span<const uint32_t> numbers) const;

private:
  std::filesystem::path file;
  std::vector<uint32_t> bytes;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_CORPUSFILE_H
