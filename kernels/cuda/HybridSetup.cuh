//===- HybridSetup.cuh - from the C ABI to the kernels' terms -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CUDA_HYBRIDSETUP_CUH
#define XLSTM_KERNELS_CUDA_HYBRIDSETUP_CUH

#include "kernels/cuda/HybridDecode.h"
#include "kernels/cuda/HybridGates.cuh"

namespace xlstm::cuda {

inline bool isSupported(const xlstm_hybrid_shape &s) {
  bool sizes = s.B >= 0 && s.T >= 0 && s.H > 0 && s.Hkv > 0 && s.H % s.Hkv == 0 && s.W >= 0 && s.S >= 0;
  bool limits = s.d > 0 && s.d % 8 == 0 && s.d <= 256 && s.B < 65536 && s.H < 65536 && s.T < (1 << 30);
  return sizes && limits && s.W < (1 << 30) && s.S < (1 << 30) && (s.type == XLSTM_F32 || s.type == XLSTM_BF16);
}

inline Problem problemOf(const xlstm_hybrid_shape &s, const xlstm_hybrid_inputs *in, const TokenStrides &strides,
                         int chunk) {
  Problem p{};
  p.B = static_cast<int>(s.B), p.T = static_cast<int>(s.T), p.H = static_cast<int>(s.H),
  p.Hkv = static_cast<int>(s.Hkv);
  p.d = static_cast<int>(s.d), p.W = static_cast<int>(s.W), p.S = static_cast<int>(s.S), p.group = p.H / p.Hkv;
  p.chunk = chunk, p.chunks = static_cast<int>(ceilDiv(p.T, chunk)), p.scale = s.scale;
  if (in) {
    p.q = {in->q, strides.q}, p.k = {in->k, strides.k}, p.v = {in->v, strides.v};
    p.qMap = in->q_map, p.kMap = in->k_map;
    p.o = in->o_gate, p.docStart = in->doc_start;
  }
  return p;
}

/// Room for the state's keys in order; with a state, p's pointers are set (filled by copyHistory).
inline void takeHistory(Arena &arena, Problem &p, const xlstm_hybrid_shape &s, const xlstm_hybrid_state *state) {
  int64_t size = elementSize(s.type) * s.B * s.Hkv * s.d;
  void *pieces[4] = {arena.take<char>(size * s.W), arena.take<char>(size * s.W), arena.take<char>(size * s.S),
                     arena.take<char>(size * s.S)};
  if (!state)
    return;
  p.pos = state->pos;
  p.historyK = pieces[0], p.historyV = pieces[1], p.sinkK = pieces[2], p.sinkV = pieces[3];
}

/// Forward; unless moveState the state is only read, as backward does where nothing was saved.
cudaError_t runForward(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs &in, const TokenStrides &strides,
                       const xlstm_hybrid_state *state, void *h, const xlstm_hybrid_saved *saved, void *workspace,
                       bool moveState, cudaStream_t stream);

} // namespace xlstm::cuda

#endif // XLSTM_KERNELS_CUDA_HYBRIDSETUP_CUH
