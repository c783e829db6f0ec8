//===- Quantised.cpp - weights of few bits in blocks ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Onnx/Quantised.h"

#include "xlstm/Runtime/Files/Floats.h"
#include "xlstm/Support/Error.h"

#include <bit>
#include <cstring>

namespace xlstm {

static float readFloat(const OnnxTensor &tensor, uint64_t index) {
  return loadFloat(tensor.spec.dtype, tensor.bytes.data() + index * sizeOf(tensor.spec.dtype));
}

/// The block of a column.
static uint64_t blockOf(const QuantisedBlocks &blocks, uint64_t column) {
  if (!blocks.groups)
    return column / blocks.size;
  int32_t group = 0;
  std::memcpy(&group, blocks.groups->bytes.data() + column * sizeof(group), sizeof(group));
  return static_cast<uint32_t>(group);
}

void checkBlocks(const QuantisedBlocks &blocks, const OnnxTensor &numbers, int64_t rows, const std::string &place) {
  bool isKnown = (blocks.bits == 2 || blocks.bits == 4 || blocks.bits == 8) && blocks.size >= 16 &&
                 blocks.size <= 4096 && std::has_single_bit(static_cast<uint64_t>(blocks.size)) && blocks.columns > 0;
  if (!isKnown)
    fail(place, ": expected 2, 4 or 8 bits in blocks of a power of two from 16 to 4096, found ", blocks.bits,
         " bits in blocks of ", blocks.size);
  auto expect = [&](const OnnxTensor &tensor, uint64_t perRow, bool typeFits) {
    uint64_t count = static_cast<uint64_t>(rows) * perRow;
    if (!typeFits || tensor.spec.numElements() != count)
      fail(place, ": expected ", count, " elements of ", rows, " rows, found ", describe(tensor.spec));
  };
  uint64_t perRow = blocks.blocksPerRow();
  expect(numbers, perRow * blocks.size * blocks.bits / 8, numbers.spec.dtype == DType::U8);
  expect(*blocks.scales, perRow, isWeightType(blocks.scales->spec.dtype));
  if (const OnnxTensor *zero = blocks.zeroPoints) {
    bool isPacked = zero->spec.dtype == DType::U8;
    expect(*zero, isPacked ? (perRow * blocks.bits + 7) / 8 : perRow, isPacked || isWeightType(zero->spec.dtype));
  }
  const OnnxTensor *groups = blocks.groups;
  if (!groups)
    return;
  bool fits = groups->spec.dtype == DType::I32 && groups->spec.numElements() >= static_cast<uint64_t>(blocks.columns);
  for (int64_t i = 0; fits && i < blocks.columns; ++i)
    fits = blockOf(blocks, i) < perRow;
  if (!fits)
    fail(place, ": expected a block below ", perRow, " for each of ", blocks.columns, " columns, found ",
         describe(groups->spec));
}

/// Number `index` of a row that begins at `from`.
static unsigned packedNumber(const std::byte *from, uint64_t index, int64_t bits) {
  uint64_t perByte = 8 / bits;
  return std::to_integer<unsigned>(from[index / perByte]) >> (index % perByte * bits) & ((1u << bits) - 1);
}

/// Scale and zero point of the blocks of a row.
static std::vector<std::pair<float, float>> blockScales(const QuantisedBlocks &blocks, int64_t row) {
  uint64_t perRow = blocks.blocksPerRow(), stride = (perRow * blocks.bits + 7) / 8;
  std::vector<std::pair<float, float>> result;
  for (uint64_t block = 0; block < perRow; ++block) {
    auto zero = static_cast<float>(1 << (blocks.bits - 1));
    if (const OnnxTensor *points = blocks.zeroPoints)
      zero = points->spec.dtype == DType::U8
                 ? static_cast<float>(packedNumber(points->bytes.data() + row * stride, block, blocks.bits))
                 : readFloat(*points, row * perRow + block);
    result.emplace_back(readFloat(*blocks.scales, row * perRow + block), zero);
  }
  return result;
}

void dequantiseRow(const QuantisedBlocks &blocks, const OnnxTensor &numbers, int64_t row, std::vector<float> &out) {
  const std::byte *from = numbers.bytes.data() + row * blocks.blocksPerRow() * blocks.size * blocks.bits / 8;
  std::vector<std::pair<float, float>> scales = blockScales(blocks, row);
  out.resize(blocks.columns);
  for (uint64_t i = 0; i < out.size(); ++i) {
    auto [scale, zero] = scales[blockOf(blocks, i)];
    out[i] = (static_cast<float>(packedNumber(from, i, blocks.bits)) - zero) * scale;
  }
}

} // namespace xlstm
