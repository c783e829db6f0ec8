//===- Products.h - the two register-blocked matrix products ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// dotRows: y = x w^T, sums along both rows in 16 lanes (Linear, FeatureMap, the scores). addRows: y = scale y + a b,
// sums down the rows of b (values, states). A result does not depend on how many rows or outputs are computed with it.

#ifndef XLSTM_KERNELS_CPU_PRODUCTS_H
#define XLSTM_KERNELS_CPU_PRODUCTS_H

#include "kernels/cpu/Simd.h"

namespace xlstm::cpu {

/// A dense matrix of `Stored` values whose rows lie `stride` apart.
template <typename Stored>
struct Rows {
  Stored *data;
  int64_t stride;

  XLSTM_ALWAYS_INLINE Stored *operator[](int64_t row) const { return data + row * stride; }
  XLSTM_ALWAYS_INLINE Rows from(int64_t row) const { return {data + row * stride, stride}; }
};

using ConstRows = Rows<const float>;
using MutableRows = Rows<float>;
template <typename Format>
using WeightRows = Rows<const typename Format::Stored>;

/// The rows side by side in `buffer`, if they are not already and it has room for them: rows that lie a multiple of
/// 4 KB apart, as those of many heads do, would push each other out of the cache.
XLSTM_INLINE ConstRows packed(ConstRows from, int64_t rows, int64_t n, float *buffer, int64_t room) {
  if (rows * n > room || from.stride == n)
    return from;
  for (int64_t r = 0; r < rows; ++r)
    memcpy(buffer + r * n, from[r], n * sizeof(float));
  return {buffer, n};
}

/// y[r][o] = sum over c < n of x[r][c] w[o][c] for R rows and O outputs, each in its own 16 partial sums.
template <typename Format, int R, int O>
XLSTM_INLINE void dotTile(ConstRows x, WeightRows<Format> w, int64_t n, MutableRows y) {
  Vec partial[R][O] = {};
  forVecs(n, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
    Vec inputs[R];
    for (int r = 0; r < R; ++r)
      inputs[r] = load(x[r] + c, count);
    for (int o = 0; o < O; ++o) {
      Vec weight = load<Format>(w[o] + c, count);
      for (int r = 0; r < R; ++r)
        partial[r][o] += inputs[r] * weight;
    }
  });
  for (int r = 0; r < R; ++r)
    for (int o = 0; o < O; ++o)
      y[r][o] = sum(partial[r][o]);
}

/// dotTile for R rows and any number of outputs. One row alone takes four outputs at once to keep the loads busy.
template <typename Format, int R>
XLSTM_INLINE void dotRowTile(ConstRows x, WeightRows<Format> w, int64_t n, int64_t outs, MutableRows y) {
  constexpr int O = R == 1 ? 4 : 2;
  int64_t o = 0;
  for (; o + O <= outs; o += O)
    dotTile<Format, R, O>(x, w.from(o), n, {y.data + o, y.stride});
  for (; o < outs; ++o)
    dotTile<Format, R, 1>(x, w.from(o), n, {y.data + o, y.stride});
}

/// y[r][o] = x[r] . w[o] over n columns. Weights are taken in blocks that stay in the second-level cache while every
/// row uses them; 3 x 2 tiles of 16 lanes fill the 16 registers of AVX2.
template <typename Format>
XLSTM_INLINE void dotRows(ConstRows x, WeightRows<Format> w, int64_t rows, int64_t n, int64_t outs, MutableRows y) {
  constexpr int64_t BlockBytes = 1 << 18;
  int64_t fitting = BlockBytes / (n * int64_t(sizeof(typename Format::Stored)) + 1) / 2 * 2;
  int64_t block = rows == 1 ? outs : fitting < 4 ? 4 : fitting;
  for (int64_t o = 0; o < outs; o += block) {
    int64_t count = outs - o < block ? outs - o : block;
    MutableRows part = {y.data + o, y.stride};
    int64_t r = 0;
    for (; r + 3 <= rows; r += 3)
      dotRowTile<Format, 3>(x.from(r), w.from(o), n, count, part.from(r));
    if (rows - r == 2)
      dotRowTile<Format, 2>(x.from(r), w.from(o), n, count, part.from(r));
    if (rows - r == 1)
      dotRowTile<Format, 1>(x.from(r), w.from(o), n, count, part.from(r));
  }
}

/// y[r] = scale[r] y[r] + sum over j < n of a[r][j] b[j] for R rows, `columns` wide.
template <int R>
XLSTM_INLINE void addTile(const float *scale, ConstRows a, ConstRows b, int64_t n, int64_t columns, MutableRows y) {
  forVecs(columns, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
    Vec total[R];
    for (int r = 0; r < R; ++r)
      total[r] = load(y[r] + c, count) * scale[r];
    for (int64_t j = 0; j < n; ++j) {
      Vec value = load(b[j] + c, count);
      for (int r = 0; r < R; ++r)
        total[r] += a[r][j] * value;
    }
    for (int r = 0; r < R; ++r)
      store(y[r] + c, total[r], count);
  });
}

XLSTM_INLINE void addRows(const float *scale, ConstRows a, ConstRows b, int64_t rows, int64_t n, int64_t columns,
                          MutableRows y) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4)
    addTile<4>(scale + r, a.from(r), b, n, columns, y.from(r));
  for (; r < rows; ++r)
    addTile<1>(scale + r, a.from(r), b, n, columns, y.from(r));
}

} // namespace xlstm::cpu

#endif // XLSTM_KERNELS_CPU_PRODUCTS_H
