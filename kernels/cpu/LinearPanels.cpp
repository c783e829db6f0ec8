//===- LinearPanels.cpp - projections of weights in panels -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread takes neighbouring panels, so its weights are one stream. Sums go along the columns in their order, whatever
// the number of rows, threads or lanes: a row's result is the same bits in prompts and in single steps.

#include "kernels/cpu/Share.h"
#include "kernels/cpu/SmallInputs.h"
#include "kernels/cpu/SmallProducts.h"
#include "xlstm/Kernels/CpuCalls.h"

using namespace xlstm::cpu;

namespace {

/// What is added to the products, and where they go.
struct Outputs {
  const float *bias, *residual;
  float *y;
  int64_t stride;

  XLSTM_ALWAYS_INLINE void put(int64_t row, int64_t column, Vec value, int64_t count) const {
    int64_t at = row * stride + column;
    if (bias)
      value += load(bias + column, count);
    if (residual)
      value += load(residual + at, count);
    store(y + at, value, count);
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// Floats
//===----------------------------------------------------------------------===//

#if defined(__AVX512F__)
constexpr int FloatRows = 12;
#else
constexpr int FloatRows = 6;
#endif

/// R rows and P panels, which lie `apart` numbers apart.
template <typename Format, int R, int P>
XLSTM_INLINE void floatTile(const float *x, int64_t in, const typename Format::Stored *w, int64_t apart, int64_t lanes,
                            int64_t row, int64_t column, const Outputs &to) {
  Vec sums[R][P] = {};
  for (int64_t c = 0; c < in; ++c)
    for (int p = 0; p < P; ++p) {
      Vec weight = load<Format>(w + p * apart + c * lanes, lanes);
      for (int r = 0; r < R; ++r)
        sums[r][p] += x[r * in + c] * weight;
    }
  for (int r = 0; r < R; ++r)
    for (int p = 0; p < P; ++p)
      to.put(row + r, column + p * PanelRows, sums[r][p], lanes);
}

/// All rows with P whole panels, or with one that has `lanes` rows.
template <typename Format, int P>
XLSTM_INLINE void floatPanels(const float *x, int64_t rows, int64_t in, const typename Format::Stored *w, int64_t lanes,
                              int64_t column, const Outputs &to) {
  constexpr int R = P == 1 ? FloatRows : 1;
  int64_t apart = PanelRows * in, r = 0;
  for (; r + R <= rows; r += R)
    floatTile<Format, R, P>(x + r * in, in, w, apart, lanes, r, column, to);
  for (; r < rows; ++r)
    floatTile<Format, 1, P>(x + r * in, in, w, apart, lanes, r, column, to);
}

/// Few rows take four panels at once, so that sums need not wait for one another.
template <typename Format>
XLSTM_INLINE void multiplyFloats(const float *x, const uint8_t *w, int64_t rows, int64_t in, int64_t out, Share panels,
                                 const Outputs &to) {
  int64_t p = panels.begin;
  auto place = [&](int64_t index)
                   XLSTM_ALWAYS_INLINE { return panelAt<FloatPanel<Format>>(w, index, in / BlockColumns, out); };
  auto data = [&](int64_t index)
                  XLSTM_ALWAYS_INLINE { return reinterpret_cast<const typename Format::Stored *>(place(index).data); };
  if (rows < FloatRows)
    for (; p + 4 <= panels.end && place(p + 3).rows == PanelRows; p += 4)
      floatPanels<Format, 4>(x, rows, in, data(p), PanelRows, p * PanelRows, to);
  for (; p < panels.end; ++p)
    if (place(p).rows == PanelRows)
      floatPanels<Format, 1>(x, rows, in, data(p), PanelRows, p * PanelRows, to);
    else
      floatPanels<Format, 1>(x, rows, in, data(p), place(p).rows, p * PanelRows, to);
}

//===----------------------------------------------------------------------===//
// Small integers
//===----------------------------------------------------------------------===//

template <typename Panel, int R>
XLSTM_INLINE void addBlock(const SmallInputs &x, int64_t b, const BlockPlace &block, int64_t lanes, Vec *sums) {
  BlockWeights<Panel> weights(block.values, lanes);
  Vec scale = load<F16>(block.scales, lanes), minimum = {};
  if constexpr (Panel::Minimum)
    minimum = load<F16>(block.minima, lanes);
  for (int r = 0; r < R; ++r) {
    int64_t at = r * x.blocks + b;
    Vec product = __builtin_convertvector(weights.dot(x.block(r, b), x.totals[at]), Vec);
    sums[r] += product * (scale * x.scales[at]);
    if constexpr (Panel::Minimum)
      sums[r] += minimum * (float(x.totals[at]) * x.scales[at]);
  }
}

template <typename Panel, int R>
XLSTM_INLINE void smallTile(const SmallInputs &x, const PanelPlace &panel, int64_t lanes, int64_t row, int64_t column,
                            const Outputs &to) {
  Vec sums[R] = {};
  int64_t pairs = x.blocks / 2 * 2;
  for (int64_t b = 0; b < pairs; b += 2)
    for (int64_t i = 0; i < 2; ++i) // the places of both are known: they are two
      addBlock<Panel, R>(x, b + i, blockAt<Panel>(panel, b + i, pairs, lanes), lanes, sums);
  if (pairs < x.blocks)
    addBlock<Panel, R>(x, pairs, blockAt<Panel>(panel, pairs, x.blocks, lanes), lanes, sums);
  for (int r = 0; r < R; ++r)
    to.put(row + r, column, sums[r], lanes);
}

template <typename Panel>
XLSTM_INLINE void smallPanel(const SmallInputs &x, int64_t first, int64_t rows, const PanelPlace &panel, int64_t lanes,
                             int64_t column, const Outputs &to) {
  int64_t r = 0;
  for (; r + SmallRows <= rows; r += SmallRows)
    smallTile<Panel, SmallRows>(x.from(r), panel, lanes, first + r, column, to);
  for (; r < rows; ++r)
    smallTile<Panel, 1>(x.from(r), panel, lanes, first + r, column, to);
}

/// Inputs are made small some rows at a time, which stay in the cache while all weights go by.
template <typename Panel>
XLSTM_INLINE void multiplySmall(const float *x, const uint8_t *w, int64_t rows, int64_t in, int64_t out, Share panels,
                                const Outputs &to) {
  constexpr int64_t Room = 1 << 17, Most = 64;
  int64_t blocks = in / BlockColumns, fitting = Room / in / SmallRows * SmallRows;
  int64_t block = rows == 1 ? 1 : fitting < SmallRows ? SmallRows : fitting > Most ? Most : fitting;
  char *memory = static_cast<char *>(__builtin_alloca_with_align(SmallInputs::bytes(block, blocks), 512));
  SmallInputs inputs(memory, block, blocks);
  if (panels.size() <= 0)
    return;
  for (int64_t r = 0; r < rows; r += block) {
    int64_t count = rows - r < block ? rows - r : block;
    narrow(x + r * in, in, count, inputs);
    for (int64_t p = panels.begin; p < panels.end; ++p) {
      PanelPlace panel = panelAt<Panel>(w, p, blocks, out);
      if (panel.rows == PanelRows)
        smallPanel<Panel>(inputs, r, count, panel, PanelRows, p * PanelRows, to);
      else
        smallPanel<Panel>(inputs, r, count, panel, panel.rows, p * PanelRows, to);
    }
  }
}

template <typename Panel>
XLSTM_INLINE void multiply(const float *x, const uint8_t *w, int64_t rows, int64_t in, int64_t out, Share panels,
                           const Outputs &to) {
  if constexpr (Panel::IsSmall)
    multiplySmall<Panel>(x, w, rows, in, out, panels, to);
  else
    multiplyFloats<typename Panel::Format>(x, w, rows, in, out, panels, to);
}

#define XLSTM_DEFINE_LINEAR_PANELS(suffix, Panel)                                                                      \
  void xlstm_cpu_linear_panels_##suffix(const float *__restrict x, const uint8_t *__restrict w,                        \
                                        const float *__restrict bias, const float *__restrict residual,                \
                                        float *__restrict y, int64_t rows, int64_t in, int64_t out,                    \
                                        const xlstm_team *team) {                                                      \
    Share panels = shareOf(team, (out + PanelRows - 1) / PanelRows);                                                   \
    multiply<Panel>(x, w, rows, in, out, panels, Outputs{bias, residual, y, out});                                     \
  }

XLSTM_FOR_PANELS(XLSTM_DEFINE_LINEAR_PANELS)
