//===- DType.h - element types of stored tensors --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_SUPPORT_DTYPE_H
#define XLSTM_SUPPORT_DTYPE_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace xlstm {

/// Element types of the safetensors format that this project reads and writes.
enum class DType : uint8_t { F64, F32, F16, BF16, I64, I32, I16, I8, U16, U8, Bool };

/// Bytes of one element.
constexpr uint64_t sizeOf(DType type) {
  switch (type) {
  case DType::F64:
  case DType::I64:
    return 8;
  case DType::F32:
  case DType::I32:
    return 4;
  case DType::F16:
  case DType::BF16:
  case DType::I16:
  case DType::U16:
    return 2;
  case DType::I8:
  case DType::U8:
  case DType::Bool:
    return 1;
  }
  return 0;
}

/// The name of the type in a safetensors header, such as "BF16".
constexpr std::string_view safetensorsName(DType type) {
  switch (type) {
  case DType::F64:
    return "F64";
  case DType::F32:
    return "F32";
  case DType::F16:
    return "F16";
  case DType::BF16:
    return "BF16";
  case DType::I64:
    return "I64";
  case DType::I32:
    return "I32";
  case DType::I16:
    return "I16";
  case DType::I8:
    return "I8";
  case DType::U16:
    return "U16";
  case DType::U8:
    return "U8";
  case DType::Bool:
    return "BOOL";
  }
  return "?";
}

/// The type of a safetensors name; nothing for a name that is not known.
constexpr std::optional<DType> parseSafetensorsName(std::string_view name) {
  for (DType type : {DType::F64, DType::F32, DType::F16, DType::BF16, DType::I64, DType::I32, DType::I16, DType::I8,
                     DType::U16, DType::U8, DType::Bool})
    if (safetensorsName(type) == name)
      return type;
  return std::nullopt;
}

constexpr bool isFloat(DType type) { return type <= DType::BF16; }

/// PyTorch's name of a float type, such as "bfloat16", which config.json and YAML files of others have; "?" for others.
constexpr std::string_view torchName(DType type) {
  switch (type) {
  case DType::F64:
    return "float64";
  case DType::F32:
    return "float32";
  case DType::F16:
    return "float16";
  case DType::BF16:
    return "bfloat16";
  default:
    return "?";
  }
}

/// The float type of a PyTorch name; nothing for a name that is not known.
constexpr std::optional<DType> parseTorchName(std::string_view name) {
  for (DType type : {DType::F64, DType::F32, DType::F16, DType::BF16})
    if (torchName(type) == name)
      return type;
  return std::nullopt;
}

} // namespace xlstm

#endif // XLSTM_SUPPORT_DTYPE_H
