//===- RmsNorm.cpp - y = x / sqrt(mean(x^2) + eps) * w -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cpu/Share.h"
#include "xlstm/Kernels/CpuCalls.h"

using namespace xlstm::cpu;

template <typename Format>
XLSTM_INLINE void rmsNorm(const float *__restrict x, const typename Format::Stored *__restrict w, float *__restrict y,
                          int64_t groups, int64_t group, int64_t n, int64_t xStride, float eps,
                          const xlstm_team *team) {
  Share share = shareOf(team, groups * group);
  for (int64_t r = share.begin; r < share.end; ++r) {
    const float *in = x + r / group * xStride + r % group * n;
    float *out = y + r * n;
    Vec squares = {};
    forVecs(n, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
      Vec value = load(in + c, count);
      squares += value * value;
    });
    float scale = float(1.0 / sqrt(double(sum(squares)) / double(n) + double(eps)));
    forVecs(n, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
      store(out + c, load(in + c, count) * scale * load<Format>(w + c, count), count);
    });
  }
}

#define XLSTM_DEFINE_RMS_NORM(suffix, Format)                                                                          \
  void xlstm_cpu_rms_norm_##suffix(const float *x, const Format::Stored *w, float *y, int64_t groups, int64_t group,   \
                                   int64_t n, int64_t x_stride, float eps, const xlstm_team *team) {                   \
    rmsNorm<Format>(x, w, y, groups, group, n, x_stride, eps, team);                                                   \
  }

XLSTM_DEFINE_RMS_NORM(f32, F32)
XLSTM_DEFINE_RMS_NORM(bf16, Bf16)
XLSTM_DEFINE_RMS_NORM(f16, F16)
