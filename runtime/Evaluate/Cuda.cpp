//===- Cuda.cpp - the CUDA kernels of a build that has them ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/HybridKernels.h"

const xlstm::evaluate::HybridKernels *xlstm::evaluate::cudaHybridKernels() {
  static constexpr HybridKernels kernels = {xlstm_cuda_hybrid_forward_workspace, xlstm_cuda_hybrid_backward_workspace,
                                            xlstm_cuda_hybrid_forward, xlstm_cuda_hybrid_backward};
  return &kernels;
}
