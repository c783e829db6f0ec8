//===- Floats.h - stored floats as float32 and back -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_FLOATS_H
#define XLSTM_RUNTIME_FILES_FLOATS_H

#include "xlstm/Support/DType.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace xlstm {

/// Types that a checkpoint's weights may have.
constexpr bool isWeightType(DType type) { return type == DType::F32 || type == DType::F16 || type == DType::BF16; }

/// The element at `from`, of a type of isWeightType.
inline float loadFloat(DType type, const std::byte *from) {
  auto load = [&]<typename T>(T value) {
    std::memcpy(&value, from, sizeof(value));
    return value;
  };
  if (type == DType::F32)
    return load(float());
  if (type == DType::F16)
    return static_cast<float>(load(_Float16()));
  return std::bit_cast<float>(static_cast<uint32_t>(load(uint16_t())) << 16);
}

/// Writes the nearest element of a type of isWeightType, ties to even.
inline void storeFloat(DType type, float value, std::byte *to) {
  if (type == DType::F32)
    return void(std::memcpy(to, &value, sizeof(value)));
  auto bits = std::bit_cast<uint32_t>(value);
  bool isNaN = value != value;
  auto half = type == DType::F16
                  ? std::bit_cast<uint16_t>(static_cast<_Float16>(value))
                  : static_cast<uint16_t>((isNaN ? bits | 0x400000 : bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  std::memcpy(to, &half, sizeof(half));
}

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_FLOATS_H
