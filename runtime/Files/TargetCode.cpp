//===- TargetCode.cpp - a token's targets in a fixed number of bytes ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/TargetCode.h"

#include "xlstm/Runtime/Files/Floats.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace xlstm {

TargetCode::TargetCode(int64_t vocabulary, int64_t k, DType logprobs) : vocabulary(vocabulary), k(k), type(logprobs) {
  lowBits = unsigned(std::bit_width(uint64_t(vocabulary / k)) - 1);
  lowBytes = (size_t(k) * lowBits + 7) / 8;
  highBytes = (size_t(k) + size_t((vocabulary - 1) >> lowBits) + 1 + 7) / 8;
}

void TargetCode::encode(const int32_t *ids, const void *logprobs, float tail, std::byte *record) const {
  std::byte *high = record + lowBytes;
  std::fill(high, high + highBytes, std::byte(0));
  uint64_t waiting = 0;
  unsigned count = 0;
  std::byte *low = record;
  for (int64_t n = 0; n < k; ++n) {
    uint64_t id = uint64_t(uint32_t(ids[n]));
    waiting |= (id & ((uint64_t{1} << lowBits) - 1)) << count;
    for (count += lowBits; count >= 8; count -= 8, waiting >>= 8)
      *low++ = std::byte(waiting & 255);
    uint64_t bit = (id >> lowBits) + uint64_t(n);
    high[bit / 8] |= std::byte(1 << (bit % 8));
  }
  if (count > 0)
    *low = std::byte(waiting);
  std::byte *rest = high + highBytes;
  std::memcpy(rest, logprobs, size_t(k) * sizeOf(type));
  std::memcpy(rest + size_t(k) * sizeOf(type), &tail, sizeof tail);
}

bool TargetCode::decodeIds(const std::byte *record, int32_t *ids) const {
  const std::byte *high = record + lowBytes, *end = record + bytes();
  uint64_t mask = (uint64_t{1} << lowBits) - 1;
  int64_t n = 0;
  for (size_t at = 0; at < highBytes; at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, high + at, std::min<size_t>(8, highBytes - at));
    for (; word != 0; word &= word - 1) {
      if (n == k)
        return false;
      size_t bit = size_t(n) * lowBits;
      const std::byte *place = record + bit / 8;
      uint64_t low = 0;
      std::memcpy(&low, place, size_t(std::min<ptrdiff_t>(8, end - place)));
      int64_t upper = int64_t(at * 8) + std::countr_zero(word) - n;
      int64_t id = upper << lowBits | int64_t((low >> (bit % 8)) & mask);
      if (id >= vocabulary)
        return false;
      ids[n++] = int32_t(id);
    }
  }
  return n == k;
}

bool TargetCode::decode(const std::byte *record, int32_t *ids, float *logprobs, float &tail) const {
  const std::byte *rest = record + lowBytes + highBytes;
  for (int64_t n = 0; n < k; ++n)
    logprobs[n] = loadFloat(type, rest + size_t(n) * sizeOf(type));
  std::memcpy(&tail, rest + size_t(k) * sizeOf(type), sizeof tail);
  return decodeIds(record, ids);
}

} // namespace xlstm
