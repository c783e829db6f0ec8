//===- Sparsify.cpp - which elements of a difference stay -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Merge/Sparsify.h"

#include "xlstm/Runtime/Files/FileHash.h"

#include <bit>

namespace xlstm {

/// Magnitudes are ordered as the bits of their float32.
static uint32_t magnitudeBits(double value) { return std::bit_cast<uint32_t>(float(value)) & 0x7FFFFFFF; }

/// splitmix64 (Steele, Lea, Flood 2014) of one state.
static uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

uint64_t maskKey(int64_t seed, size_t model, const std::string &tensor) {
  std::string text = std::to_string(seed) + "/" + std::to_string(model) + "/" + tensor;
  return hashOf(std::as_bytes(std::span(text))).low;
}

Mask Mask::random(double density, uint64_t key) {
  Mask mask;
  mask.kind = Kind::Random;
  mask.density = density;
  mask.key = key;
  return mask;
}

/// Finds the bound in two passes of counting, by the upper 16 bits and then the lower 15: no copy of the tensor.
Mask Mask::largest(uint64_t count, const std::function<void(const std::function<void(Piece)> &)> &visit) {
  Mask mask;
  mask.kind = Kind::Largest;
  uint64_t above = 0; // elements greater than those of the bin
  auto binOf = [&](const std::vector<uint64_t> &bins) {
    size_t bin = bins.size() - 1;
    for (; bin > 0 && above + bins[bin] < count; --bin)
      above += bins[bin];
    return uint32_t(bin);
  };
  std::vector<uint64_t> bins(1 << 16);
  visit([&](Piece piece) {
    for (double value : piece)
      ++bins[magnitudeBits(value) >> 15];
  });
  uint32_t upper = binOf(bins);
  bins.assign(1 << 15, 0);
  visit([&](Piece piece) {
    for (double value : piece)
      if (uint32_t bits = magnitudeBits(value); bits >> 15 == upper)
        ++bins[bits & 0x7FFF];
  });
  mask.bound = upper << 15 | binOf(bins);
  mask.equalsKept = count - above;
  return mask;
}

bool Mask::keeps(double value) {
  uint64_t n = next++;
  if (kind == Kind::Random)
    return double(mix(key + (n + 1) * 0x9e3779b97f4a7c15) >> 11) * 0x1p-53 < density;
  uint32_t bits = magnitudeBits(value);
  return bits > bound || (bits == bound && equals++ < equalsKept);
}

void Mask::apply(std::span<double> piece) {
  if (kind == Kind::All)
    return;
  for (double &value : piece)
    value = keeps(value) ? value * factor : 0;
}

Mask Mask::scaled(double by) const {
  Mask mask = *this;
  mask.factor = by;
  mask.next = mask.equals = 0;
  return mask;
}

} // namespace xlstm
