//===- Rope.cpp - positions and rotary embedding -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cpu/Share.h"
#include "xlstm/Kernels/CpuCalls.h"
#include "xlstm/Kernels/Turns.h"

using namespace xlstm::cpu;

static constexpr int64_t PairBlock = 128;

void xlstm_cpu_positions(const int32_t *pos, int32_t *positions, int64_t B, int64_t T, const xlstm_team *team) {
  if (!isFirst(team))
    return;
  for (int64_t b = 0; b < B; ++b)
    for (int64_t t = 0; t < T; ++t)
      positions[b * T + t] = pos[b] + int32_t(t);
}

void xlstm_cpu_advance(int32_t *pos, int64_t B, int64_t tokens, const xlstm_team *team) {
  if (!isFirst(team))
    return;
  for (int64_t b = 0; b < B; ++b)
    pos[b] += int32_t(tokens);
}

/// Rotates pairs [first, first + pairs) of one head; cosines and sines start at the first pair.
XLSTM_INLINE void rotate(const float *__restrict x, const float *cosines, const float *sines, float *__restrict y,
                         int64_t pairs, int64_t half) {
  forVecs(pairs, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
    Vec low = load(x + c, count), high = load(x + half + c, count);
    Vec cosine = load(cosines + c, count), sine = load(sines + c, count);
    store(y + c, low * cosine - high * sine, count);
    store(y + half + c, high * cosine + low * sine, count);
  });
}

void xlstm_cpu_rope(const float *__restrict x, const int32_t *__restrict positions, const int64_t *__restrict turns,
                    float *__restrict y, int64_t tokens, int64_t H, int64_t d, int64_t x_stride, float factor,
                    const xlstm_team *team) {
  int64_t half = d / 2;
  Area area = areaOf(team, tokens, H, 1);
  for (int64_t token = area.rows.begin; token < area.rows.end; ++token)
    for (int64_t first = 0; first < half; first += PairBlock) {
      int64_t pairs = half - first < PairBlock ? half - first : PairBlock;
      float cosines[PairBlock], sines[PairBlock];
      for (int64_t c = 0; c < pairs; ++c) {
        float angle = xlstm::angleAt(positions[token], turns[first + c]);
        cosines[c] = cosf(angle) * factor;
        sines[c] = sinf(angle) * factor;
      }
      for (int64_t h = area.columns.begin; h < area.columns.end; ++h) {
        int64_t at = h * d + first;
        rotate(x + token * x_stride + at, cosines, sines, y + token * H * d + at, pairs, half);
      }
    }
}
