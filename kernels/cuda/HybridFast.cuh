//===- HybridFast.cuh - the fast path's kernels, launched -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bf16 tensors of width up to 128 on a Hopper card, in chunks of tiles::Rows tokens. States between chunks are bf16, as
// the matrix units want them; their sums are float32.

#ifndef XLSTM_KERNELS_CUDA_HYBRIDFAST_CUH
#define XLSTM_KERNELS_CUDA_HYBRIDFAST_CUH

#include "kernels/cuda/HybridGates.cuh"

namespace xlstm::cuda::fast {

/// Chunk-wise states: [B,H,chunks,d,d] and [B,H,chunks,d].
struct HalfStates {
  Bf16 *S;
  float *z;
};
HalfStates takeHalfStates(Arena &arena, const Problem &p);

/// Whether this shape runs here: type, width and the current device.
bool isFast(const xlstm_hybrid_shape &shape);

/// D of every chunk, as plain::chunkStates but from k itself.
cudaError_t chunkStates(const Problem &p, const Gates &gates, const HalfStates &states, cudaStream_t stream);

/// As scanStates.
cudaError_t scanHalfStates(const Problem &p, const Gates &gates, const HalfStates &states, const float *S0,
                           const float *z0, float *S1, float *z1, float *m1, cudaStream_t stream);

cudaError_t outputs(const Problem &p, const Gates &gates, const HalfStates &states, void *h, const float *i,
                    const xlstm_hybrid_saved &saved, cudaStream_t stream);

} // namespace xlstm::cuda::fast

#endif // XLSTM_KERNELS_CUDA_HYBRIDFAST_CUH
