//===- HybridStorage.h - rows of stored values and float32 -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CPU_HYBRIDSTORAGE_H
#define XLSTM_KERNELS_CPU_HYBRIDSTORAGE_H

#include "kernels/cpu/Simd.h"
#include "xlstm/Kernels/Hybrid.h"

namespace xlstm::cpu::hybrid {

XLSTM_INLINE float fromFp8(uint8_t bits) {
  int32_t exponent = bits >> 3 & 15, mantissa = bits & 7;
  float sign = bits & 0x80 ? -1.0f : 1.0f;
  if ((bits & 0x7f) == 0x7f)
    return __builtin_nanf("");
  if (exponent == 0)
    return sign * float(mantissa) * 0x1p-9f;
  return sign * __builtin_bit_cast(float, uint32_t(exponent + 120) << 23 | uint32_t(mantissa) << 20);
}

/// Nearest even; beyond 448 the largest.
XLSTM_INLINE uint8_t toFp8(float x) {
  uint32_t bits = __builtin_bit_cast(uint32_t, x), sign = bits >> 24 & 0x80, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)
    return uint8_t(sign | 0x7f);
  float size = __builtin_bit_cast(float, magnitude);
  if (size < 0x1p-6f) // steps of 2^-9
    return uint8_t(sign |
                   uint32_t(__builtin_bit_cast(uint32_t, size + 0x1p14f) - __builtin_bit_cast(uint32_t, 0x1p14f)));
  uint32_t rounded = (magnitude + 0x7ffff + (magnitude >> 20 & 1)) >> 20;
  uint32_t code = rounded - (120 << 3);
  return uint8_t(sign | (code > 0x7e ? 0x7e : code));
}

XLSTM_INLINE uint16_t toBf16(float x) {
  uint32_t bits = __builtin_bit_cast(uint32_t, x);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return uint16_t(bits >> 16 | 0x40);
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

XLSTM_INLINE int64_t sizeOf(xlstm_dtype type) { return type == XLSTM_F32 ? 4 : type == XLSTM_BF16 ? 2 : 1; }

/// Row `row` of n values (a multiple of 8) of a stored array as float32.
XLSTM_INLINE void readRow(const void *from, xlstm_dtype type, int64_t row, int64_t n, float *to) {
  if (type == XLSTM_F32)
    for (int64_t c = 0; c < n; c += 8) // a call of memcpy costs as much as the row
      memcpy(to + c, static_cast<const float *>(from) + row * n + c, 8 * sizeof(float));
  else if (type == XLSTM_BF16)
    for (int64_t c = 0; c < n; ++c)
      to[c] = __builtin_bit_cast(float, uint32_t(static_cast<const uint16_t *>(from)[row * n + c]) << 16);
  else
    for (int64_t c = 0; c < n; ++c)
      to[c] = fromFp8(static_cast<const uint8_t *>(from)[row * n + c]);
}

XLSTM_INLINE void prefetchRow(const void *from, xlstm_dtype type, int64_t row, int64_t n) {
  int64_t size = n * sizeOf(type);
  for (int64_t at = 0; at < size; at += 64)
    __builtin_prefetch(static_cast<const char *>(from) + row * size + at, 0, 2);
}

XLSTM_INLINE void writeRow(void *to, xlstm_dtype type, int64_t row, int64_t n, const float *from) {
  if (type == XLSTM_F32)
    for (int64_t c = 0; c < n; c += 8)
      memcpy(static_cast<float *>(to) + row * n + c, from + c, 8 * sizeof(float));
  else if (type == XLSTM_BF16)
    for (int64_t c = 0; c < n; ++c)
      static_cast<uint16_t *>(to)[row * n + c] = toBf16(from[c]);
  else
    for (int64_t c = 0; c < n; ++c)
      static_cast<uint8_t *>(to)[row * n + c] = toFp8(from[c]);
}

} // namespace xlstm::cpu::hybrid

#endif // XLSTM_KERNELS_CPU_HYBRIDSTORAGE_H
