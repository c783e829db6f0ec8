//===- Panels.h - weights in the order that products read them ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A matrix [out, in] as panels of 16 rows (the last of fewer, R), one behind the other; in is a multiple of 32, and 32
// neighbours of a row are a block. Of a panel come
//   f32, bf16, f16   the columns one after the other, each R numbers;
//   q8               blocks: eight times (four columns of R rows, a row's four bytes side by side), the number plus 128;
//                    then a scale (f16) of each row of each block;
//   q4, q4m          blocks: four times R rows of four bytes, whose low four bits are columns 4 j to 4 j + 3 and whose
//                    high ones those 16 further on, q4 plus 8; then the scales; for q4m then as many minima (f16).
// All take as many bytes as blocks that lie one after the other (lm.block).

#ifndef XLSTM_KERNELS_CPU_PANELS_H
#define XLSTM_KERNELS_CPU_PANELS_H

#include "kernels/cpu/Simd.h"

namespace xlstm::cpu {

constexpr int64_t PanelRows = 16, BlockColumns = 32;

typedef uint8_t ByteVec __attribute__((vector_size(64)));
typedef int8_t SmallVec __attribute__((vector_size(16)));
typedef uint16_t ScaleVec __attribute__((vector_size(32)));

/// A panel of numbers that stand for themselves.
template <typename Format>
struct FloatPanel {
  using Stored = typename Format::Stored;
  static constexpr int64_t BlockBytes = BlockColumns * sizeof(Stored);
};

/// `Bits` an element; `Offset` is what was added to it.
template <int BitsOf, int OffsetOf, bool HasMinimum>
struct SmallPanel {
  static constexpr int Bits = BitsOf, Offset = OffsetOf;
  static constexpr bool Minimum = HasMinimum;
  static constexpr int64_t ValueBytes = BlockColumns * Bits / 8;
  static constexpr int64_t BlockBytes = ValueBytes + (Minimum ? 4 : 2);
};

using PanelF32 = FloatPanel<F32>;
using PanelBf16 = FloatPanel<Bf16>;
using PanelF16 = FloatPanel<F16>;
using PanelQ8 = SmallPanel<8, 128, false>;
using PanelQ4 = SmallPanel<4, 8, false>;
using PanelQ4M = SmallPanel<4, 0, true>;

/// Panel number `index` of a matrix with `out` rows of `blocks` blocks: where it lies and how many rows it has.
struct PanelPlace {
  const uint8_t *data;
  int64_t rows;
};
template <typename Panel>
XLSTM_INLINE PanelPlace panelAt(const uint8_t *w, int64_t index, int64_t blocks, int64_t out) {
  int64_t first = index * PanelRows;
  return {w + first * blocks * Panel::BlockBytes, out - first < PanelRows ? out - first : PanelRows};
}

/// The 64 bytes, or those of fewer rows; rows that are not there are 0.
XLSTM_INLINE ByteVec loadGroup(const uint8_t *p, int64_t rows) {
  ByteVec bytes = {};
  if (rows == PanelRows)
    memcpy(&bytes, p, sizeof bytes);
  else
    memcpy(&bytes, p, rows * 4);
  return bytes;
}

} // namespace xlstm::cpu

#endif // XLSTM_KERNELS_CPU_PANELS_H
