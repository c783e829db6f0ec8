//===- ByteSource.h - a file's bytes, piece by piece ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_INTERNAL_BYTESOURCE_H
#define XLSTM_RUNTIME_FILES_INTERNAL_BYTESOURCE_H

#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Runtime/Files/MappedFile.h"

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

/// What a decoder is given and where it writes; it moves both on.
struct CodecWindow {
  const uint8_t *in = nullptr;
  size_t inLeft = 0;
  uint8_t *out = nullptr;
  size_t outLeft = 0;
  bool isLast = false; // nothing comes behind `in`
};

/// A compression format.
class Codec {
public:
  virtual ~Codec() = default;
  /// Takes some input, gives some output. What is wrong with the file ("is cut: ..."); nothing where nothing is.
  virtual const char *step(CodecWindow &window) = 0;
  /// Whether all that is in the file has been given.
  bool ended = false;
};

std::unique_ptr<Codec> xzCodec();
std::unique_ptr<Codec> gzipCodec();
std::unique_ptr<Codec> zstdCodec();

/// What a compressed file holds. Throws Error: damaged, or growing beyond limits.expansion.
std::unique_ptr<ByteSource> openCompressed(const std::filesystem::path &path, std::unique_ptr<Codec> codec,
                                           const CorpusLimits &limits);

/// All of a source as a mapped file without a name, in the folder for temporary files; errors call it `path`.
std::shared_ptr<const MappedFile> mapAll(ByteSource &source, const std::filesystem::path &path);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERNAL_BYTESOURCE_H
