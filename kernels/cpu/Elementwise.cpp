//===- Elementwise.cpp - swiglu, add and scale --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cpu/Simd.h"
#include "xlstm/Kernels/Cpu.h"

using namespace xlstm::cpu;

void xlstm_cpu_swiglu(const float *__restrict gate, const float *__restrict up, float *__restrict y, int64_t n) {
  forVecs(n, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
    Vec value = load(gate + c, count);
    store(y + c, value * sigmoid(value) * load(up + c, count), count);
  });
}

void xlstm_cpu_add(const float *__restrict a, const float *__restrict b, float *__restrict y, int64_t n) {
  forVecs(n, [&](int64_t c, int64_t count)
                 XLSTM_ALWAYS_INLINE { store(y + c, load(a + c, count) + load(b + c, count), count); });
}

void xlstm_cpu_scale(const float *__restrict x, float factor, float *__restrict y, int64_t n) {
  forVecs(n, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE { store(y + c, load(x + c, count) * factor, count); });
}
