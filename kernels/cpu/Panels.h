//===- Panels.h - weights in the order that products read them ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A matrix [out, in] as panels of 16 rows (the last of fewer, R), one behind the other; in is a multiple of 32, and 32
// neighbours of a row are a block. Of a panel come
//   f32, bf16, f16   the columns one after the other, each R numbers;
//   q8, q4, q4m      two blocks at a time (the last alone where their number is odd): the scales (f16) of R rows, of
//   one
//                    block and of the other; for q4m as many minima; then the values of one block and of the other.
// Values are, of q8, eight times R rows of four bytes, a row's columns 4 j to 4 j + 3, the number plus 128. Of q4 and
// q4m four times R rows of four bytes, whose low four bits are columns 4 j to 4 j + 3 and whose high ones those 16
// further on, q4 plus 8. All take as many bytes as blocks that lie one after the other (lm.block). One stream, no
// second one for the scales: those that fetch ahead follow it (measured: 33 instead of 22 GB/s).

#ifndef XLSTM_KERNELS_CPU_PANELS_H
#define XLSTM_KERNELS_CPU_PANELS_H

#include "kernels/cpu/Simd.h"

namespace xlstm::cpu {

constexpr int64_t PanelRows = 16, BlockColumns = 32;

typedef uint8_t ByteVec __attribute__((vector_size(64)));
typedef int8_t SmallVec __attribute__((vector_size(16)));
typedef uint16_t ScaleVec __attribute__((vector_size(32)));

/// A panel of numbers that stand for themselves.
template <typename Of>
struct FloatPanel {
  using Format = Of;
  using Stored = typename Format::Stored;
  static constexpr bool IsSmall = false;
  static constexpr int64_t BlockBytes = BlockColumns * sizeof(Stored);
};

/// `Bits` an element; `Offset` is what was added to it.
template <int BitsOf, int OffsetOf, bool HasMinimum>
struct SmallPanel {
  static constexpr bool IsSmall = true;
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

/// Calls DEFINE(suffix of the kernel's name, panel) for every type.
#define XLSTM_FOR_PANELS(DEFINE)                                                                                       \
  DEFINE(f32p, PanelF32)                                                                                               \
  DEFINE(bf16p, PanelBf16)                                                                                             \
  DEFINE(f16p, PanelF16)                                                                                               \
  DEFINE(q8p, PanelQ8)                                                                                                 \
  DEFINE(q4p, PanelQ4)                                                                                                 \
  DEFINE(q4mp, PanelQ4M)

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

/// Block b of a panel of small integers.
struct BlockPlace {
  const uint8_t *values;
  const uint16_t *scales, *minima; // f16
};
template <typename Panel>
XLSTM_INLINE BlockPlace blockAt(const PanelPlace &panel, int64_t b, int64_t blocks, int64_t rows) {
  int64_t first = b / 2 * 2, second = b - first, together = blocks - first < 2 ? 1 : 2;
  const uint8_t *pair = panel.data + first * rows * Panel::BlockBytes;
  const auto *scales = reinterpret_cast<const uint16_t *>(pair);
  int64_t head = together * rows * (Panel::BlockBytes - Panel::ValueBytes);
  return {pair + head + second * rows * Panel::ValueBytes, scales + second * rows, scales + (together + second) * rows};
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
