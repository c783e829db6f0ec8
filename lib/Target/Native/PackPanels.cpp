//===- PackPanels.cpp - weights in the order that the CPU reads them ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Native/PackPanels.h"
#include "lib/Target/Native/SmallBlocks.h"
#include "xlstm/Runtime/Files/Floats.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <cstring>

namespace xlstm {

static constexpr size_t panelRows = 16, blockColumns = 32;

static DType dtypeOf(PanelStorage storage) {
  return storage == PanelStorage::F32 ? DType::F32 : storage == PanelStorage::BF16 ? DType::BF16 : DType::F16;
}

/// A panel of numbers [rows, columns]: column by column.
static std::vector<std::byte> packFloats(std::span<const float> numbers, size_t rows, PanelStorage to) {
  DType type = dtypeOf(to);
  size_t columns = numbers.size() / rows, bytes = sizeOf(type);
  std::vector<std::byte> panel(numbers.size() * bytes);
  for (size_t c = 0; c < columns; ++c)
    for (size_t r = 0; r < rows; ++r)
      storeFloat(type, numbers[r * columns + c], &panel[(c * rows + r) * bytes]);
  return panel;
}

/// The values of a block of row r: four columns of all rows together, of four bits those 16 further on above them.
static void putValues(const SmallBlock &block, size_t rows, size_t r, bool isQ8, std::byte *to) {
  for (size_t group = 0; group < (isQ8 ? 8u : 4u); ++group)
    for (size_t c = 0; c < 4; ++c) {
      uint8_t value = block.values[group * 4 + c];
      if (!isQ8)
        value = static_cast<uint8_t>(value | block.values[16 + group * 4 + c] << 4);
      to[(group * rows + r) * 4 + c] = std::byte(value);
    }
}

static std::vector<std::byte> packSmall(std::span<const float> numbers, size_t rows, PanelStorage to) {
  const bool isQ8 = to == PanelStorage::Q8, hasMinimum = to == PanelStorage::Q4M;
  size_t columns = numbers.size() / rows, blocks = columns / blockColumns, valueBytes = isQ8 ? 32 : 16;
  size_t headBytes = hasMinimum ? 4 : 2, pairBytes = 2 * rows * (headBytes + valueBytes);
  std::vector<std::byte> panel(rows * blocks * (headBytes + valueBytes));
  for (size_t r = 0; r < rows; ++r)
    for (size_t b = 0; b < blocks; ++b) {
      SmallBlock block = makeSmallBlock(numbers.subspan(r * columns + b * blockColumns).first<blockColumns>(), to);
      // Heads of two blocks stand in front of their values; the last block may be alone.
      size_t together = std::min<size_t>(2, blocks - b / 2 * 2), second = b % 2;
      std::byte *pair = &panel[b / 2 * pairBytes];
      putValues(block, rows, r, isQ8, pair + together * rows * headBytes + second * rows * valueBytes);
      std::memcpy(pair + 2 * (second * rows + r), &block.scale, sizeof block.scale);
      if (hasMinimum)
        std::memcpy(pair + 2 * ((together + second) * rows + r), &block.minimum, sizeof block.minimum);
    }
  return panel;
}

void packPanels(std::span<const std::byte> stored, DType from, int64_t columns, PanelStorage to,
                const std::function<void(std::span<const std::byte>)> &sink) {
  if (!isWeightType(from))
    fail("expected weights of F32, BF16 or F16 to lie in panels, found ", safetensorsName(from));
  const size_t width = static_cast<size_t>(columns), bytes = sizeOf(from), rows = stored.size() / bytes / width;
  const bool isFloat = to == PanelStorage::F32 || to == PanelStorage::BF16 || to == PanelStorage::F16;
  std::vector<float> numbers;
  for (size_t first = 0; first < rows; first += panelRows) {
    size_t count = std::min(panelRows, rows - first);
    numbers.resize(count * width);
    for (size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = loadFloat(from, &stored[(first * width + i) * bytes]);
    sink(isFloat ? packFloats(numbers, count, to) : packSmall(numbers, count, to));
  }
}

} // namespace xlstm
