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

/// What a step of backward leaves for the next; logits' gradients and values are [B,T,H,d].
struct Scratch {
  float *delta, *gamma, *da;        // [B,H,T], as plain::Scratch
  float *lse, *shut;                // [B,H,T]: log2 e times the log of the window's sums, 0 of none; 1 - o
  Bf16 *qLogits, *kLogits, *values; // values: the memory branch's gradient of v, by query head
  float *sinkK, *sinkV; // [B,H,sinkSlots,SinkSegments,S,d]: gradients of sinks by queries behind their window
};
constexpr int SinkSegments = 16; // of a row's queries
/// Documents that may read their sinks, one that began before the piece among them.
__host__ __device__ constexpr int64_t sinkSlots(int64_t T, int64_t W) { return T / (W + 1) + 2; }

/// Whether backward runs here too: windows of a chunk at least, so that few documents read their sinks, and few of
/// those.
bool isFastBackward(const xlstm_hybrid_shape &shape);

cudaError_t queryGradients(const Problem &p, const Gates &gates, const HalfStates &states,
                           const xlstm_hybrid_saved &saved, const void *dh, const Scratch &scratch,
                           const xlstm_hybrid_gradients &out, cudaStream_t stream);

/// What a chunk's queries give the gradient of the state before it.
cudaError_t chunkStateGradients(const Problem &p, const Gates &gates, const void *dh, const float *denominator,
                                const float *gamma, const HalfStates &gradients, cudaStream_t stream);

/// As scanStateGradients.
cudaError_t scanHalfGradients(const Problem &p, const Gates &gates, const HalfStates &gradients, const float *dS1,
                              const float *dz1, float *dS0, float *dz0, cudaStream_t stream);

/// gateGradients chunk by chunk: behind each chunk the sum is <S, dS> + <z, dz>, whatever its keys' errors add up to.
cudaError_t gateGradients(const Problem &p, const HalfStates &states, const HalfStates &gradients,
                          const Scratch &scratch, const float *f, const float *final, float *di, float *df,
                          cudaStream_t stream);

/// Fills scratch.da, .kLogits, .values: the memory branch by key.
cudaError_t memoryKeyGradients(const Problem &p, const Gates &gates, const HalfStates &gradients,
                               const xlstm_hybrid_saved &saved, const void *dh, const Scratch &scratch,
                               cudaStream_t stream);

/// Fills scratch.sinkK, .sinkV.
cudaError_t sinkGradients(const Problem &p, const xlstm_hybrid_saved &saved, const void *dh, const Scratch &scratch,
                          cudaStream_t stream);

/// Gradients of k and v: window, sinks and what memoryKeyGradients left.
cudaError_t windowKeyGradients(const Problem &p, const xlstm_hybrid_saved &saved, const void *dh,
                               const Scratch &scratch, const xlstm_hybrid_gradients &out, cudaStream_t stream);

/// As plain::mapGradients; partial [B,H,ceil(chunks/MapChunks),d,d].
constexpr int MapChunks = 16;
cudaError_t mapGradients(const Problem &p, const Scratch &scratch, float *partial, float *dqMap, float *dkMap,
                         cudaStream_t stream);

} // namespace xlstm::cuda::fast

#endif // XLSTM_KERNELS_CUDA_HYBRIDFAST_CUH
