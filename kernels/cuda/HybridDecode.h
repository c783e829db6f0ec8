//===- HybridDecode.h - decode with a cluster size of the caller's choice ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CUDA_HYBRIDDECODE_H
#define XLSTM_KERNELS_CUDA_HYBRIDDECODE_H

#include "xlstm/Kernels/Hybrid.h"

namespace xlstm::cuda {

/// xlstm_cuda_hybrid_decode by clusters of `blocks`: 1, 2, 4, 8 or 16, where (H / Hkv) d is a multiple of 8 blocks and
/// the card has clusters; 0: chosen by the shape. Tests and measurements name it.
int hybridDecode(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs &in, const float *frequencies,
                 float ropeFactor, xlstm_hybrid_state &state, void *h, void *workspace, bool early, void *stream,
                 int blocks);

} // namespace xlstm::cuda

#endif // XLSTM_KERNELS_CUDA_HYBRIDDECODE_H
