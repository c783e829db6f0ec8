//===- EmbedPanels.cpp - rows of an embedding table in panels ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cpu/Panels.h"
#include "kernels/cpu/Share.h"
#include "xlstm/Kernels/CpuCalls.h"

using namespace xlstm::cpu;

template <typename Panel>
XLSTM_INLINE void floatRow(const uint8_t *table, int64_t row, int64_t dim, int64_t vocab, float *y) {
  PanelPlace panel = panelAt<Panel>(table, row / PanelRows, dim / BlockColumns, vocab);
  const auto *w = reinterpret_cast<const typename Panel::Stored *>(panel.data);
  for (int64_t c = 0; c < dim; ++c)
    y[c] = load<typename Panel::Format>(w + c * panel.rows + row % PanelRows, 1)[0];
}

template <typename Panel>
XLSTM_INLINE void smallRow(const uint8_t *table, int64_t row, int64_t dim, int64_t vocab, float *y) {
  int64_t blocks = dim / BlockColumns, lane = row % PanelRows;
  PanelPlace panel = panelAt<Panel>(table, row / PanelRows, blocks, vocab);
  for (int64_t c = 0; c < dim; ++c) {
    int64_t b = c / BlockColumns, at = c % BlockColumns, group = at / 4 % Panel::Bits; // of q4, four hold eight
    BlockPlace block = blockAt<Panel>(panel, b, blocks, panel.rows);
    uint8_t byte = block.values[(group * panel.rows + lane) * 4 + at % 4];
    int32_t value = (Panel::Bits == 8 ? byte : at < 16 ? byte & 15 : byte >> 4) - Panel::Offset;
    float scale = load<F16>(block.scales + lane, 1)[0];
    float minimum = Panel::Minimum ? load<F16>(block.minima + lane, 1)[0] : 0.0f;
    y[c] = float(value) * scale + minimum;
  }
}

template <typename Panel>
XLSTM_INLINE void embed(const int64_t *ids, const uint8_t *table, float *y, Share share, int64_t vocab, int64_t dim) {
  for (int64_t t = share.begin; t < share.end; ++t)
    if (ids[t] < 0 || ids[t] >= vocab)
      memset(y + t * dim, 0, dim * sizeof(float));
    else if constexpr (Panel::IsSmall)
      smallRow<Panel>(table, ids[t], dim, vocab, y + t * dim);
    else
      floatRow<Panel>(table, ids[t], dim, vocab, y + t * dim);
}

#define XLSTM_DEFINE_EMBED_PANELS(suffix, Panel)                                                                       \
  void xlstm_cpu_embed_panels_##suffix(const int64_t *__restrict ids, const uint8_t *__restrict table,                 \
                                       float *__restrict y, int64_t tokens, int64_t vocab, int64_t dim,                \
                                       const xlstm_team *team) {                                                       \
    embed<Panel>(ids, table, y, shareOf(team, tokens), vocab, dim);                                                    \
  }

XLSTM_FOR_PANELS(XLSTM_DEFINE_EMBED_PANELS)
