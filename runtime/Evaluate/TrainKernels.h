//===- TrainKernels.h - CUDA kernels of a training step's small ops --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVALUATE_TRAINKERNELS_H
#define XLSTM_RUNTIME_EVALUATE_TRAINKERNELS_H

#include "xlstm/Kernels/Cuda.h"
#include "xlstm/Kernels/Train.h"

namespace xlstm::evaluate {

/// As xlstm/Kernels/Train.h and Cuda.h have them.
struct TrainKernels {
  decltype(&xlstm_cuda_train_norm) norm;
  decltype(&xlstm_cuda_train_norm_backward) normBackward;
  decltype(&xlstm_cuda_train_norm_workspace) normWorkspace;
  decltype(&xlstm_cuda_train_rotate) rotate;
  decltype(&xlstm_cuda_swiglu) swiglu;
  decltype(&xlstm_cuda_train_swiglu_backward) swigluBackward;
  decltype(&xlstm_cuda_output_gate) outputGate;
  decltype(&xlstm_cuda_train_output_gate_backward) outputGateBackward;
  decltype(&xlstm_cuda_train_output_gate_workspace) outputGateWorkspace;
  decltype(&xlstm_cuda_train_split) split;
  decltype(&xlstm_cuda_train_squares) squares;
  decltype(&xlstm_cuda_train_squares_workspace) squaresWorkspace;
  decltype(&xlstm_cuda_train_squares_backward) squaresBackward;
};

/// Null where the build has no CUDA kernels.
const TrainKernels *cudaTrainKernels();

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_TRAINKERNELS_H
