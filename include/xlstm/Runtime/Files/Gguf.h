//===- Gguf.h - read GGUF files -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_GGUF_H
#define XLSTM_RUNTIME_FILES_GGUF_H

#include "xlstm/Runtime/Files/MappedFile.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace xlstm {

/// Types of metadata values, by the numbers of the format.
enum class GgufType : uint32_t {
  UInt8,
  Int8,
  UInt16,
  Int16,
  UInt32,
  Int32,
  Float32,
  Bool,
  String,
  Array,
  UInt64,
  Int64,
  Float64
};

/// A metadata value as it lies in the file.
struct GgufValue {
  GgufType type = GgufType::UInt8;
  /// Type and number of the elements of an array.
  GgufType elementType = GgufType::UInt8;
  uint64_t count = 0;
  /// The value, the characters of a string, the elements of an array.
  std::string_view bytes;
};

/// How a tensor is stored: rows of blocks (ggml's `ggml_type`, gguf-py's GGML_QUANT_SIZES).
struct GgmlType {
  uint32_t number;
  std::string_view name;
  int64_t blockElements, blockBytes;
};

/// A stored tensor. The last dimension is the fastest, as in safetensors: the format's own list of sizes reversed.
struct GgufTensor {
  const GgmlType *type = nullptr;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;

  int64_t columns() const { return shape.back(); }
  int64_t rowBytes() const { return columns() / type->blockElements * type->blockBytes; }
  std::span<const std::byte> row(int64_t index) const { return bytes.subspan(index * rowBytes(), rowBytes()); }
};

/// "Q4_1 [128, 64]"
std::string describe(const GgufTensor &tensor);

/// One GGUF file, version 2 or 3, little-endian (ggml's docs/gguf.md). The structure is checked whole: counts and
/// lengths against the file's size, keys and names unique, known types, sizes that do not overflow, tensors aligned,
/// one behind the other and inside the file. The tensors' bytes are not touched.
class GgufFile {
public:
  /// Throws Error that names the file, the key, tensor or byte, what was expected and what was found.
  static GgufFile open(const std::filesystem::path &path);
  /// The same of bytes that outlive the result; `origin` stands for the file in errors.
  static GgufFile parse(std::span<const std::byte> bytes, std::string origin);

  const std::string &origin() const { return name; }
  const std::map<std::string, GgufTensor, std::less<>> &tensors() const { return entries; }
  /// Nothing when there is no such tensor.
  const GgufTensor *findTensor(std::string_view tensor) const;
  /// What is odd in the file and harmless, a line each without the file's name.
  const std::vector<std::string> &warnings() const { return oddities; }

  /// Nothing when there is no such key.
  const GgufValue *find(std::string_view key) const;
  // The value of a key; nothing when it is absent. Throws Error "FILE: key 'KEY': expected ..., found ..." for another
  // type: any integer type serves for an integer, any number for a number.
  std::optional<std::string> text(std::string_view key) const;
  std::optional<bool> flag(std::string_view key) const;
  /// `least` to `most`.
  std::optional<int64_t> integer(std::string_view key, int64_t least, int64_t most) const;
  /// A finite number. A float32 becomes the double of the shortest decimal that rounds to it: 1e-05 stays 1e-05.
  std::optional<double> number(std::string_view key) const;
  /// At most `most` elements; they may be any bytes.
  std::optional<std::vector<std::string_view>> strings(std::string_view key, uint64_t most) const;
  /// Finite float32 numbers, at most `most`.
  std::optional<std::vector<double>> numbers(std::string_view key, uint64_t most) const;
  /// Integers or booleans, at most `most`.
  std::optional<std::vector<int64_t>> integers(std::string_view key, uint64_t most) const;

  /// Throws "FILE: key 'KEY': expected `expected`, found <the value>".
  [[noreturn]] void fail(std::string_view key, const std::string &expected) const;

private:
  friend class GgufReader;
  std::shared_ptr<const MappedFile> file;
  std::string name;
  std::map<std::string, GgufValue, std::less<>> keys;
  std::map<std::string, GgufTensor, std::less<>> entries;
  std::vector<std::string> oddities;
};

/// The type of a number in a tensor's description; nothing for one that is not known.
const GgmlType *findGgmlType(uint32_t number);
/// The same by its name, such as "BF16".
const GgmlType *findGgmlType(std::string_view name);

/// Whether dequantizeRow knows the type: F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to Q6_K, IQ4_NL, IQ4_XS.
bool canDequantize(const GgmlType &type);
/// The names of those types, for messages.
std::string dequantizableTypes();

/// The values of row `index`, as ggml's dequantize_row_* and gguf-py's quants.py give them, to the last bit. `out` has
/// the row's length.
void dequantizeRow(const GgufTensor &tensor, int64_t index, std::span<float> out);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_GGUF_H
