//===- Simd.h - the 16-lane float vector that every CPU kernel is written in ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A GNU vector of fixed length: the compiler splits it into what the CPU has, so the order of every sum is that of the
// source on every CPU. Everything here is inlined; nothing calls the C++ runtime.

#ifndef XLSTM_KERNELS_CPU_SIMD_H
#define XLSTM_KERNELS_CPU_SIMD_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define XLSTM_ALWAYS_INLINE __attribute__((always_inline))
#define XLSTM_INLINE static inline XLSTM_ALWAYS_INLINE

namespace xlstm::cpu {

constexpr int64_t Lanes = 16;
typedef float Vec __attribute__((vector_size(64)));
typedef int32_t IntVec __attribute__((vector_size(64)));
typedef uint32_t BitsVec __attribute__((vector_size(64)));
typedef uint16_t ShortVec __attribute__((vector_size(32)));

constexpr float Infinity = __builtin_inff();

// How a stored weight becomes float32, exactly: Stored in memory, Pack in a register.

struct F32 {
  using Stored = float;
  using Pack = Vec;
  XLSTM_INLINE Vec widen(Vec pack) { return pack; }
};

struct Bf16 {
  using Stored = uint16_t;
  using Pack = ShortVec;
  XLSTM_INLINE Vec widen(ShortVec pack) {
    return __builtin_bit_cast(Vec, __builtin_convertvector(pack, BitsVec) << 16);
  }
};

struct F16 {
  using Stored = uint16_t;
  using Pack = ShortVec;
  XLSTM_INLINE Vec widen(ShortVec pack) {
#ifdef __clang__
    typedef _Float16 HalfVec __attribute__((vector_size(32)));
    return __builtin_convertvector(__builtin_bit_cast(HalfVec, pack), Vec);
#else
    // Exponent and mantissa moved into place are the value times 2^-112, subnormals included.
    BitsVec bits = __builtin_convertvector(pack, BitsVec);
    BitsVec magnitude = (bits & 0x7fffu) << 13;
    Vec value = __builtin_bit_cast(Vec, magnitude) * 0x1p112f;
    BitsVec special = magnitude | 0x7f800000u;
    BitsVec result = magnitude >= 0x0f800000u ? special : __builtin_bit_cast(BitsVec, value);
    return __builtin_bit_cast(Vec, result | (bits & 0x8000u) << 16);
#endif
  }
};

/// The `count` (1 to 16) values from `p`; lanes behind them are zero.
template <typename Format = F32>
XLSTM_INLINE Vec load(const typename Format::Stored *p, int64_t count = Lanes) {
  typename Format::Pack pack = {};
  if (count == Lanes)
    memcpy(&pack, p, sizeof pack);
  else
    memcpy(&pack, p, count * sizeof *p);
  return Format::widen(pack);
}

XLSTM_INLINE void store(float *p, Vec value, int64_t count = Lanes) {
  if (count == Lanes)
    memcpy(p, &value, sizeof value);
  else
    memcpy(p, &value, count * sizeof *p);
}

/// As bfloat16, rounded to the nearest, ties to even; NaN stays one.
XLSTM_INLINE void storeBf16(uint16_t *p, Vec value, int64_t count = Lanes) {
  BitsVec bits = __builtin_bit_cast(BitsVec, value);
  BitsVec rounded = bits + 0x7fffu + (bits >> 16 & 1u);
  BitsVec kept = value == value ? rounded : bits | 0x400000u;
  ShortVec pack = __builtin_convertvector(kept >> 16, ShortVec);
  if (count == Lanes)
    memcpy(p, &pack, sizeof pack);
  else
    memcpy(p, &pack, count * sizeof *p);
}

/// body(column, count) over [0, n) in steps of 16; the last may be shorter. `body` is declared XLSTM_ALWAYS_INLINE.
template <typename Body>
XLSTM_INLINE void forVecs(int64_t n, Body body) {
  int64_t c = 0;
  for (; c + Lanes <= n; c += Lanes)
    body(c, Lanes);
  if (c < n)
    body(c, n - c);
}

/// Sum over the lanes, in halves.
XLSTM_INLINE float sum(Vec v) {
  auto eight = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
               __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  auto four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
  return (four[0] + four[2]) + (four[1] + four[3]);
}

/// to [4] = the same sums of four vectors at once: halves of pairs, then quarters, each quarter one vector's.
XLSTM_INLINE void sumFour(Vec a, Vec b, Vec c, Vec d, float *to) {
  Vec ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
           __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  Vec cd = __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
           __builtin_shufflevector(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  Vec all = __builtin_shufflevector(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
            __builtin_shufflevector(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  all += __builtin_shufflevector(all, all, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  all += __builtin_shufflevector(all, all, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
  auto sums = __builtin_shufflevector(all, all, 0, 4, 8, 12);
  memcpy(to, &sums, sizeof sums);
}

XLSTM_INLINE Vec maximum(Vec a, Vec b) { return a > b ? a : b; }

XLSTM_INLINE float maximum(float a, float b) { return a > b ? a : b; }

XLSTM_INLINE float maximumLane(Vec v) {
  auto a = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7);
  auto b = __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  auto eight = a > b ? a : b;
  auto c = __builtin_shufflevector(eight, eight, 0, 1, 2, 3);
  auto d = __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
  auto four = c > d ? c : d;
  return maximum(maximum(four[0], four[2]), maximum(four[1], four[3]));
}

/// exp within 2 ulp, for a float or a Vec (Int, Bits: integers as wide). exp(-inf) = 0, exp(NaN) = NaN.
template <typename Float, typename Int, typename Bits>
XLSTM_INLINE Float exponential(Float x) {
  // Beyond these the result is 0 or infinity anyway, and the integers below cannot overflow.
  const Float low = Float{} - 110.0f, high = Float{} + 100.0f;
  Float y = x < low ? low : x;
  y = y > high ? high : y;
  const float rounder = 0x1.8p23f; // added, it leaves the nearest integer in the low bits
  Float shifted = y * 0x1.715476p0f + rounder;
  Float whole = shifted - rounder;
  Float r = (y - whole * 0x1.62e4p-1f) - whole * 0x1.7f7d1cp-20f; // ln 2 in two parts, the first times `whole` exact
  Float q = ((((1.392692677e-3f * r + 8.363774046e-3f) * r + 4.166654870e-2f) * r + 1.666657329e-1f) * r + 0.5f);
  Float p = r * r * q + r + 1.0f;
  // Two factors, because 2^whole alone may be subnormal or beyond the largest float.
  Int n = __builtin_bit_cast(Int, __builtin_bit_cast(Bits, shifted) - __builtin_bit_cast(uint32_t, rounder));
  Int half = n >> 1;
  Float first = __builtin_bit_cast(Float, __builtin_bit_cast(Bits, half + 127) << 23);
  Float second = __builtin_bit_cast(Float, __builtin_bit_cast(Bits, n - half + 127) << 23);
  return p * first * second;
}

XLSTM_INLINE Vec exponential(Vec x) { return exponential<Vec, IntVec, BitsVec>(x); }
XLSTM_INLINE float exponential(float x) { return exponential<float, int32_t, uint32_t>(x); }

/// Finite for every finite x: exp(-x) may become infinite.
template <typename Float>
XLSTM_INLINE Float sigmoid(Float x) {
  return 1.0f / (1.0f + exponential(-x));
}

} // namespace xlstm::cpu

#endif // XLSTM_KERNELS_CPU_SIMD_H
