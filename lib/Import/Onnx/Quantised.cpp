//===- Quantised.cpp - weights of few bits in blocks ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Onnx/Quantised.h"

#include "xlstm/Support/Error.h"

#include <bit>
#include <cstring>

namespace xlstm {

static float readFloat(const OnnxTensor &tensor, uint64_t index) {
  const std::byte *from = tensor.bytes.data() + index * sizeOf(tensor.spec.dtype);
  auto load = [&]<typename T>(T value) {
    std::memcpy(&value, from, sizeof(value));
    return value;
  };
  switch (tensor.spec.dtype) {
  case DType::F32:
    return load(float());
  case DType::F16:
    return static_cast<float>(load(_Float16()));
  default: // BF16: checkBlocks admits no other
    return std::bit_cast<float>(static_cast<uint32_t>(load(uint16_t())) << 16);
  }
}

static bool isScaleType(DType type) { return type == DType::F32 || type == DType::F16 || type == DType::BF16; }

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
  expect(*blocks.scales, perRow, isScaleType(blocks.scales->spec.dtype));
  if (const OnnxTensor *zero = blocks.zeroPoints) {
    bool isPacked = zero->spec.dtype == DType::U8;
    expect(*zero, isPacked ? (perRow * blocks.bits + 7) / 8 : perRow, isPacked || isScaleType(zero->spec.dtype));
  }
}

/// Number `index` of a row that begins at `from`.
static unsigned packedNumber(const std::byte *from, uint64_t index, int64_t bits) {
  uint64_t perByte = 8 / bits;
  return std::to_integer<unsigned>(from[index / perByte]) >> (index % perByte * bits) & ((1u << bits) - 1);
}

void dequantiseRow(const QuantisedBlocks &blocks, const OnnxTensor &numbers, int64_t row, std::vector<float> &out) {
  uint64_t perRow = blocks.blocksPerRow();
  const std::byte *from = numbers.bytes.data() + row * perRow * blocks.size * blocks.bits / 8;
  out.resize(blocks.columns);
  for (uint64_t block = 0; block < perRow; ++block) {
    float scale = readFloat(*blocks.scales, row * perRow + block);
    auto zero = static_cast<float>(1 << (blocks.bits - 1));
    if (const OnnxTensor *points = blocks.zeroPoints) {
      bool isPacked = points->spec.dtype == DType::U8;
      uint64_t stride = (perRow * blocks.bits + 7) / 8;
      zero = isPacked ? static_cast<float>(packedNumber(points->bytes.data() + row * stride, block, blocks.bits))
                      : readFloat(*points, row * perRow + block);
    }
    uint64_t first = block * blocks.size, end = std::min<uint64_t>(first + blocks.size, blocks.columns);
    for (uint64_t i = first; i < end; ++i)
      out[i] = (static_cast<float>(packedNumber(from, i, blocks.bits)) - zero) * scale;
  }
}

} // namespace xlstm
