//===- HybridVector.h - vectors of the target's width and one matrix product ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The mixer's files are compiled once for each instruction set, with XLSTM_VECTOR_BYTES its register's width. Every
// matrix here is a float32 panel in the thread's workspace whose rows are padded to a multiple of 16 with zeros, so
// nothing has a tail. No template of the standard library: its copies of different instruction sets would be merged.

#ifndef XLSTM_KERNELS_CPU_HYBRIDVECTOR_H
#define XLSTM_KERNELS_CPU_HYBRIDVECTOR_H

#include "kernels/cpu/Simd.h"

/// A function of its own in the files that use it.
#define XLSTM_APART __attribute__((noinline, unused)) static

namespace xlstm::cpu::hybrid {

constexpr int64_t Width = XLSTM_VECTOR_BYTES / 4;
typedef float Vector __attribute__((vector_size(XLSTM_VECTOR_BYTES)));
typedef int32_t IntVector __attribute__((vector_size(XLSTM_VECTOR_BYTES)));
typedef uint32_t BitsVector __attribute__((vector_size(XLSTM_VECTOR_BYTES)));

XLSTM_INLINE Vector get(const float *p) {
  Vector v;
  memcpy(&v, p, sizeof v);
  return v;
}
XLSTM_INLINE void put(float *p, Vector v) { memcpy(p, &v, sizeof v); }
XLSTM_INLINE Vector splat(float x) { return Vector{} + x; }
XLSTM_INLINE Vector larger(Vector a, Vector b) { return a > b ? a : b; }

constexpr float Log2e = 0x1.715476p0f;

/// 2^x within 3 ulp for x up to 100, 0 below -126: weights of a softmax, whose arguments are differences from a
/// maximum.
XLSTM_INLINE Vector exp2Of(Vector x) {
  const float rounder = 0x1.8p23f; // added, it leaves the nearest integer in the low bits
  Vector shifted = x + rounder, r = x - (shifted - rounder);
  Vector p = (((1.33553043e-3f * r + 9.67125967e-3f) * r + 5.55047765e-2f) * r + 2.40222543e-1f) * r + 6.93147123e-1f;
  BitsVector whole = __builtin_bit_cast(BitsVector, shifted) << 23;
  Vector power = __builtin_bit_cast(Vector, __builtin_bit_cast(BitsVector, p * r + 1.0f) + whole);
  return x < -126.0f ? Vector{} : power;
}

typedef float Four __attribute__((vector_size(16)));
typedef float Eight __attribute__((vector_size(32)));

/// A vector's two halves as one op each: a cast of the whole goes through memory.
template <bool High>
XLSTM_INLINE Eight halfOf(Vec v) {
  return High ? __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15)
              : __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7);
}
template <bool High>
XLSTM_INLINE Four halfOf(Eight v) {
  return High ? __builtin_shufflevector(v, v, 4, 5, 6, 7) : __builtin_shufflevector(v, v, 0, 1, 2, 3);
}

/// Adds halves until four lanes are left.
XLSTM_INLINE Four folded(Four v) { return v; }
XLSTM_INLINE Four folded(Eight v) { return halfOf<false>(v) + halfOf<true>(v); }
XLSTM_INLINE Four folded(Vec v) { return folded(halfOf<false>(v) + halfOf<true>(v)); }

XLSTM_INLINE Four largestFour(Four v) { return v; }
XLSTM_INLINE Four largestFour(Eight v) {
  Four a = halfOf<false>(v), b = halfOf<true>(v);
  return a > b ? a : b;
}
XLSTM_INLINE Four largestFour(Vec v) {
  Eight a = halfOf<false>(v), b = halfOf<true>(v);
  return largestFour(a > b ? a : b);
}

XLSTM_INLINE float total(Vector v) {
  Four four = folded(v), pairs = four + __builtin_shufflevector(four, four, 2, 3, 0, 1);
  return pairs[0] + pairs[1];
}
XLSTM_INLINE float greatest(Vector v) {
  Four four = largestFour(v);
  float a = four[0] > four[1] ? four[0] : four[1], b = four[2] > four[3] ? four[2] : four[3];
  return a > b ? a : b;
}

