//===- GgufBuilder.h - GGUF files, good and bad, byte by byte -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Written from ggml's docs/gguf.md, without the code under test. Every part can be made wrong.

#ifndef XLSTM_TEST_UNIT_FILES_GGUFBUILDER_H
#define XLSTM_TEST_UNIT_FILES_GGUFBUILDER_H

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xlstm::test {

/// The bytes of a number, as this little-endian machine has them.
template <typename T>
std::string bytesOf(T value) {
  return {reinterpret_cast<const char *>(&value), sizeof value};
}
inline std::string sized(std::string_view text) { return bytesOf(uint64_t(text.size())) + std::string(text); }

struct GgufBuilder {
  enum Type : uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };
  struct Key {
    std::string name;
    uint32_t type;
    std::string value;
  };
  struct Tensor {
    std::string name; // with its length in front, so that the length can lie
    std::vector<uint64_t> dims;
    uint32_t type;
    std::string data;
    std::optional<uint32_t> numDims = std::nullopt;
    std::optional<uint64_t> offset = std::nullopt;
  };

  std::string magic = "GGUF", tail;
  uint32_t version = 3;
  uint64_t alignment = 32;
  std::optional<uint64_t> numKeys, numTensors;
  std::vector<Key> keys;
  std::vector<Tensor> tensors;

  /// Replaces the value of a key that is there.
  void set(const std::string &name, uint32_t type, std::string value) {
    std::erase_if(keys, [&](const Key &key) { return key.name == name; });
    keys.push_back({name, type, std::move(value)});
  }
  void remove(const std::string &name) {
    std::erase_if(keys, [&](const Key &key) { return key.name == name; });
  }
  void setU32(const std::string &name, uint32_t value) { set(name, U32, bytesOf(value)); }
  void setF32(const std::string &name, float value) { set(name, F32, bytesOf(value)); }
  void setBool(const std::string &name, bool value) { set(name, Bool, bytesOf(uint8_t(value))); }
  void setText(const std::string &name, std::string_view value) { set(name, String, sized(value)); }
  void setStrings(const std::string &name, const std::vector<std::string> &values) {
    std::string bytes = bytesOf(uint32_t(String)) + bytesOf(uint64_t(values.size()));
    for (const std::string &value : values)
      bytes += sized(value);
    set(name, Array, bytes);
  }
  template <typename T>
  void setList(const std::string &name, uint32_t type, const std::vector<T> &values) {
    std::string bytes = bytesOf(type) + bytesOf(uint64_t(values.size()));
    for (T value : values)
      bytes += bytesOf(value);
    set(name, Array, bytes);
  }

  /// `shape` as in safetensors, the fastest dimension last.
  void add(const std::string &name, const std::vector<int64_t> &shape, uint32_t type, std::string data) {
    tensors.push_back({sized(name), {shape.rbegin(), shape.rend()}, type, std::move(data)});
  }
  Tensor &tensor(const std::string &name) {
    return *std::find_if(tensors.begin(), tensors.end(), [&](const Tensor &t) { return t.name == sized(name); });
  }
  void removeTensor(const std::string &name) {
    std::erase_if(tensors, [&](const Tensor &t) { return t.name == sized(name); });
  }

  std::string bytes() const {
    std::string out = magic + bytesOf(version) + bytesOf(numTensors.value_or(tensors.size())) +
                      bytesOf(numKeys.value_or(keys.size()));
    for (const Key &key : keys)
      out += sized(key.name) + bytesOf(key.type) + key.value;
    std::string data;
    for (const Tensor &tensor : tensors) {
      out += tensor.name + bytesOf(tensor.numDims.value_or(uint32_t(tensor.dims.size())));
      for (uint64_t dim : tensor.dims)
        out += bytesOf(dim);
      out += bytesOf(tensor.type) + bytesOf(tensor.offset.value_or(data.size()));
      data += tensor.data;
      pad(data);
    }
    pad(out);
    return out + data + tail;
  }

private:
  void pad(std::string &text) const { text.append((alignment - text.size() % alignment) % alignment, '\0'); }
};

} // namespace xlstm::test

#endif // XLSTM_TEST_UNIT_FILES_GGUFBUILDER_H
