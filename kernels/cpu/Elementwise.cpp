//===- Elementwise.cpp - elementwise ops, copies --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cpu/Simd.h"
#include "xlstm/Kernels/CpuCalls.h"

using namespace xlstm::cpu;

void xlstm_cpu_swiglu(const float *__restrict gate, const float *__restrict up, float *__restrict y, int64_t rows,
                      int64_t n, int64_t gate_stride, int64_t up_stride) {
  for (int64_t r = 0; r < rows; ++r)
    forVecs(n, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
      Vec value = load(gate + r * gate_stride + c, count);
      store(y + r * n + c, value * sigmoid(value) * load(up + r * up_stride + c, count), count);
    });
}

// y may be an input of the two that follow.
void xlstm_cpu_add(const float *a, const float *b, float *y, int64_t n) {
  forVecs(n, [&](int64_t c, int64_t count)
                 XLSTM_ALWAYS_INLINE { store(y + c, load(a + c, count) + load(b + c, count), count); });
}

void xlstm_cpu_scale(const float *x, float *y, int64_t n, float factor) {
  forVecs(n, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE { store(y + c, load(x + c, count) * factor, count); });
}

void xlstm_cpu_copy(const float *__restrict x, float *__restrict y, int64_t rows, int64_t n, int64_t x_stride,
                    int64_t y_stride) {
  for (int64_t r = 0; r < rows; ++r)
    memcpy(y + r * y_stride, x + r * x_stride, n * sizeof(float));
}
