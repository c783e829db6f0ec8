//===- SmallBlocks.h - 32 numbers as small integers ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TARGET_NATIVE_SMALLBLOCKS_H
#define LIB_TARGET_NATIVE_SMALLBLOCKS_H

#include "xlstm/Target/Object.h"

#include <array>
#include <span>

namespace xlstm {

/// x = scale * (value - offset) + minimum; the offset is 128 of Q8, 8 of Q4, 0 of Q4M, which alone has a minimum.
struct SmallBlock {
  std::array<uint8_t, 32> values;
  uint16_t scale, minimum; // f16
};

/// The block nearest to the numbers, of those that are tried: what GGUF's Q8_0, Q4_0 and Q4_1 make of them, and for four
/// bits others, by the sum of squares. Numbers that are such a block's exactly, as a quantised file's are, give that block.
SmallBlock makeSmallBlock(std::span<const float, 32> numbers, PanelStorage storage);

} // namespace xlstm

#endif // LIB_TARGET_NATIVE_SMALLBLOCKS_H
