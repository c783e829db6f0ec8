//===- TrainRows.cuh - sums over rows, in the same order every time --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CUDA_TRAINROWS_CUH
#define XLSTM_KERNELS_CUDA_TRAINROWS_CUH

#include "kernels/cuda/Types.cuh"

namespace xlstm::cuda::train {

/// y [n] = the sum of x [rows,n] over rows. A warp has 32 columns; the block's 8 warps share the rows.
static __global__ void sumRows(const float *x, float *y, int64_t rows, int64_t n) {
  __shared__ float partial[8][32];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const int64_t c = int64_t(blockIdx.x) * 32 + lane;
  float sum = 0;
  if (c < n)
#pragma unroll 8
    for (int64_t r = warp; r < rows; r += 8)
      sum += x[r * n + c];
  partial[warp][lane] = sum;
  __syncthreads();
  if (warp || c >= n)
    return;
  for (int w = 1; w < 8; ++w)
    sum += partial[w][lane];
  y[c] = sum;
}

inline cudaError_t launchSumRows(const float *x, float *y, int64_t rows, int64_t n, void *stream) {
  sumRows<<<ceilDiv(n, 32), 256, 0, static_cast<cudaStream_t>(stream)>>>(x, y, rows, n);
  return cudaGetLastError();
}

} // namespace xlstm::cuda::train

#endif // XLSTM_KERNELS_CUDA_TRAINROWS_CUH
