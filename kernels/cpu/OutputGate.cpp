//===- OutputGate.cpp - y = [q k v] . w[h] + b[h] -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cpu/Share.h"
#include "xlstm/Kernels/CpuCalls.h"

using namespace xlstm::cpu;

template <typename Format>
XLSTM_INLINE Vec addDot(Vec partial, const float *x, const typename Format::Stored *w, int64_t n) {
  forVecs(n, [&](int64_t c, int64_t count)
                 XLSTM_ALWAYS_INLINE { partial += load(x + c, count) * load<Format>(w + c, count); });
  return partial;
}

template <typename Format>
XLSTM_INLINE void outputGate(const float *__restrict q, const float *__restrict k, const float *__restrict v,
                             const typename Format::Stored *__restrict w, const typename Format::Stored *__restrict b,
                             float *__restrict y, int64_t tokens, int64_t H, int64_t Hkv, int64_t d, int64_t qStride,
                             int64_t kStride, int64_t vStride, const xlstm_team *team) {
  Area area = areaOf(team, tokens, H, 1);
  for (int64_t t = area.rows.begin; t < area.rows.end; ++t)
    for (int64_t h = area.columns.begin; h < area.columns.end; ++h) {
      int64_t shared = h * Hkv / H * d;
      const typename Format::Stored *weights = w + h * 3 * d;
      Vec partial = addDot<Format>(Vec{}, q + t * qStride + h * d, weights, d);
      partial = addDot<Format>(partial, k + t * kStride + shared, weights + d, d);
      partial = addDot<Format>(partial, v + t * vStride + shared, weights + 2 * d, d);
      y[t * H + h] = sum(partial) + load<Format>(b + h, 1)[0];
    }
}

#define XLSTM_DEFINE_OUTPUT_GATE(suffix, Format)                                                                       \
  void xlstm_cpu_output_gate_##suffix(const float *q, const float *k, const float *v, const Format::Stored *w,         \
                                      const Format::Stored *b, float *y, int64_t tokens, int64_t H, int64_t Hkv,       \
                                      int64_t d, int64_t q_stride, int64_t k_stride, int64_t v_stride,                 \
                                      const xlstm_team *team) {                                                        \
    outputGate<Format>(q, k, v, w, b, y, tokens, H, Hkv, d, q_stride, k_stride, v_stride, team);                       \
  }

XLSTM_DEFINE_OUTPUT_GATE(f32, F32)
XLSTM_DEFINE_OUTPUT_GATE(bf16, Bf16)
XLSTM_DEFINE_OUTPUT_GATE(f16, F16)
