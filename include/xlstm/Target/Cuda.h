//===- Cuda.h - from a module to an object file that drives a GPU ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TARGET_CUDA_H
#define XLSTM_TARGET_CUDA_H

#include "xlstm/Target/Object.h"

#include <string_view>

namespace xlstm {

struct CudaTargetOptions {
  /// Of activations and weights: F32, which gives the CPU's tokens, or BF16.
  DType activations = DType::F32;
  /// Texts that go through the model together.
  int64_t batch = 1;
  /// Tokens of the prefill functions, a prompt taking the largest that fits again and again.
  std::vector<int64_t> prefillTokens = {2048, 256, 32};
  /// The executable makes its weights on the device.
  bool randomWeights = false;
};

/// Builds the prefill functions and decode of @model, lowers them and writes an object file of host code that exports
/// `xlstm_cuda_model` (Runtime/Deploy/CudaModelAbi.h). Throws Error with the located diagnostic.
ModelObject compileForCuda(std::string_view mlir, const std::string &origin, const std::filesystem::path &objectFile,
                           const CudaTargetOptions &options);

} // namespace xlstm

#endif // XLSTM_TARGET_CUDA_H
