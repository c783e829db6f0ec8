//===- TrainLoss.cu - squared distances of alignment -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/Types.cuh"
#include "xlstm/Kernels/Train.h"

#include <algorithm>

namespace xlstm::cuda::train {

namespace {

constexpr int Threads = 256;
constexpr int64_t MaxBlocks = 1024;

int64_t blocksOf(int64_t n) { return std::clamp<int64_t>(ceilDiv(n, 8 * Threads), 1, MaxBlocks); }

/// Over a block of `Threads`; the first thread gets it.
__device__ float2 blockSum(float2 x) {
  __shared__ float2 partial[Threads / 32];
  x = {groupSum(x.x), groupSum(x.y)};
  if (threadIdx.x % 32 == 0)
    partial[threadIdx.x / 32] = x;
  __syncthreads();
  for (int w = 1; threadIdx.x == 0 && w < Threads / 32; ++w)
    x.x += partial[w].x, x.y += partial[w].y;
  return x;
}

template <typename T>
__global__ void squares(const T *x, const T *y, float2 *sums, int64_t n) {
  float2 sum = {0, 0};
  for (int64_t c = (int64_t(blockIdx.x) * Threads + threadIdx.x) * 8; c < n; c += int64_t(gridDim.x) * Threads * 8) {
    float a[8], b[8];
    loadFloats(x + c, a);
    loadFloats(y + c, b);
#pragma unroll
    for (int i = 0; i < 8; ++i)
      sum.x += (a[i] - b[i]) * (a[i] - b[i]), sum.y += b[i] * b[i];
  }
  sum = blockSum(sum);
  if (threadIdx.x == 0)
    sums[blockIdx.x] = sum;
}

__global__ void addUp(const float2 *sums, int count, float *result) {
  float2 sum = {0, 0};
  for (int n = threadIdx.x; n < count; n += Threads)
    sum.x += sums[n].x, sum.y += sums[n].y;
  sum = blockSum(sum);
  if (threadIdx.x == 0)
    result[0] = sum.x, result[1] = sum.y;
}

template <typename T>
__global__ void differences(const T *x, const T *y, const float *g, float factor, T *dx, int64_t n) {
  const float scale = factor * *g;
  for (int64_t c = (int64_t(blockIdx.x) * Threads + threadIdx.x) * 8; c < n; c += int64_t(gridDim.x) * Threads * 8) {
    float a[8], b[8];
    loadFloats(x + c, a);
    loadFloats(y + c, b);
#pragma unroll
    for (int i = 0; i < 8; ++i)
      a[i] = scale * (a[i] - b[i]);
    storeFloats(dx + c, a);
  }
}

} // namespace

} // namespace xlstm::cuda::train

using namespace xlstm::cuda;
using namespace xlstm::cuda::train;

int64_t xlstm_cuda_train_squares_workspace(int64_t n) { return 2 * blocksOf(n); }

int xlstm_cuda_train_squares(xlstm_dtype type, const void *x, const void *y, float *sums, float *workspace, int64_t n,
                             void *stream) {
  if (n < 0 || n % 8 || !isAligned(x, y, workspace))
    return cudaErrorInvalidValue;
  auto on = static_cast<cudaStream_t>(stream);
  auto *parts = reinterpret_cast<float2 *>(workspace);
  const int64_t blocks = blocksOf(n);
  bool isKnown = withType(type, [&](auto zero) {
    using T = decltype(zero);
    squares<<<blocks, Threads, 0, on>>>(static_cast<const T *>(x), static_cast<const T *>(y), parts, n);
    addUp<<<1, Threads, 0, on>>>(parts, int(blocks), sums);
  });
  return isKnown ? cudaGetLastError() : cudaErrorInvalidValue;
}

int xlstm_cuda_train_squares_backward(xlstm_dtype type, const void *x, const void *y, const float *g, float factor,
                                      void *dx, int64_t n, void *stream) {
  if (n < 0 || n % 8 || !isAligned(x, y, dx))
    return cudaErrorInvalidValue;
  bool isKnown = withType(type, [&](auto zero) {
    using T = decltype(zero);
    differences<<<4 * blocksOf(n), Threads, 0, static_cast<cudaStream_t>(stream)>>>(
        static_cast<const T *>(x), static_cast<const T *>(y), g, factor, static_cast<T *>(dx), n);
  });
  return isKnown ? cudaGetLastError() : cudaErrorInvalidValue;
}
