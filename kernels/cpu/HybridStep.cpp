//===- HybridStep.cpp - the hybrid mixer with state, as flat arguments ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Kernels/CpuCalls.h"
#include "xlstm/Kernels/Hybrid.h"

#include <algorithm>
#include <cstddef>
#include <vector>

/// Rows side by side: the mixer reads dense q, k and v.
static std::vector<float> densely(const float *x, int64_t rows, int64_t n, int64_t stride) {
  std::vector<float> result(static_cast<size_t>(rows * n));
  for (int64_t r = 0; r < rows; ++r)
    std::copy_n(x + r * stride, n, result.begin() + r * n);
  return result;
}

void xlstm_cpu_hybrid_step(const float *q, const float *k, const float *v, const float *i_gate, const float *f_gate,
                           const float *o_gate, const float *q_map, const float *k_map, const int64_t *turns,
                           float *S, float *z, float *max, float *ring_k, float *ring_v, float *sink_k, float *sink_v,
                           int32_t *pos, float *h, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t d, int64_t W,
                           int64_t sinks, int64_t q_stride, int64_t k_stride, int64_t v_stride, float scale,
                           float rope_factor, const xlstm_team *team) {
  if (team && team->part != 0) // it has threads of its own
    return;
  std::vector<float> denseQ = densely(q, B * T, H * d, q_stride), denseK = densely(k, B * T, Hkv * d, k_stride),
                     denseV = densely(v, B * T, Hkv * d, v_stride);
  const xlstm_hybrid_shape shape = {B, T, H, Hkv, d, W, sinks, scale, XLSTM_F32, XLSTM_F32, 0};
  const xlstm_hybrid_inputs in = {denseQ.data(), denseK.data(), denseV.data(), i_gate, f_gate,
                                  o_gate,        q_map,         k_map,         nullptr};
  xlstm_hybrid_state state = {S, z, max, ring_k, ring_v, sink_k, sink_v, pos};
  if (T == 1) {
    xlstm_cpu_hybrid_decode(&shape, &in, turns, rope_factor, &state, h);
    return;
  }
  std::vector<std::byte> workspace(xlstm_cpu_hybrid_forward_workspace(&shape));
  xlstm_cpu_hybrid_forward(&shape, &in, &state, h, nullptr, workspace.data());
}
