//===- SmallProducts.h - products of small integers, the same on every CPU ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// blockProducts: of a block of a panel and 32 columns of a row of inputs, the 16 exact integers sum of w x. How they
// are computed depends on the instruction set that this file is compiled for; what comes out does not.

#ifndef XLSTM_KERNELS_CPU_SMALLPRODUCTS_H
#define XLSTM_KERNELS_CPU_SMALLPRODUCTS_H

#include "kernels/cpu/Panels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace xlstm::cpu {

/// Four signed bytes of the inputs, those of a group of four columns.
XLSTM_INLINE int32_t fourInputs(const int8_t *x) {
  int32_t four;
  memcpy(&four, x, sizeof four);
  return four;
}

/// The eight groups of four columns of a block, as bytes. `flipped`: with the highest bit of q8 turned, which makes
/// them signed numbers.
template <typename Panel>
struct BlockGroups {
  BitsVec groups[8];

  XLSTM_ALWAYS_INLINE BlockGroups(const uint8_t *block, int64_t rows, bool flipped) {
    for (int g = 0; g < Panel::Bits; ++g) {
      BitsVec bytes = __builtin_bit_cast(BitsVec, loadGroup(block + g * rows * 4, rows));
      if constexpr (Panel::Bits == 8) {
        groups[g] = flipped ? bytes ^ 0x80808080u : bytes;
      } else {
        groups[g] = bytes & 0x0f0f0f0fu;
        groups[g + 4] = bytes >> 4 & 0x0f0f0f0fu;
      }
    }
  }
};

#if defined(__AVX512VNNI__) && defined(__AVX512BW__)

/// Unsigned bytes; what was added to them is taken off by the first value of the sums.
template <typename Panel>
struct BlockWeights : BlockGroups<Panel> {
  XLSTM_ALWAYS_INLINE BlockWeights(const uint8_t *block, int64_t rows)
      : BlockGroups<Panel>(block, rows, /*flipped=*/false) {}

  /// `total`: the sum of x.
  XLSTM_ALWAYS_INLINE IntVec dot(const int8_t *x, int32_t total) const {
    __m512i sums = _mm512_set1_epi32(-Panel::Offset * total);
    for (int g = 0; g < 8; ++g)
      sums = _mm512_dpbusd_epi32(sums, __builtin_bit_cast(__m512i, this->groups[g]),
                                 _mm512_set1_epi32(fourInputs(x + 4 * g)));
    return __builtin_bit_cast(IntVec, sums);
  }
};
constexpr int SmallRows = 8; // rows of inputs at once: their sums, the products and the weights fill 32 registers

#elif defined(__AVX2__)

struct Halves {
  __m256i low, high;
};

/// Pairs of products must fit 16 bits: 255 * 127 * 2 does not, 127 * 127 * 2 does. So bytes are made signed and the
/// inputs take their signs.
template <typename Panel>
struct BlockWeights : BlockGroups<Panel> {
  XLSTM_ALWAYS_INLINE BlockWeights(const uint8_t *block, int64_t rows)
      : BlockGroups<Panel>(block, rows, /*flipped=*/true) {}

  XLSTM_ALWAYS_INLINE Halves group(int g) const { return __builtin_bit_cast(Halves, this->groups[g]); }

  XLSTM_ALWAYS_INLINE IntVec dot(const int8_t *x, int32_t total) const {
    const __m256i ones = _mm256_set1_epi16(1);
    Halves sums;
    if constexpr (Panel::Bits == 8) {
      sums = {_mm256_setzero_si256(), _mm256_setzero_si256()};
      auto product = [&](__m256i w, __m256i four) XLSTM_ALWAYS_INLINE {
        return _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(four, w)), ones);
      };
      for (int g = 0; g < 8; ++g) {
        __m256i four = _mm256_set1_epi32(fourInputs(x + 4 * g));
        sums.low = _mm256_add_epi32(sums.low, product(group(g).low, four));
        sums.high = _mm256_add_epi32(sums.high, product(group(g).high, four));
      }
      (void)total;
    } else {
      __m256i low = _mm256_setzero_si256(), high = low; // eight pairs of 15 * 127: 30480 fits 16 bits
      for (int g = 0; g < 8; ++g) {
        __m256i four = _mm256_set1_epi32(fourInputs(x + 4 * g));
        low = _mm256_add_epi16(low, _mm256_maddubs_epi16(group(g).low, four));
        high = _mm256_add_epi16(high, _mm256_maddubs_epi16(group(g).high, four));
      }
      const __m256i first = _mm256_set1_epi32(-Panel::Offset * total);
      sums = {_mm256_add_epi32(first, _mm256_madd_epi16(low, ones)),
              _mm256_add_epi32(first, _mm256_madd_epi16(high, ones))};
    }
    return __builtin_bit_cast(IntVec, sums);
  }
};
constexpr int SmallRows = 2;

#else

template <typename Panel>
struct BlockWeights : BlockGroups<Panel> {
  XLSTM_ALWAYS_INLINE BlockWeights(const uint8_t *block, int64_t rows)
      : BlockGroups<Panel>(block, rows, /*flipped=*/false) {}

  XLSTM_ALWAYS_INLINE IntVec dot(const int8_t *x, int32_t total) const {
    IntVec sums = IntVec{} - Panel::Offset * total;
    for (int g = 0; g < 8; ++g)
      for (int c = 0; c < 4; ++c)
        sums += __builtin_bit_cast(IntVec, this->groups[g] >> 8 * c & 255u) * int32_t(x[4 * g + c]);
    return sums;
  }
};
constexpr int SmallRows = 2;

#endif

} // namespace xlstm::cpu

#endif // XLSTM_KERNELS_CPU_SMALLPRODUCTS_H
