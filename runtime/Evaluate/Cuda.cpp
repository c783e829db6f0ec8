//===- Cuda.cpp - the CUDA kernels of a build that has them ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/CudaKernels.h"

const xlstm::evaluate::CudaKernels *xlstm::evaluate::cudaKernels() {
  static constexpr CudaKernels kernels = {{xlstm_cuda_hybrid_forward_workspace, xlstm_cuda_hybrid_backward_workspace,
                                           xlstm_cuda_hybrid_forward, xlstm_cuda_hybrid_backward},
                                          {xlstm_cuda_sparse_loss_workspace, xlstm_cuda_sparse_loss}};
  return &kernels;
}
