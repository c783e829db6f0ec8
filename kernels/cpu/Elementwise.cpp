//===- Elementwise.cpp - elementwise ops, copies --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cpu/Share.h"
#include "xlstm/Kernels/CpuCalls.h"

using namespace xlstm::cpu;

void xlstm_cpu_swiglu(const float *__restrict gate, const float *__restrict up, float *__restrict y, int64_t rows,
                      int64_t n, int64_t gate_stride, int64_t up_stride, const xlstm_team *team) {
  Area area = areaOf(team, rows, n);
  int64_t first = area.columns.begin;
  for (int64_t r = area.rows.begin; r < area.rows.end; ++r)
    forVecs(area.columns.size(), [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
      Vec value = load(gate + r * gate_stride + first + c, count);
      store(y + r * n + first + c, value * sigmoid(value) * load(up + r * up_stride + first + c, count), count);
    });
}

// y may be an input of the two that follow.
void xlstm_cpu_add(const float *a, const float *b, float *y, int64_t n, const xlstm_team *team) {
  Share share = shareOf(team, n, Lanes);
  a += share.begin, b += share.begin, y += share.begin;
  forVecs(share.size(), [&](int64_t c, int64_t count)
                            XLSTM_ALWAYS_INLINE { store(y + c, load(a + c, count) + load(b + c, count), count); });
}

void xlstm_cpu_scale(const float *x, float *y, int64_t n, float factor, const xlstm_team *team) {
  Share share = shareOf(team, n, Lanes);
  x += share.begin, y += share.begin;
  forVecs(share.size(),
          [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE { store(y + c, load(x + c, count) * factor, count); });
}

void xlstm_cpu_copy(const float *__restrict x, float *__restrict y, int64_t rows, int64_t n, int64_t x_stride,
                    int64_t y_stride, const xlstm_team *team) {
  Share share = shareOf(team, rows);
  for (int64_t r = share.begin; r < share.end; ++r)
    memcpy(y + r * y_stride, x + r * x_stride, n * sizeof(float));
}

void xlstm_cpu_last(const float *__restrict x, float *__restrict y, int64_t B, int64_t T, int64_t n,
                    const xlstm_team *team) {
  Share share = shareOf(team, n, Lanes);
  for (int64_t b = 0; b < B; ++b)
    memcpy(y + b * n + share.begin, x + (b * T + T - 1) * n + share.begin, share.size() * sizeof(float));
}
