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
  if constexpr (R == 1 && O == 4)
    return sumFour(partial[0][0], partial[0][1], partial[0][2], partial[0][3], y[0]);
  int r = 0;
  if constexpr (O == 2)
    for (; r + 2 <= R; r += 2) {
      float sums[4];
      sumFour(partial[r][0], partial[r][1], partial[r + 1][0], partial[r + 1][1], sums);
      memcpy(y[r], sums, 2 * sizeof(float));
      memcpy(y[r + 1], sums + 2, 2 * sizeof(float));
    }
  for (; r < R; ++r)
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

/// y[r][o] = x[r] . w[o] over n columns; 3 x 2 tiles of 16 lanes fill the 16 registers of AVX2.
template <typename Format>
XLSTM_INLINE void dotBlock(ConstRows x, WeightRows<Format> w, int64_t rows, int64_t n, int64_t outs, MutableRows y) {
  int64_t r = 0;
  for (; r + 3 <= rows; r += 3)
    dotRowTile<Format, 3>(x.from(r), w, n, outs, y.from(r));
  if (rows - r == 2)
    dotRowTile<Format, 2>(x.from(r), w, n, outs, y.from(r));
  if (rows - r == 1)
    dotRowTile<Format, 1>(x.from(r), w, n, outs, y.from(r));
}

/// The same for any number of outputs. Weights are taken in blocks that stay in the cache while every row uses them: in
/// the second level as they are, or a few in the first as float32, where there are rows enough to widen them for.
template <typename Format>
XLSTM_INLINE void dotRows(ConstRows x, WeightRows<Format> w, int64_t rows, int64_t n, int64_t outs, MutableRows y) {
  constexpr int64_t BlockBytes = 1 << 18, Wide = 8, Room = 1 << 12;
  if (sizeof(typename Format::Stored) < sizeof(float) && rows >= 6 && Wide * n <= Room) {
    float wide[Room];
    for (int64_t o = 0; o < outs; o += Wide) {
      int64_t count = outs - o < Wide ? outs - o : Wide;
      for (int64_t k = 0; k < count; ++k)
        forVecs(n, [&](int64_t c, int64_t lanes)
                       XLSTM_ALWAYS_INLINE { store(wide + k * n + c, load<Format>(w[o + k] + c, lanes), lanes); });
      dotBlock<F32>(x, {wide, n}, rows, n, count, {y.data + o, y.stride});
    }
    return;
  }
  int64_t fitting = BlockBytes / (n * int64_t(sizeof(typename Format::Stored)) + 1) / 2 * 2;
  int64_t block = rows == 1 ? outs : fitting < 4 ? 4 : fitting;
  for (int64_t o = 0; o < outs; o += block)
    dotBlock<Format>(x, w.from(o), rows, n, outs - o < block ? outs - o : block, {y.data + o, y.stride});
}

/// y[r] = scale[r] y[r] + sum over j < n of a[r][j] b[j] for R rows, of C times 16 columns from c on, the last 16 of
/// which `count` are there.
template <int R, int C>
XLSTM_INLINE void addColumns(const float *scale, ConstRows a, ConstRows b, int64_t n, int64_t c, int64_t count,
                             MutableRows y) {
  Vec total[R][C];
  for (int r = 0; r < R; ++r)
    for (int i = 0; i < C; ++i)
      total[r][i] = load(y[r] + c + i * Lanes, i == C - 1 ? count : Lanes) * scale[r];
  for (int64_t j = 0; j < n; ++j)
    for (int i = 0; i < C; ++i) {
      Vec value = load(b[j] + c + i * Lanes, i == C - 1 ? count : Lanes);
      for (int r = 0; r < R; ++r)
        total[r][i] += a[r][j] * value;
    }
  for (int r = 0; r < R; ++r)
    for (int i = 0; i < C; ++i)
      store(y[r] + c + i * Lanes, total[r][i], i == C - 1 ? count : Lanes);
}

/// The same, `columns` wide. Few rows take more columns at once: sums need not wait for one another, and what comes
/// from memory comes in its order.
template <int R>
XLSTM_INLINE void addTile(const float *scale, ConstRows a, ConstRows b, int64_t n, int64_t columns, MutableRows y) {
  constexpr int C = R < 4 ? 4 : 1;
  int64_t c = 0;
  for (; C > 1 && c + C * Lanes <= columns; c += C * Lanes)
    addColumns<R, C>(scale, a, b, n, c, Lanes, y);
  for (; c < columns; c += Lanes)
    addColumns<R, 1>(scale, a, b, n, c, columns - c < Lanes ? columns - c : Lanes, y);
}

XLSTM_INLINE void addRows(const float *scale, ConstRows a, ConstRows b, int64_t rows, int64_t n, int64_t columns,
                          MutableRows y) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4)
    addTile<4>(scale + r, a.from(r), b, n, columns, y.from(r));
  if (rows - r == 3)
    addTile<3>(scale + r, a.from(r), b, n, columns, y.from(r));
  if (rows - r == 2)
    addTile<2>(scale + r, a.from(r), b, n, columns, y.from(r));
  if (rows - r == 1)
    addTile<1>(scale + r, a.from(r), b, n, columns, y.from(r));
}

} // namespace xlstm::cpu

#endif // XLSTM_KERNELS_CPU_PRODUCTS_H
