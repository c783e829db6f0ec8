//===- CudaKernels.h - the kernels that the evaluator has on CUDA ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVALUATE_CUDAKERNELS_H
#define XLSTM_RUNTIME_EVALUATE_CUDAKERNELS_H

#include "xlstm/Kernels/Hybrid.h"
#include "xlstm/Kernels/SparseLoss.h"

#include <c10/core/Device.h>

namespace xlstm::evaluate {

/// The fused mixer, as xlstm/Kernels/Hybrid.h has it; on the CPU the stream is not read and the result is 0.
struct HybridKernels {
  decltype(&xlstm_cuda_hybrid_forward_workspace) forwardWorkspace, backwardWorkspace;
  decltype(&xlstm_cuda_hybrid_forward) forward;
  decltype(&xlstm_cuda_hybrid_backward) backward;
};

/// The head with both losses, as xlstm/Kernels/SparseLoss.h has it.
struct SparseLossKernels {
  decltype(&xlstm_cuda_sparse_loss_workspace) workspace;
  decltype(&xlstm_cuda_sparse_loss) run;
};

struct CudaKernels {
  HybridKernels hybrid;
  SparseLossKernels sparseLoss;
};

/// Null where the build has no CUDA kernels.
const CudaKernels *cudaKernels();

/// The stream of a CUDA device that is current, for a kernel to run on.
void *currentStream(c10::Device device);

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_CUDAKERNELS_H
