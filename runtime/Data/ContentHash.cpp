//===- ContentHash.cpp - a 64-bit hash of content -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/ContentHash.h"

#include <bit>
#include <cstring>

namespace xlstm {

void ContentHash::mix(uint64_t word) {
  state = std::rotl(state ^ (word * 0xc2b2ae3d27d4eb4f), 31) * 0x9e3779b185ebca87 + 0x165667b19e3779f9;
}

void ContentHash::update(std::span<const std::byte> block) {
  size_t at = 0;
  for (; at + 8 <= block.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, block.data() + at, 8);
    mix(word);
  }
  uint64_t rest = 0;
  if (at < block.size())
    std::memcpy(&rest, block.data() + at, block.size() - at);
  mix(rest);
  mix(block.size());
}

uint64_t ContentHash::value() const {
  uint64_t copy = state;
  return splitmix64(copy);
}

std::string hexDigits(uint64_t value) {
  std::string text(16, '0');
  for (int i = 15; i >= 0; --i, value >>= 4)
    text[i] = "0123456789abcdef"[value & 15];
  return text;
}

uint64_t splitmix64(uint64_t &state) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

} // namespace xlstm
