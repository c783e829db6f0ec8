//===- FeatureMap.cu - softmax or 1 + elu of a head's map times x -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Few tokens: a block has one token and head, a warp a row of the map at a time. Many: a block has 16 tokens of a head.

#include "kernels/cuda/Launch.cuh"
#include "kernels/cuda/Ptx.cuh"
#include "kernels/cuda/Rows.cuh"
#include "xlstm/Kernels/Cuda.h"

namespace xlstm::cuda {
namespace features {

using namespace rows16;

struct Args {
  const void *x, *w;
  void *y;
  int64_t tokens, stride;
  int Hx, H, d, m;
  bool isElu;

  template <typename T>
  __device__ const T *input(int64_t t, int h) const {
    return static_cast<const T *>(x) + t * stride + int64_t(h) * Hx / H * d;
  }
  template <typename T>
  __device__ const T *row(int h, int n) const {
    return static_cast<const T *>(w) + (int64_t(h) * m + n) * d;
  }
};

/// A warp: logits of one token and head to y.
template <typename T>
__device__ void finish(const Args &a, const float *logits, int64_t t, int h) {
  const int lane = threadIdx.x % 32;
  T *y = static_cast<T *>(a.y) + (t * a.H + h) * a.m;
  if (a.isElu) {
    for (int n = lane; n < a.m; n += 32)
      y[n] = fromFloat<T>(logits[n] > 0 ? 1 + logits[n] : expf(logits[n]));
    return;
  }
  float top = -INFINITY, sum = 0;
  for (int n = lane; n < a.m; n += 32)
    top = fmaxf(top, logits[n]);
  top = groupMax(top);
  for (int n = lane; n < a.m; n += 32)
    sum += expf(logits[n] - top);
  const float scale = 1.0f / groupSum(sum);
  for (int n = lane; n < a.m; n += 32)
    y[n] = fromFloat<T>(expf(logits[n] - top) * scale);
}

/// Block (token, h). Width: neighbouring channels a thread.
template <int Width, typename T>
__global__ void __launch_bounds__(Threads) fewKernel(const __grid_constant__ Args a) {
  extern __shared__ __align__(16) float logits[]; // [m] behind x [d, to the next four]
  float *x = logits, *to = logits + (a.d + 3) / 4 * 4;
  const int h = blockIdx.y, lane = threadIdx.x % 32;
  waitForPrevious();
  letNextStart();
  loadRows<T>(x, 1, a.d, [&](int) { return a.input<T>(blockIdx.x, h); });
  __syncthreads();
#pragma unroll 4
  for (int n = threadIdx.x / 32; n < a.m; n += Threads / 32) {
    float sum = 0;
    for (int c = lane * Width; c < a.d; c += 32 * Width) {
      float own[Width], by[Width];
      loadFloats(a.row<T>(h, n) + c, by);
      loadFloats(x + c, own);
#pragma unroll
      for (int i = 0; i < Width; ++i)
        sum += own[i] * by[i];
    }
    sum = groupSum(sum);
    if (lane == 0)
      to[n] = sum;
  }
  __syncthreads();
  if (threadIdx.x < 32)
    finish<T>(a, to, blockIdx.x, h);
}

/// Block (16 tokens, h).
template <typename T>
__global__ void __launch_bounds__(Threads) manyKernel(const __grid_constant__ Args a) {
  extern __shared__ __align__(16) float memory[];
  float *x = memory, *tile = x + Rows * a.d, *logits = tile + TileFloats; // [16,d], a tile, [16,m]
  const int h = blockIdx.y, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const int64_t first = int64_t(blockIdx.x) * Rows;
  waitForPrevious();
  letNextStart();
  loadRows<T>(x, Rows, a.d, [&](int n) { return a.input<T>(min(first + n, a.tokens - 1), h); });
  for (int n = 0; n < a.m; n += Partners) {
    const float2 score = scores<T>(x, a.d, tile, min(Partners, a.m - n), [&](int i) { return a.row<T>(h, n + i); });
    if (n + lane < a.m)
      logits[warp * a.m + n + lane] = score.x, logits[(warp + 8) * a.m + n + lane] = score.y;
  }
  __syncwarp(); // a warp's rows are its own
  for (int r = warp; r < Rows; r += Threads / 32)
    if (first + r < a.tokens)
      finish<T>(a, logits + r * a.m, first + r, h);
}

template <typename T>
static cudaError_t launch(const Args &a, void *stream) {
  constexpr int64_t Few = 16;
  const bool isFew = a.tokens <= Few;
  const size_t floats = isFew ? (a.d + 3) / 4 * 4 + a.m : Rows * (a.d + a.m) + TileFloats;
  auto kernel = !isFew ? manyKernel<T> : a.d % 4 || !isAligned(a.w) ? fewKernel<1, T> : fewKernel<4, T>;
  return launchShared(kernel, dim3(isFew ? a.tokens : ceilDiv(a.tokens, Rows), a.H), Threads, floats * sizeof(float),
                      stream, a);
}

static int run(xlstm_dtype type, const Args &a, int64_t H, int64_t Hx, int64_t d, int64_t m, void *stream) {
  constexpr int64_t Most = 3500; // channels and features: 16 tokens fit a multiprocessor's shared memory
  if (a.tokens < 0 || a.tokens >= (int64_t(1) << 31) || Hx < 1 || H < 1 || H > 65535 || H % Hx || d < 1 || m < 1 ||
      d + m > Most || a.stride < Hx * d || (type != XLSTM_F32 && type != XLSTM_BF16))
    return cudaErrorInvalidValue;
  if (a.tokens == 0)
    return cudaSuccess;
  return type == XLSTM_F32 ? launch<float>(a, stream) : launch<Bf16>(a, stream);
}

} // namespace features
} // namespace xlstm::cuda

using xlstm::cuda::features::Args;

int xlstm_cuda_feature_map_softmax(xlstm_dtype type, const void *x, const void *w, void *y, int64_t tokens, int64_t Hx,
                                   int64_t H, int64_t d, int64_t m, int64_t x_stride, void *stream) {
  const Args a = {x, w, y, tokens, x_stride, int(Hx), int(H), int(d), int(m), false};
  return xlstm::cuda::features::run(type, a, H, Hx, d, m, stream);
}

int xlstm_cuda_feature_map_elu(xlstm_dtype type, const void *x, const void *w, void *y, int64_t tokens, int64_t Hx,
                               int64_t H, int64_t d, int64_t m, int64_t x_stride, void *stream) {
  const Args a = {x, w, y, tokens, x_stride, int(Hx), int(H), int(d), int(m), true};
  return xlstm::cuda::features::run(type, a, H, Hx, d, m, stream);
}
