//===- GgufWriter.h - write GGUF files ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_GGUFWRITER_H
#define XLSTM_RUNTIME_FILES_GGUFWRITER_H

#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/Safetensors.h"

namespace xlstm {

/// One GGUF file, version 3, little-endian (ggml's docs/gguf.md): keys first, then all tensors' descriptions, then
/// commit.
class GgufWriter {
public:
  explicit GgufWriter(const std::filesystem::path &path) : path(path), out(path) {}

  void addText(std::string_view key, std::string_view value);
  void addNumber(std::string_view key, uint32_t value);
  /// `tensor` has to live until commit. Throws Error naming it: a name of more than 64 bytes, no or more than 4
  /// dimensions, another type than F32, F16 and BF16.
  void addTensor(const StoredTensor &tensor);
  void commit();

private:
  std::filesystem::path path;
  AtomicFile out;
  uint64_t numKeys = 0, dataBytes = 0;
  std::string keys, descriptions;
  std::vector<const StoredTensor *> tensors;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_GGUFWRITER_H
