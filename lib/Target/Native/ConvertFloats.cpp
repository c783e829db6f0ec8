//===- ConvertFloats.cpp - weights in another type ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Native/ConvertFloats.h"
#include "xlstm/Support/Error.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

namespace xlstm {

static float fromBf16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

static float fromF16(uint16_t bits) { return static_cast<float>(std::bit_cast<_Float16>(bits)); }

static uint16_t toBf16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value))
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

template <typename From, typename To, typename Convert>
static void convert(std::span<const std::byte> stored, const std::function<void(std::span<const std::byte>)> &sink,
                    Convert one) {
  constexpr size_t piece = 1 << 18;
  std::vector<From> in(piece);
  std::vector<To> out(piece);
  const size_t count = stored.size() / sizeof(From);
  for (size_t at = 0; at < count; at += piece) {
    const size_t n = std::min(piece, count - at);
    std::memcpy(in.data(), stored.data() + at * sizeof(From), n * sizeof(From));
    for (size_t i = 0; i < n; ++i)
      out[i] = one(in[i]);
    sink(std::as_bytes(std::span(out).first(n)));
  }
}

void convertFloats(std::span<const std::byte> stored, DType from, DType to,
                   const std::function<void(std::span<const std::byte>)> &sink) {
  if (from == to)
    return sink(stored);
  if (from == DType::BF16 && to == DType::F32)
    return convert<uint16_t, float>(stored, sink, fromBf16);
  if (from == DType::F16 && to == DType::F32)
    return convert<uint16_t, float>(stored, sink, fromF16);
  if (from == DType::F32 && to == DType::BF16)
    return convert<float, uint16_t>(stored, sink, toBf16);
  if (from == DType::F16 && to == DType::BF16)
    return convert<uint16_t, uint16_t>(stored, sink, [](uint16_t bits) { return toBf16(fromF16(bits)); });
  fail("expected weights of F32, BF16 or F16 to become F32 or BF16, found ", safetensorsName(from), " to become ",
       safetensorsName(to));
}

} // namespace xlstm
