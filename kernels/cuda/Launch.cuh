//===- Launch.cuh - launches that may begin before the one in front ends ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CUDA_LAUNCH_CUH
#define XLSTM_KERNELS_CUDA_LAUNCH_CUH

#include <cuda_runtime.h>

namespace xlstm::cuda {

/// Launches a kernel that calls waitForPrevious() before it reads what others write and before it writes anything, and
/// letNextStart() only after that: whoever starts early then runs beside its predecessor alone. (Products beside one
/// another are the exception, LinearFew.cu.)
template <typename... Parameters, typename... Arguments>
cudaError_t launchEarly(void (*kernel)(Parameters...), dim3 grid, int threads, size_t shared, void *stream,
                        Arguments... arguments) {
  int device = 0, major = 0;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
  cudaLaunchAttribute attribute = {};
  attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attribute.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = dim3(threads);
  config.dynamicSmemBytes = shared;
  config.stream = static_cast<cudaStream_t>(stream);
  config.attrs = &attribute;
  config.numAttrs = major >= 9;
  return cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
}

/// The same with more shared memory than 48 KB where it takes that.
template <typename... Parameters, typename... Arguments>
cudaError_t launchShared(void (*kernel)(Parameters...), dim3 grid, int threads, size_t shared, void *stream,
                         Arguments... arguments) {
  if (shared > 48 * 1024)
    if (cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(shared)))
      return error;
  return launchEarly(kernel, grid, threads, shared, stream, arguments...);
}

} // namespace xlstm::cuda

#endif // XLSTM_KERNELS_CUDA_LAUNCH_CUH
