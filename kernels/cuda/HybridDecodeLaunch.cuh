//===- HybridDecodeLaunch.cuh - what both decode kernels share ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CUDA_HYBRIDDECODELAUNCH_CUH
#define XLSTM_KERNELS_CUDA_HYBRIDDECODELAUNCH_CUH

#include <cstddef>
#include <cuda_runtime.h>

namespace xlstm::cuda::decode {

/// One head's gates for this token: S becomes keep S + add k~ v^T, m becomes top, the mix takes `output` of the memory.
struct Gates {
  float keep, add, top, output;
};

__device__ inline Gates gatesOf(float i, float f, float o, float m, bool fresh) {
  const float logForget = fminf(f, 0.0f) - log1pf(expf(-fabsf(f)));
  const float old = fresh ? -INFINITY : m + logForget, top = fmaxf(old, i);
  return {expf(old - top), expf(i - top), top, 1.0f / (1.0f + expf(-o))};
}

/// What the current device offers.
struct Device {
  int major = 0, sharedBytes = 0, multiprocessors = 0;
  Device() {
    int device = 0;
    cudaGetDevice(&device);
    cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
    cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
    cudaDeviceGetAttribute(&sharedBytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
  }
  /// Clusters and dependent launches are compiled for Hopper alone; what is newer runs the code for 8.0.
  bool hasClusters() const { return major == 9; }
};

/// Launches `kernel` with `bytes` of dynamic shared memory in clusters of `blocks` along x; `early`: it may begin
/// before the launch in front of it ends. cudaErrorInvalidClusterSize where such clusters do not fit the card.
template <typename Args>
cudaError_t launchClusters(void (*kernel)(Args), const Args &a, dim3 grid, int threads, int blocks, size_t bytes,
                           bool early, cudaStream_t stream) {
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = dim3(threads);
  config.dynamicSmemBytes = bytes;
  config.stream = stream;
  cudaLaunchAttribute attributes[2];
  config.attrs = attributes;
  if (blocks > 1) {
    attributes[config.numAttrs].id = cudaLaunchAttributeClusterDimension;
    attributes[config.numAttrs++].val.clusterDim = {unsigned(blocks), 1, 1};
  }
  if (early) {
    attributes[config.numAttrs].id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attributes[config.numAttrs++].val.programmaticStreamSerializationAllowed = 1;
  }
  if (cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes)))
    return error;
  if (blocks > 8) {
    if (cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1))
      return error;
    int clusters = 0;
    if (cudaOccupancyMaxActiveClusters(&clusters, kernel, &config) || clusters == 0) {
      cudaGetLastError();
      return cudaErrorInvalidClusterSize;
    }
  }
  return cudaLaunchKernelEx(&config, kernel, a);
}

} // namespace xlstm::cuda::decode

#endif // XLSTM_KERNELS_CUDA_HYBRIDDECODELAUNCH_CUH
