//===- HybridDecode.h - decode with a cluster size of the caller's choice ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CUDA_HYBRIDDECODE_H
#define XLSTM_KERNELS_CUDA_HYBRIDDECODE_H

#include "xlstm/Kernels/Hybrid.h"

namespace xlstm::cuda {

/// Elements from a token of q, k and v to the next.
struct TokenStrides {
  int64_t q, k, v;
};
inline TokenStrides denseStrides(const xlstm_hybrid_shape &s) { return {s.H * s.d, s.Hkv * s.d, s.Hkv * s.d}; }

/// xlstm_cuda_hybrid_forward with a state, for inference; strides multiples of 8.
int hybridForward(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs &in, const TokenStrides &strides,
                  xlstm_hybrid_state &state, void *h, void *workspace, void *stream);

/// xlstm_cuda_hybrid_decode. `blocks` 0: the fast kernel where it serves the shape, else the general one. 1, 2, 4, 8 or
/// 16: the general one by clusters of so many, where (H / Hkv) d is a multiple of 8 blocks and the card has clusters.
/// Tests and measurements name it.
/// `apart`: see StateRow.cuh; null: states are rows.
int hybridDecode(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs &in, const TokenStrides &strides,
                 const int64_t *turns, float ropeFactor, xlstm_hybrid_state &state, void *h, void *workspace,
                 bool early, void *stream, int blocks, const int64_t *apart = nullptr);

/// Whether the fast kernel takes such a shape on this card: bf16 with a bf16 ring, d 64, 96 or 128, 1, 2 or 4 query
/// heads a key head, Hopper. (A window too long for shared memory is refused at the call.)
bool isDecodeFast(const xlstm_hybrid_shape &shape);

/// The fast kernel by clusters of `blocks`, with G = H / Hkv query heads a key head: G (not 1), 2 G or 4 G (not at d =
/// 96); 0: chosen by the shape. cudaErrorInvalidClusterSize, and nothing enqueued, where it does not fit.
/// v's stride must be a multiple of 8.
int hybridDecodeFast(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs &in, const TokenStrides &strides,
                     const int64_t *turns, float ropeFactor, xlstm_hybrid_state &state, void *h, void *workspace,
                     bool early, void *stream, int blocks, const int64_t *apart = nullptr);

} // namespace xlstm::cuda

#endif // XLSTM_KERNELS_CUDA_HYBRIDDECODE_H
