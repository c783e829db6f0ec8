//===- Safetensors.h - read and write safetensors files -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_SAFETENSORS_H
#define XLSTM_RUNTIME_FILES_SAFETENSORS_H

#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Support/DType.h"

#include <map>
#include <string>
#include <vector>

namespace xlstm {

/// Type and shape of a stored tensor; rows are contiguous, the last dimension fastest.
struct TensorSpec {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;

  uint64_t numElements() const;
  uint64_t numBytes() const { return numElements() * sizeOf(dtype); }
};

/// "BF16 [128, 64]"
std::string describe(const TensorSpec &spec);

/// A stored tensor: its bytes lie in a mapped file that it keeps open.
struct StoredTensor {
  TensorSpec spec;
  std::span<const std::byte> bytes;
  std::shared_ptr<const MappedFile> file;
};

/// One safetensors file. The format is checked whole at open (huggingface/safetensors README, "Format"): header length
/// and JSON, known types, offsets that are ordered, in range, without overlap or hole and agree with shape and type,
/// and no duplicate name. Bytes of the tensors are not touched.
class SafetensorsFile {
public:
  /// Throws Error that names the file, the tensor, what was expected and what was found.
  static SafetensorsFile open(const std::filesystem::path &path) { return parse(MappedFile::open(path)); }
  static SafetensorsFile parse(std::shared_ptr<const MappedFile> file);

  const std::map<std::string, StoredTensor> &tensors() const { return entries; }
  /// Throws Error when there is no such tensor.
  const StoredTensor &get(const std::string &name) const;
  const std::map<std::string, std::string> &metadata() const { return meta; }
  const std::filesystem::path &path() const { return file->path(); }

private:
  std::shared_ptr<const MappedFile> file;
  std::map<std::string, StoredTensor> entries;
  std::map<std::string, std::string> meta;
};

/// What a file of these tensors begins with; `total`: bytes of the tensors behind it. Throws Error that names `path`.
std::string safetensorsHeader(const std::filesystem::path &path, const std::vector<TensorSpec> &specs,
                              const std::map<std::string, std::string> &metadata, uint64_t &total);

/// Writes a safetensors file tensor by tensor: the header is fixed by the specs given first, then append() gets the
/// bytes in the same order, in pieces of any size. commit() checks that all came and renames the file into place.
/// Tensor data begins at a multiple of 64 bytes.
class SafetensorsWriter {
public:
  SafetensorsWriter(const std::filesystem::path &path, const std::vector<TensorSpec> &specs,
                    const std::map<std::string, std::string> &metadata = {});
  void append(std::span<const std::byte> bytes);
  void commit();

private:
  AtomicFile out;
  std::filesystem::path path;
  uint64_t remaining = 0;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_SAFETENSORS_H
