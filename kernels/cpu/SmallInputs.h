//===- SmallInputs.h - inputs of products of small integers ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CPU_SMALLINPUTS_H
#define XLSTM_KERNELS_CPU_SMALLINPUTS_H

#include "kernels/cpu/Panels.h"

namespace xlstm::cpu {

/// Rows of int8 in blocks of 32: x = scale * value, and the sum of a block's values.
struct SmallInputs {
  int8_t *values;
  float *scales;
  int32_t *totals;
  int64_t blocks; // of a row

  static int64_t bytes(int64_t rows, int64_t blocks) { return rows * blocks * (BlockColumns + 8) + 64; }

  /// In memory of so many bytes.
  XLSTM_ALWAYS_INLINE SmallInputs(char *memory, int64_t rows, int64_t blocks)
      : values(reinterpret_cast<int8_t *>(memory)),
        scales(reinterpret_cast<float *>(memory + rows * blocks * BlockColumns)),
        totals(reinterpret_cast<int32_t *>(memory + rows * blocks * (BlockColumns + 4))), blocks(blocks) {}

  XLSTM_ALWAYS_INLINE SmallInputs from(int64_t row) const {
    SmallInputs rest = *this;
    rest.values += row * blocks * BlockColumns;
    rest.scales += row * blocks;
    rest.totals += row * blocks;
    return rest;
  }
  XLSTM_ALWAYS_INLINE const int8_t *block(int64_t row, int64_t b) const {
    return values + (row * blocks + b) * BlockColumns;
  }
};

/// The nearest integers (ties to even) of numbers below 2^22.
XLSTM_INLINE IntVec nearest(Vec x) {
  const float rounder = 0x1.8p23f;
  return __builtin_bit_cast(IntVec, x + rounder) - __builtin_bit_cast(int32_t, rounder);
}

XLSTM_INLINE void narrowBlock(const float *x, int8_t *values, float &scale, int32_t &total) {
  Vec low = load(x), high = load(x + Lanes);
  Vec largest = maximum(maximum(low, -low), maximum(high, -high));
  float top = maximumLane(largest);
  // 0 times the sum: nothing, or NaN where an input is no number, which no integer shows.
  scale = top / 127.0f + 0.0f * sum(low + high);
  float factor = top > 0 ? 127.0f / top : 0.0f;
  IntVec a = nearest(low * factor), b = nearest(high * factor);
  SmallVec first = __builtin_convertvector(a, SmallVec), second = __builtin_convertvector(b, SmallVec);
  memcpy(values, &first, sizeof first);
  memcpy(values + Lanes, &second, sizeof second);
  IntVec sums = a + b;
  auto eight = __builtin_shufflevector(sums, sums, 0, 1, 2, 3, 4, 5, 6, 7) +
               __builtin_shufflevector(sums, sums, 8, 9, 10, 11, 12, 13, 14, 15);
  auto four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
  total = four[0] + four[1] + four[2] + four[3];
}

/// `rows` rows of x, `stride` apart.
XLSTM_INLINE void narrow(const float *x, int64_t stride, int64_t rows, const SmallInputs &to) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t b = 0; b < to.blocks; ++b)
      narrowBlock(x + r * stride + b * BlockColumns, to.values + (r * to.blocks + b) * BlockColumns,
                  to.scales[r * to.blocks + b], to.totals[r * to.blocks + b]);
}

} // namespace xlstm::cpu

#endif // XLSTM_KERNELS_CPU_SMALLINPUTS_H
