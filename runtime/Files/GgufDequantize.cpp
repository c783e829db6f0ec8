//===- GgufDequantize.cpp - values of quantised rows ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layouts and formulas are those of ggml (ggml-quants.c, dequantize_row_*), in its order of operations.

#include "xlstm/Runtime/Files/Gguf.h"

#include <bit>
#include <cstring>

using namespace xlstm;

namespace {

using Byte = uint8_t;
using BlockFunction = void (*)(const Byte *block, float *out);

uint16_t load16(const Byte *at) { return uint16_t(at[0] | at[1] << 8); }

float fromHalf(uint16_t half) {
  uint32_t sign = uint32_t(half & 0x8000) << 16, magnitude = half & 0x7FFF;
  if (magnitude >= 0x7C00) // infinite or not a number
    return std::bit_cast<float>(sign | 0x7F800000 | (magnitude & 0x3FF) << 13);
  // Exponents are 112 apart; the product makes subnormal numbers normal ones.
  float scaled = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(scaled));
}
float half(const Byte *at) { return fromHalf(load16(at)); }

void f32(const Byte *block, float *out) { std::memcpy(out, block, sizeof(float)); }
void f16(const Byte *block, float *out) { *out = half(block); }
void bf16(const Byte *block, float *out) { *out = std::bit_cast<float>(uint32_t(load16(block)) << 16); }

// Blocks of 32: element j is in the low half of byte j, element j + 16 in its high half.

void q4_0(const Byte *block, float *out) {
  float d = half(block);
  for (int j = 0; j < 16; ++j) {
    out[j] = float((block[2 + j] & 15) - 8) * d;
    out[j + 16] = float((block[2 + j] >> 4) - 8) * d;
  }
}

void q4_1(const Byte *block, float *out) {
  float d = half(block), m = half(block + 2);
  for (int j = 0; j < 16; ++j) {
    out[j] = float(block[4 + j] & 15) * d + m;
    out[j + 16] = float(block[4 + j] >> 4) * d + m;
  }
}

/// Five bits of element j: four in a nibble, the fifth in bit j of a word.
int fiveBits(const Byte *high, const Byte *low, int j) {
  int nibble = j < 16 ? low[j] & 15 : low[j - 16] >> 4;
  return nibble | (high[j / 8] >> j % 8 & 1) << 4;
}

void q5_0(const Byte *block, float *out) {
  float d = half(block);
  for (int j = 0; j < 32; ++j)
    out[j] = float(fiveBits(block + 2, block + 6, j) - 16) * d;
}

void q5_1(const Byte *block, float *out) {
  float d = half(block), m = half(block + 2);
  for (int j = 0; j < 32; ++j)
    out[j] = float(fiveBits(block + 4, block + 8, j)) * d + m;
}

void q8_0(const Byte *block, float *out) {
  float d = half(block);
  for (int j = 0; j < 32; ++j)
    out[j] = float(int8_t(block[2 + j])) * d;
}

// Blocks of 256 with a scale (and a minimum) for every 16 or 32.

void q2_k(const Byte *block, float *out) {
  const Byte *scales = block, *quants = block + 16;
  float d = half(block + 80), dmin = half(block + 82);
  for (int j = 0; j < 256; ++j) {
    int group = j / 16, value = quants[j / 128 * 32 + j % 32] >> j % 128 / 32 * 2 & 3;
    out[j] = d * float(scales[group] & 15) * float(value) - dmin * float(scales[group] >> 4);
  }
}

void q3_k(const Byte *block, float *out) {
  const Byte *mask = block, *quants = block + 32, *scales = block + 96;
  float d = half(block + 108);
  for (int j = 0; j < 256; ++j) {
    int group = j / 16, low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
    int scale = (low | (scales[8 + group % 4] >> group / 4 * 2 & 3) << 4) - 32;
    int value = quants[j / 128 * 32 + j % 32] >> j % 128 / 32 * 2 & 3;
    if (!(mask[j % 32] >> j / 32 & 1))
      value -= 4;
    out[j] = d * float(scale) * float(value);
  }
}

