//===- FeatureMap.cpp - per-head feature maps, softmax and elu ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cpu/Products.h"
#include "kernels/cpu/Share.h"
#include "xlstm/Kernels/CpuCalls.h"

using namespace xlstm::cpu;

/// Softmax of y [n] in place.
XLSTM_INLINE void softmax(float *y, int64_t n) {
  float top = -Infinity;
  for (int64_t c = 0; c < n; ++c)
    top = maximum(top, y[c]);
  float total = 0;
  forVecs(n, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
    store(y + c, exponential(load(y + c, count) - top), count);
    total += sum(load(y + c, count)); // the lanes that were not stored count as zero
  });
  float scale = 1.0f / total;
  forVecs(n, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE { store(y + c, load(y + c, count) * scale, count); });
}

/// 1 + elu(y) in place.
XLSTM_INLINE void shiftedElu(float *y, int64_t n) {
  forVecs(n, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
    Vec value = load(y + c, count);
    store(y + c, value > 0.0f ? 1.0f + value : exponential(value), count);
  });
}

template <typename Format, typename Activation>
XLSTM_INLINE void featureMap(const float *__restrict x, const typename Format::Stored *__restrict w,
                             float *__restrict y, int64_t tokens, int64_t Hx, int64_t H, int64_t d, int64_t m,
                             int64_t xStride, Activation activation,
                             const xlstm_team *team) {
  Area area = areaOf(team, tokens, H, 1);
  int64_t first = area.rows.begin, count = area.rows.size();
  for (int64_t h = area.columns.begin; h < area.columns.end; ++h) {
    MutableRows out = {y + (first * H + h) * m, H * m};
    dotRows<Format>({x + first * xStride + h * Hx / H * d, xStride}, {w + h * m * d, d}, count, d, m, out);
    for (int64_t t = 0; t < count; ++t)
      activation(out[t], m);
  }
}

#define XLSTM_DEFINE_FEATURE_MAP(name, suffix, Format, activation)                                                     \
  void xlstm_cpu_feature_map_##name##_##suffix(const float *x, const Format::Stored *w, float *y, int64_t tokens,      \
                                               int64_t Hx, int64_t H, int64_t d, int64_t m, int64_t x_stride,          \
                                                 const xlstm_team *team) {                                             \
    auto apply = [](float *row, int64_t n) XLSTM_ALWAYS_INLINE { activation(row, n); };                                \
    featureMap<Format>(x, w, y, tokens, Hx, H, d, m, x_stride, apply, team);                                           \
  }

XLSTM_DEFINE_FEATURE_MAP(softmax, f32, F32, softmax)
XLSTM_DEFINE_FEATURE_MAP(softmax, bf16, Bf16, softmax)
XLSTM_DEFINE_FEATURE_MAP(softmax, f16, F16, softmax)
XLSTM_DEFINE_FEATURE_MAP(elu, f32, F32, shiftedElu)
XLSTM_DEFINE_FEATURE_MAP(elu, bf16, Bf16, shiftedElu)
XLSTM_DEFINE_FEATURE_MAP(elu, f16, F16, shiftedElu)
