//===- ByteSource.h - a file's bytes, piece by piece ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_INTERNAL_BYTESOURCE_H
#define XLSTM_RUNTIME_FILES_INTERNAL_BYTESOURCE_H

#include "xlstm/Runtime/Files/Documents.h"

#include <memory>
#include <string_view>

namespace xlstm {

class ByteSource {
public:
  virtual ~ByteSource() = default;
  /// The next bytes, at most a MiB; empty at the end. They are there until the next call.
  virtual std::string_view next() = 0;
};

/// A regular file's bytes as they are.
std::unique_ptr<ByteSource> openBytes(const std::filesystem::path &path);

/// What an .xz file holds.
std::unique_ptr<ByteSource> openXz(const std::filesystem::path &path, const CorpusLimits &limits);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERNAL_BYTESOURCE_H