/// Scale and minimum of 32 elements, six bits each, out of twelve bytes.
std::pair<int, int> scaleAndMinimum(const Byte *packed, int group) {
  if (group < 4)
    return {packed[group] & 63, packed[group + 4] & 63};
  return {(packed[group + 4] & 15) | (packed[group - 4] >> 6) << 4, packed[group + 4] >> 4 | (packed[group] >> 6) << 4};
}

void q4_k(const Byte *block, float *out) {
  float d = half(block), dmin = half(block + 2);
  const Byte *quants = block + 16;
  for (int group = 0; group < 8; ++group) {
    auto [scale, minimum] = scaleAndMinimum(block + 4, group);
    float step = d * float(scale), low = dmin * float(minimum);
    for (int j = 0; j < 32; ++j)
      out[group * 32 + j] = step * float(quants[group / 2 * 32 + j] >> group % 2 * 4 & 15) - low;
  }
}

void q5_k(const Byte *block, float *out) {
  float d = half(block), dmin = half(block + 2);
  const Byte *high = block + 16, *quants = block + 48;
  for (int group = 0; group < 8; ++group) {
    auto [scale, minimum] = scaleAndMinimum(block + 4, group);
    float step = d * float(scale), low = dmin * float(minimum);
    for (int j = 0; j < 32; ++j) {
      int value = (quants[group / 2 * 32 + j] >> group % 2 * 4 & 15) | (high[j] >> group & 1) << 4;
      out[group * 32 + j] = step * float(value) - low;
    }
  }
}

void q6_k(const Byte *block, float *out) {
  const Byte *low = block, *high = block + 128, *scales = block + 192;
  float d = half(block + 208);
  for (int j = 0; j < 256; ++j) {
    int part = j / 128, row = j % 128 / 32, column = j % 32;
    int nibble = low[part * 64 + row % 2 * 32 + column] >> row / 2 * 4 & 15;
    int value = (nibble | (high[part * 32 + column] >> row * 2 & 3) << 4) - 32;
    out[j] = d * float(int8_t(scales[j / 16])) * float(value);
  }
}

/// The sixteen values of the non-linear four-bit types (ggml-common.h, kvalues_iq4nl).
constexpr int8_t nonLinear[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

void unpackNonLinear(float step, const Byte *quants, float *out) {
  for (int j = 0; j < 16; ++j) {
    out[j] = step * float(nonLinear[quants[j] & 15]);
    out[j + 16] = step * float(nonLinear[quants[j] >> 4]);
  }
}

void iq4_nl(const Byte *block, float *out) { unpackNonLinear(half(block), block + 2, out); }

void iq4_xs(const Byte *block, float *out) {
  float d = half(block);
  uint16_t high = load16(block + 2);
  for (int group = 0; group < 8; ++group) {
    int scale = (block[4 + group / 2] >> group % 2 * 4 & 15) | (high >> group * 2 & 3) << 4;
    unpackNonLinear(d * float(scale - 32), block + 8 + group * 16, out + group * 32);
  }
}

BlockFunction blockFunction(uint32_t type) {
  switch (type) {
  case 0:
    return f32;
  case 1:
    return f16;
  case 2:
    return q4_0;
  case 3:
    return q4_1;
  case 6:
    return q5_0;
  case 7:
    return q5_1;
  case 8:
    return q8_0;
  case 10:
    return q2_k;
  case 11:
    return q3_k;
  case 12:
    return q4_k;
  case 13:
    return q5_k;
  case 14:
    return q6_k;
  case 20:
    return iq4_nl;
  case 23:
    return iq4_xs;
  case 30:
    return bf16;
  default:
    return nullptr;
  }
}

} // namespace

bool xlstm::canDequantize(const GgmlType &type) { return blockFunction(type.number) != nullptr; }

void xlstm::dequantizeRow(const GgufTensor &tensor, int64_t index, std::span<float> out) {
  BlockFunction function = blockFunction(tensor.type->number);
  const Byte *block = reinterpret_cast<const Byte *>(tensor.row(index).data());
  for (size_t at = 0; at < out.size(); at += tensor.type->blockElements, block += tensor.type->blockBytes)
    function(block, out.data() + at);
}
