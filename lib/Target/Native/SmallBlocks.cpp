//===- SmallBlocks.cpp - 32 numbers as small integers ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Native/SmallBlocks.h"
#include "xlstm/Runtime/Files/Floats.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace xlstm {

using Numbers = std::span<const float, 32>;

static uint16_t toF16(float value) {
  std::byte bytes[2];
  storeFloat(DType::F16, std::clamp(value, -65504.0f, 65504.0f), bytes);
  uint16_t bits;
  std::memcpy(&bits, bytes, sizeof bits);
  return bits;
}

static float fromF16(uint16_t bits) {
  std::byte bytes[2];
  std::memcpy(bytes, &bits, sizeof bits);
  return loadFloat(DType::F16, bytes);
}

/// The nearest values of [low, high] for a scale and minimum as they are stored.
static SmallBlock roundTo(Numbers numbers, float scale, float minimum, int low, int high, int offset) {
  SmallBlock block{{}, toF16(scale), toF16(minimum)};
  const float step = fromF16(block.scale), from = fromF16(block.minimum);
  for (size_t i = 0; i < numbers.size(); ++i) {
    float value = step == 0 ? 0 : (numbers[i] - from) / step;
    value = value > static_cast<float>(low) ? value : static_cast<float>(low); // NaN, too
    value = value < static_cast<float>(high) ? value : static_cast<float>(high);
    constexpr float rounder = 0x1.8p23f; // leaves the nearest integer
    block.values[i] = static_cast<uint8_t>(static_cast<int>(value + rounder - rounder) + offset);
  }
  return block;
}

static double errorOf(Numbers numbers, const SmallBlock &block, int offset) {
  double sum = 0;
  const double step = fromF16(block.scale), from = fromF16(block.minimum);
  for (size_t i = 0; i < numbers.size(); ++i) {
    double difference = step * (block.values[i] - offset) + from - numbers[i];
    sum += difference * difference;
  }
  return sum;
}

namespace {

/// Keeps the best of the blocks that it is shown; of equals the first.
struct Best {
  Numbers numbers;
  int offset;
  SmallBlock block = {};
  double error = std::numeric_limits<double>::infinity();

  void show(const SmallBlock &other) {
    if (double found = errorOf(numbers, other, offset); !(found >= error)) {
      block = other;
      error = found;
    }
  }
};

} // namespace

static SmallBlock makeQ8(Numbers numbers) {
  float top = 0;
  for (float x : numbers)
    top = std::max(top, std::fabs(x));
  return roundTo(numbers, top / 127, 0, -127, 127, 128);
}

/// The number farthest from 0 becomes -8, as in Q4_0, or another end of the range.
static SmallBlock makeQ4(Numbers numbers) {
  float top = *std::ranges::max_element(numbers, {}, [](float x) { return std::fabs(x); });
  Best best{numbers, 8};
  for (float end : {-8.0f, 8.0f, 7.0f, -7.0f, -8.5f, -7.5f, 7.5f, -6.5f, 6.5f})
    best.show(roundTo(numbers, top / end, 0, -8, 7, 8));
  return best.block;
}

/// From the least to the greatest number, as in Q4_1, or a little less at both ends.
static SmallBlock makeQ4M(Numbers numbers) {
  auto [least, greatest] = std::ranges::minmax(numbers);
  Best best{numbers, 0};
  for (float cut : {0.0f, 0.02f, 0.04f, 0.06f, 0.08f}) {
    float low = least + cut * (greatest - least), high = greatest - cut * (greatest - least);
    best.show(roundTo(numbers, (high - low) / 15, low, 0, 15, 0));
  }
  return best.block;
}

SmallBlock makeSmallBlock(Numbers numbers, PanelStorage storage) {
  return storage == PanelStorage::Q8 ? makeQ8(numbers) : storage == PanelStorage::Q4 ? makeQ4(numbers) : makeQ4M(numbers);
}

} // namespace xlstm