/// to [4] = factor times the totals of four vectors.
XLSTM_INLINE void totals(const Vector *v, float factor, float *to) {
  Four sums;
#if XLSTM_VECTOR_BYTES == 64
  // Halves of pairs, then quarters: each quarter is one vector's partial sums.
  Vector ab = __builtin_shufflevector(v[0], v[1], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
              __builtin_shufflevector(v[0], v[1], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  Vector cd = __builtin_shufflevector(v[2], v[3], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
              __builtin_shufflevector(v[2], v[3], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  Vector all = __builtin_shufflevector(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
               __builtin_shufflevector(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  all += __builtin_shufflevector(all, all, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  all += __builtin_shufflevector(all, all, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
  sums = __builtin_shufflevector(all, all, 0, 4, 8, 12);
#else
  Four a = folded(v[0]), b = folded(v[1]), c = folded(v[2]), d = folded(v[3]);
  Four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5) + __builtin_shufflevector(a, b, 2, 6, 3, 7);
  Four cd = __builtin_shufflevector(c, d, 0, 4, 1, 5) + __builtin_shufflevector(c, d, 2, 6, 3, 7);
  sums = __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
#endif
  sums *= factor;
  memcpy(to, &sums, sizeof sums);
}

/// Counts 0, 1, 2, ... from `first`.
XLSTM_INLINE IntVector countFrom(int32_t first) {
  IntVector v;
  for (int64_t n = 0; n < Width; ++n)
    v[n] = first + int32_t(n);
  return v;
}

XLSTM_INLINE float dotOf(const float *a, const float *b, int64_t n) {
  Vector sum = {};
  for (int64_t c = 0; c < n; c += Width)
    sum += get(a + c) * get(b + c);
  return total(sum);
}

/// y = factor * y + x * other.
XLSTM_INLINE void scaleAdd(float *y, float factor, const float *x, float other, int64_t n) {
  for (int64_t c = 0; c < n; c += Width)
    put(y + c, get(y + c) * factor + get(x + c) * other);
}
XLSTM_INLINE void scale(float *y, float factor, int64_t n) {
  for (int64_t c = 0; c < n; c += Width)
    put(y + c, get(y + c) * factor);
}
/// y = factor * x.
XLSTM_INLINE void scaleTo(float *y, const float *x, float factor, int64_t n) {
  for (int64_t c = 0; c < n; c += Width)
    put(y + c, get(x + c) * factor);
}
XLSTM_INLINE void clear(float *y, int64_t n) { memset(y, 0, n * sizeof(float)); }

/// A panel, or its transpose: element (r, k) is data[r * row + k * column].
struct Left {
  const float *data;
  int64_t row, column;
};
XLSTM_INLINE Left rows(const float *data, int64_t stride) { return {data, stride, 1}; }
XLSTM_INLINE Left turned(const float *data, int64_t stride) { return {data, 1, stride}; }

/// R rows and V vectors of c = a b, or c += a b.
template <int R, int V, bool Add>
XLSTM_INLINE void productTile(Left a, const float *b, int64_t bStride, float *c, int64_t cStride, int64_t inner) {
  Vector sum[R][V];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v)
      sum[r][v] = Add ? get(c + r * cStride + v * Width) : Vector{};
  for (int64_t k = 0; k < inner; ++k) {
    Vector right[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v)
      right[v] = get(b + k * bStride + v * Width);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      Vector left = splat(a.data[r * a.row + k * a.column]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v)
        sum[r][v] += left * right[v];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v)
      put(c + r * cStride + v * Width, sum[r][v]);
}

template <int V, bool Add>
XLSTM_INLINE void productColumns(Left a, const float *b, int64_t bStride, float *c, int64_t cStride, int64_t count,
                                 int64_t inner) {
  // 6 x 4 of the 32 registers of AVX-512, or 8 x 3; 6 x 2 of 16
  constexpr int R = Width == 16 && V < 4 ? 8 : 6;
  int64_t r = 0;
  auto from = [&](int64_t row) XLSTM_ALWAYS_INLINE { return Left{a.data + row * a.row, a.row, a.column}; };
  for (; r + R <= count; r += R)
    productTile<R, V, Add>(from(r), b, bStride, c + r * cStride, cStride, inner);
  for (; r + 4 <= count; r += 4)
    productTile<4, V, Add>(from(r), b, bStride, c + r * cStride, cStride, inner);
  for (; r + 2 <= count; r += 2)
    productTile<2, V, Add>(from(r), b, bStride, c + r * cStride, cStride, inner);
  if (r < count)
    productTile<1, V, Add>(from(r), b, bStride, c + r * cStride, cStride, inner);
}

/// c [count, columns] = a [count, inner] b [inner, columns], or added to c; `columns` a multiple of 16.
template <bool Add>
XLSTM_APART void product(Left a, const float *b, int64_t bStride, float *c, int64_t cStride, int64_t count,
                         int64_t columns, int64_t inner) {
  constexpr int Most = Width == 16 ? 4 : 2;
  int64_t n = 0;
  for (; n + Most * Width <= columns; n += Most * Width)
    productColumns<Most, Add>(a, b + n, bStride, c + n, cStride, count, inner);
  if constexpr (Width == 16) {
    if (columns - n == 3 * Width)
      productColumns<3, Add>(a, b + n, bStride, c + n, cStride, count, inner);
    if (columns - n == 2 * Width)
      productColumns<2, Add>(a, b + n, bStride, c + n, cStride, count, inner);
    if (columns - n == Width)
      productColumns<1, Add>(a, b + n, bStride, c + n, cStride, count, inner);
  }
}

/// to [columns, count] from [count, columns], both multiples of 4.
XLSTM_APART void transpose(const float *from, int64_t fromStride, float *to, int64_t toStride, int64_t count,
                           int64_t columns) {
  for (int64_t c = 0; c < columns; c += 4)
    for (int64_t r = 0; r < count; r += 4) {
      Four x[4];
      for (int n = 0; n < 4; ++n)
        memcpy(&x[n], from + (r + n) * fromStride + c, sizeof(Four));
      Four low = __builtin_shufflevector(x[0], x[1], 0, 4, 1, 5),
           high = __builtin_shufflevector(x[0], x[1], 2, 6, 3, 7);
      Four low2 = __builtin_shufflevector(x[2], x[3], 0, 4, 1, 5),
           high2 = __builtin_shufflevector(x[2], x[3], 2, 6, 3, 7);
      x[0] = __builtin_shufflevector(low, low2, 0, 1, 4, 5), x[1] = __builtin_shufflevector(low, low2, 2, 3, 6, 7);
      x[2] = __builtin_shufflevector(high, high2, 0, 1, 4, 5), x[3] = __builtin_shufflevector(high, high2, 2, 3, 6, 7);
      for (int n = 0; n < 4; ++n)
        memcpy(to + (c + n) * toStride + r, &x[n], sizeof(Four));
    }
}

} // namespace xlstm::cpu::hybrid

#endif // XLSTM_KERNELS_CPU_HYBRIDVECTOR_H
