//===- Linear.cpp - y = x w^T + bias -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One row: the weights stream past once, four rows of them in flight. More rows: register tiles over blocks of weights.

#include "kernels/cpu/Products.h"
#include "kernels/cpu/Share.h"
#include "xlstm/Kernels/CpuCalls.h"

using namespace xlstm::cpu;

template <typename Format>
XLSTM_INLINE void linear(const float *__restrict x, const typename Format::Stored *__restrict w,
                         const typename Format::Stored *__restrict bias, const float *__restrict residual,
                         float *__restrict y, int64_t rows, int64_t in, int64_t out, const xlstm_team *team) {
  Area area = areaOf(team, rows, out);
  int64_t first = area.rows.begin, column = area.columns.begin;
  dotRows<Format>({x + first * in, in}, {w + column * in, in}, area.rows.size(), in, area.columns.size(),
                  {y + first * out + column, out});
  if (!bias && !residual)
    return;
  for (int64_t r = first; r < area.rows.end; ++r)
    forVecs(area.columns.size(), [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
      int64_t at = r * out + column + c;
      Vec sum = load(y + at, count);
      if (bias)
        sum += load<Format>(bias + column + c, count);
      if (residual)
        sum += load(residual + at, count);
      store(y + at, sum, count);
    });
}

#define XLSTM_DEFINE_LINEAR(suffix, Format)                                                                            \
  void xlstm_cpu_linear_##suffix(const float *x, const Format::Stored *w, const Format::Stored *bias,                  \
                                 const float *residual, float *y, int64_t rows, int64_t in, int64_t out,               \
                                 const xlstm_team *team) {                                                             \
    linear<Format>(x, w, bias, residual, y, rows, in, out, team);                                                      \
  }

XLSTM_DEFINE_LINEAR(f32, F32)
XLSTM_DEFINE_LINEAR(bf16, Bf16)
XLSTM_DEFINE_LINEAR(f16, F16)
