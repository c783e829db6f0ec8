//===- HybridKernels.h - the fused mixer's kernels, one set a device -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVALUATE_HYBRIDKERNELS_H
#define XLSTM_RUNTIME_EVALUATE_HYBRIDKERNELS_H

#include "xlstm/Kernels/Hybrid.h"

namespace xlstm::evaluate {

/// As xlstm/Kernels/Hybrid.h has them; on the CPU the stream is not read and the result is 0.
struct HybridKernels {
  decltype(&xlstm_cuda_hybrid_forward_workspace) forwardWorkspace, backwardWorkspace;
  decltype(&xlstm_cuda_hybrid_forward) forward;
  decltype(&xlstm_cuda_hybrid_backward) backward;
};

/// Null where the build has no CUDA kernels.
const HybridKernels *cudaHybridKernels();

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_HYBRIDKERNELS_H
