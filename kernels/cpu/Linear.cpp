//===- Linear.cpp - y = x w^T + bias -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One row: the weights stream past once, four rows of them in flight. More rows: register tiles over blocks of weights.

#include "kernels/cpu/Products.h"
#include "xlstm/Kernels/CpuCalls.h"

using namespace xlstm::cpu;

template <typename Format>
XLSTM_INLINE void linear(const float *__restrict x, const typename Format::Stored *__restrict w,
                         const typename Format::Stored *__restrict bias, const float *__restrict residual,
                         float *__restrict y, int64_t rows, int64_t in, int64_t out) {
  dotRows<Format>({x, in}, {w, in}, rows, in, out, {y, out});
  if (!bias && !residual)
    return;
  for (int64_t r = 0; r < rows; ++r)
    forVecs(out, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
      int64_t at = r * out + c;
      Vec sum = load(y + at, count);
      if (bias)
        sum += load<Format>(bias + c, count);
      if (residual)
        sum += load(residual + at, count);
      store(y + at, sum, count);
    });
}

#define XLSTM_DEFINE_LINEAR(suffix, Format)                                                                            \
  void xlstm_cpu_linear_##suffix(const float *x, const Format::Stored *w, const Format::Stored *bias,                  \
                                 const float *residual, float *y, int64_t rows, int64_t in, int64_t out) {             \
    linear<Format>(x, w, bias, residual, y, rows, in, out);                                                            \
  }

XLSTM_DEFINE_LINEAR(f32, F32)
XLSTM_DEFINE_LINEAR(bf16, Bf16)
XLSTM_DEFINE_LINEAR(f16, F16)
