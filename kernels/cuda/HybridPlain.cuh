//===- HybridPlain.cuh - the plain path's kernels, launched ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Float32 arithmetic whatever the tensors' type; chunks of rows::Chunk tokens. Features are kept as float32.

#ifndef XLSTM_KERNELS_CUDA_HYBRIDPLAIN_CUH
#define XLSTM_KERNELS_CUDA_HYBRIDPLAIN_CUH

#include "kernels/cuda/HybridGates.cuh"

namespace xlstm::cuda::plain {

/// Every query head's features, [B,T,H,d].
struct Features {
  float *q, *k;
};

/// What a step of backward leaves for the next.
struct Scratch {
  float *delta;             // [B,H,T]: (1 - o) <dh, window branch>
  float *gamma;             // [B,H,T]: minus the gradient of the denominator
  float *qLogits, *kLogits; // [B,T,H,d]: gradients of the maps' outputs
  float *da;                // [B,H,T]
};

cudaError_t featureMaps(const Problem &p, const Features &features, bool half, cudaStream_t stream);

/// D of every chunk, from k features and v.
cudaError_t chunkStates(const Problem &p, const Gates &gates, const Features &features, const States &states, bool half,
                        cudaStream_t stream);

cudaError_t outputs(const Problem &p, const Gates &gates, const Features &features, const States &states, void *h,
                    const float *i, const xlstm_hybrid_saved &saved, bool half, cudaStream_t stream);

/// Gradients of q and o_gate (null: not wanted); fills scratch.delta, .gamma, .qLogits.
cudaError_t queryGradients(const Problem &p, const Gates &gates, const Features &features, const States &states,
                           const xlstm_hybrid_saved &saved, const void *dh, const Scratch &scratch,
                           const xlstm_hybrid_gradients &out, bool half, cudaStream_t stream);

/// What a chunk's queries give the gradient of the state before it.
cudaError_t chunkStateGradients(const Problem &p, const Gates &gates, const Features &features, const void *dh,
                                const xlstm_hybrid_saved &saved, const Scratch &scratch, const States &gradients,
                                bool half, cudaStream_t stream);

/// Gradients of k, v, rings and sinks; fills scratch.da, .kLogits. `gradients` are those behind each chunk.
cudaError_t keyGradients(const Problem &p, const Gates &gates, const Features &features, const States &gradients,
                         const xlstm_hybrid_saved &saved, const void *dh, const Scratch &scratch,
                         const xlstm_hybrid_gradients &out, bool half, cudaStream_t stream);

/// The rings' and sinks' part of keyGradients, of bf16 tensors; reads scratch.delta only.
cudaError_t stateKeyGradients(const Problem &p, const xlstm_hybrid_saved &saved, const void *dh, const Scratch &scratch,
                              const xlstm_hybrid_gradients &out, cudaStream_t stream);

/// Gradients of the maps from those of their outputs; partial [B,H,ceil(T/MapSegment),d,d].
constexpr int MapSegment = 1024;
cudaError_t mapGradients(const Problem &p, const Scratch &scratch, float *partial, float *dqMap, float *dkMap,
                         bool half, cudaStream_t stream);

} // namespace xlstm::cuda::plain

#endif // XLSTM_KERNELS_CUDA_HYBRIDPLAIN_CUH
