//===- ContentHash.h - a 64-bit hash of content ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tells other content from the same content; not meant against somebody who forges it.

#ifndef XLSTM_RUNTIME_DATA_CONTENTHASH_H
#define XLSTM_RUNTIME_DATA_CONTENTHASH_H

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xlstm {

/// Hash of a sequence of blocks. The same bytes cut into other blocks give another value.
class ContentHash {
public:
  void update(std::span<const std::byte> block);
  void update(std::string_view text) { update(std::as_bytes(std::span(text))); }
  uint64_t value() const;

private:
  void mix(uint64_t word);
  uint64_t state = 0x9e3779b97f4a7c15;
};

/// Sixteen lower-case hexadecimal digits.
std::string hexDigits(uint64_t value);

/// The next value of splitmix64 (Steele, Lea, Flood 2014), the project's one source of shuffling.
uint64_t splitmix64(uint64_t &state);

/// Shuffles `values` (Fisher, Yates). The modulo's bias is below 2^-32 for any number of values that fits in memory.
template <typename T>
void shuffle(std::span<T> values, uint64_t &state) {
  for (size_t i = values.size(); i > 1; --i)
    std::swap(values[i - 1], values[splitmix64(state) % i]);
}
template <typename T>
void shuffle(std::vector<T> &values, uint64_t &state) {
  shuffle(std::span(values), state);
}

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_CONTENTHASH_H
