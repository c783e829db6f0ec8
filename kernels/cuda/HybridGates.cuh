//===- HybridGates.cuh - gate scans, chunk states and the state's copies --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CUDA_HYBRIDGATES_CUH
#define XLSTM_KERNELS_CUDA_HYBRIDGATES_CUH

#include "kernels/cuda/Hybrid.cuh"

namespace xlstm::cuda {

Gates takeGates(Arena &arena, const Problem &p);
States takeStates(Arena &arena, const Problem &p);

/// Fills `gates`; m0 [B,H] is the running maximum before the piece, null: minus infinity.
cudaError_t scanGates(const Problem &p, const Gates &gates, const float *i, const float *f, const float *m0,
                      cudaStream_t stream);

/// In: D of every chunk. Out: the state before every chunk, from S0, z0 (null: zero) on; the last one goes to S1, z1
/// and its maximum to m1 (null: not wanted).
cudaError_t scanStates(const Problem &p, const Gates &gates, const States &states, const float *S0, const float *z0,
                       float *S1, float *z1, float *m1, cudaStream_t stream);

/// In: the gradient that a chunk's queries give the state before it. Out: the gradient of the state after every chunk;
/// the first state's goes to dS0, dz0. dS1, dz1: the final state's gradient, null: zero.
cudaError_t scanStateGradients(const Problem &p, const Gates &gates, const States &gradients, const float *dS1,
                               const float *dz1, float *dS0, float *dz0, cudaStream_t stream);

/// total[b,h] = <S, dS> + <z, dz>; zero where S is null or m, if given, minus infinity.
cudaError_t stateProduct(const Problem &p, const float *S, const float *z, const float *m, const float *dS,
                         const float *dz, float *total, cudaStream_t stream);

/// Gradients of the gate pre-activations from da [B,H,T]; final [B,H] is the final state's <S, dS> + <z, dz>.
cudaError_t gateGradients(const Problem &p, const float *f, const float *da, const float *final, float *di, float *df,
                          cudaStream_t stream);

/// The state's rings in order of position and in q's type: p.historyK .. p.sinkV point at what this fills.
cudaError_t copyHistory(const Problem &p, const xlstm_hybrid_shape &shape, const xlstm_hybrid_state &state,
                        cudaStream_t stream);

/// Puts the piece's last keys and values in the rings and moves pos on.
cudaError_t updateRings(const Problem &p, const xlstm_hybrid_shape &shape, const xlstm_hybrid_state &state,
                        cudaStream_t stream);

} // namespace xlstm::cuda

#endif // XLSTM_KERNELS_CUDA_HYBRIDGATES_CUH
