//===- Cuda.cpp - the CUDA kernels of a build that has them ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/HybridKernels.h"
#include "runtime/Evaluate/LossKernels.h"
#include "runtime/Evaluate/TrainKernels.h"

namespace xlstm::evaluate {

const HybridKernels *cudaHybridKernels() {
  static constexpr HybridKernels kernels = {xlstm_cuda_hybrid_forward_workspace, xlstm_cuda_hybrid_backward_workspace,
                                            xlstm_cuda_hybrid_forward, xlstm_cuda_hybrid_backward};
  return &kernels;
}

const LossKernels *cudaLossKernels() {
  static constexpr LossKernels kernels = {xlstm_cuda_sparse_loss_workspace, xlstm_cuda_sparse_loss};
  return &kernels;
}

const TrainKernels *cudaTrainKernels() {
  static constexpr TrainKernels kernels = {xlstm_cuda_train_norm,
                                           xlstm_cuda_train_norm_backward,
                                           xlstm_cuda_train_norm_workspace,
                                           xlstm_cuda_train_rotate,
                                           xlstm_cuda_swiglu,
                                           xlstm_cuda_train_swiglu_backward,
                                           xlstm_cuda_output_gate,
                                           xlstm_cuda_train_output_gate_backward,
                                           xlstm_cuda_train_output_gate_workspace,
                                           xlstm_cuda_train_split,
                                           xlstm_cuda_train_squares,
                                           xlstm_cuda_train_squares_workspace,
                                           xlstm_cuda_train_squares_backward};
  return &kernels;
}

} // namespace xlstm::evaluate
