//===- HybridStep.cpp - the mixer with state, as a compiled model calls it ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/HybridDecode.h"
#include "xlstm/Kernels/Cuda.h"

#include <cuda_runtime_api.h>

static xlstm_hybrid_shape shapeOf(xlstm_dtype type, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t d, int64_t W,
                                  int64_t sinks, float scale) {
  return {B, T, H, Hkv, d, W, sinks, scale, type, type, 0};
}

int xlstm_cuda_hybrid_step_apart(xlstm_dtype type, const void *q, const void *k, const void *v, const float *i_gate,
                                 const float *f_gate, const float *o_gate, const void *q_map, const void *k_map,
                                 const int64_t *turns, float *S, float *z, float *m, void *ring_k, void *ring_v,
                                 void *sink_k, void *sink_v, int32_t *pos, void *h, int64_t B, int64_t T, int64_t H,
                                 int64_t Hkv, int64_t d, int64_t W, int64_t sinks, int64_t q_stride, int64_t k_stride,
                                 int64_t v_stride, float scale, float rope_factor, const int64_t *apart,
                                 void *workspace, void *zeroed, void *stream) {
  if (T != 1 && (turns || apart))
    return cudaErrorInvalidValue;
  const xlstm_hybrid_shape shape = shapeOf(type, B, T, H, Hkv, d, W, sinks, scale);
  const xlstm_hybrid_inputs in = {q, k, v, i_gate, f_gate, o_gate, q_map, k_map, nullptr};
  const xlstm::cuda::TokenStrides strides = {q_stride, k_stride, v_stride};
  xlstm_hybrid_state state = {S, z, m, ring_k, ring_v, sink_k, sink_v, pos};
  if (T == 1) // what is in front of it in a model are products: they write no state
    return xlstm::cuda::hybridDecode(shape, in, strides, turns, rope_factor, state, h, zeroed, /*early=*/true,
                                     stream, 0, apart);
  return xlstm::cuda::hybridForward(shape, in, strides, state, h, workspace, stream);
}

int xlstm_cuda_hybrid_step(xlstm_dtype type, const void *q, const void *k, const void *v, const float *i_gate,
                           const float *f_gate, const float *o_gate, const void *q_map, const void *k_map,
                           const int64_t *turns, float *S, float *z, float *m, void *ring_k, void *ring_v,
                           void *sink_k, void *sink_v, int32_t *pos, void *h, int64_t B, int64_t T, int64_t H,
                           int64_t Hkv, int64_t d, int64_t W, int64_t sinks, int64_t q_stride, int64_t k_stride,
                           int64_t v_stride, float scale, float rope_factor, void *workspace, void *zeroed,
                           void *stream) {
  return xlstm_cuda_hybrid_step_apart(type, q, k, v, i_gate, f_gate, o_gate, q_map, k_map, turns, S, z, m, ring_k, ring_v,
                                      sink_k, sink_v, pos, h, B, T, H, Hkv, d, W, sinks, q_stride, k_stride, v_stride,
                                      scale, rope_factor, nullptr, workspace, zeroed, stream);
}

size_t xlstm_cuda_hybrid_step_workspace(xlstm_dtype type, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t d,
                                        int64_t W, int64_t sinks) {
  const xlstm_hybrid_shape shape = shapeOf(type, B, T, H, Hkv, d, W, sinks, 1);
  return T == 1 ? 0 : xlstm_cuda_hybrid_forward_workspace(&shape);
}

size_t xlstm_cuda_hybrid_step_zeroed(xlstm_dtype type, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t d,
                                     int64_t W, int64_t sinks) {
  const xlstm_hybrid_shape shape = shapeOf(type, B, T, H, Hkv, d, W, sinks, 1);
  return T == 1 ? xlstm_cuda_hybrid_decode_workspace(&shape) : 0;
}
