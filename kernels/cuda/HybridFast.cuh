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

/// What gates make of tokens, float32, in the order in which kernels copy it: [B,H,chunks * 128] and, start, [B,chunks
/// * 128]. Behind the row's end a is minus infinity, start INT_MAX and the rest 0.
struct Facts {
  float *a, *frame, *carried; // a_j and M_t times log2 e; e^(mIn - M_t)
  float *weight;              // of a key in the state behind its chunk
  float *gate;                // o's pre-activation
  int *start;                 // of the token's document
};
Facts takeFacts(Arena &arena, const Problem &p);
/// max [B,H,T]: the running maximum itself, from i too; null: not wanted.
cudaError_t fillFacts(const Problem &p, const Gates &gates, const Facts &facts, const float *i, float *max,
                      cudaStream_t stream);
/// Index of token t in such an array.
__host__ __device__ inline int64_t padded(const Problem &p, int64_t head, int t) {
  return head * p.chunks * p.chunk + t;
}

/// Whether this shape runs here: type, width and the current device.
bool isFast(const xlstm_hybrid_shape &shape);

/// The chunks in segments of `each`, and per segment, float32: what its own chunks leave, and the state before it.
struct Segments {
  int count, each;
  float *endS, *startS, *endZ, *startZ; // [B,H,count,d,d], [B,H,count,d]
};
Segments takeSegments(Arena &arena, const Problem &p);

/// The state before every chunk, from S0, z0 (null: zero) on; the last one goes to S1, z1 and its maximum to m1 (null:
/// not wanted). Leaves k's features by query head, [B,T,H,d].
cudaError_t chunkStates(const Problem &p, const Gates &gates, const Facts &facts, Bf16 *kFeatures,
                        const HalfStates &states, const Segments &segments, const float *S0, const float *z0, float *S1,
                        float *z1, float *m1, cudaStream_t stream);

cudaError_t outputs(const Problem &p, const Facts &facts, const Bf16 *kFeatures, const HalfStates &states, void *h,
                    const xlstm_hybrid_saved &saved, cudaStream_t stream);

/// What a step of backward leaves for the next. [B,T,H,d]: features, their logits' gradients, and the memory branch's
/// gradient of v by query head; those by key replace the features a chunk at a time.
struct Scratch {
  float *delta, *da;               // [B,H,T], as plain::Scratch
  float *gamma, *factor;           // as plain::Scratch's; o / denominator. These and the next as Facts
  float *lse, *shut;               // log2 e times the log of the window's sums, 0 of none; 1 - o
  float *scaledShut, *scaledDelta; // times the scores' scale
  Bf16 *qLogits;
  union {
    Bf16 *kFeatures, *kLogits;
  };
  union {
    Bf16 *qFeatures, *values;
  };
  float *sinkK, *sinkV; // [B,H,chunks,S,d]: gradients of sinks by a chunk's queries
  float *sinks;         // [B,H,sinkSlots,2,S,d]: the same of all queries, keys and values
};
/// Documents that may read their sinks, one that began before the piece among them.
__host__ __device__ constexpr int64_t sinkSlots(int64_t T, int64_t W) { return T / (W + 1) + 2; }
/// Whether queries of a chunk may read the sinks of its first query's document, which begins at `start`. No other's:
/// windows are a chunk at least.
__device__ inline bool readsSinks(const Problem &p, int chunk, int start) {
  return p.S > 0 && min((chunk + 1) * p.chunk, p.T) - 1 - p.W >= start;
}

/// Whether backward runs here too: windows of a chunk at least, so that few documents read their sinks, and few of
/// those.
bool isFastBackward(const xlstm_hybrid_shape &shape);

/// The matrix memory by query: fills scratch.gamma, .factor, .qLogits, .qFeatures, the memory's part of doGate (null:
/// not wanted), and `gradients` with what a chunk's queries give the gradient of the state before it.
cudaError_t memoryQueryGradients(const Problem &p, const Facts &facts, const HalfStates &states,
                                 const float *denominator, const void *dh, const Scratch &scratch,
                                 const HalfStates &gradients, float *doGate, cudaStream_t stream);

/// Gradients of q and the rest of o_gate's; fills scratch.delta, .lse to .scaledDelta, .sinkK, .sinkV.
cudaError_t windowQueryGradients(const Problem &p, const xlstm_hybrid_saved &saved, const void *dh,
                                 const Scratch &scratch, const xlstm_hybrid_gradients &out, cudaStream_t stream);

/// As scanStateGradients. products: the parts of <S, dS> + <z, dz> behind each chunk but the last.
cudaError_t scanHalfGradients(const Problem &p, const Gates &gates, const HalfStates &states,
                              const HalfStates &gradients, const float *dS1, const float *dz1, float *dS0, float *dz0,
                              float *products, cudaStream_t stream);
float *takeProducts(Arena &arena, const Problem &p);

/// gateGradients chunk by chunk, whatever its keys' errors add up to, from those products on.
cudaError_t gateGradients(const Problem &p, const float *products, const float *da, const float *f, const float *final,
                          float *di, float *df, cudaStream_t stream);

/// Fills scratch.da, .kLogits, .values: the memory branch by key.
cudaError_t memoryKeyGradients(const Problem &p, const Facts &facts, const HalfStates &gradients, const void *dh,
                               const Scratch &scratch, cudaStream_t stream);

/// Fills scratch.sinks from .sinkK, .sinkV.
cudaError_t sumSinks(const Problem &p, const Scratch &scratch, cudaStream_t stream);

/// Gradients of k and v: window, sinks and what memoryKeyGradients left.
cudaError_t windowKeyGradients(const Problem &p, const Facts &facts, const void *dh, const Scratch &scratch,
                               const xlstm_hybrid_gradients &out, cudaStream_t stream);

/// As plain::mapGradients; partial [B,H,ceil(chunks/MapChunks),d,d].
constexpr int MapChunks = 16;
cudaError_t mapGradients(const Problem &p, const Scratch &scratch, float *partial, float *dqMap, float *dkMap,
                         cudaStream_t stream);

} // namespace xlstm::cuda::fast

#endif // XLSTM_KERNELS_CUDA_HYBRIDFAST_CUH
