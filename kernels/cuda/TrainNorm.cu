//===- TrainNorm.cu - RMS norm with what its backward needs, and that ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `Width` threads have a row, 8 neighbouring elements a thread and part, in registers between their two uses. In the
// backward a thread keeps its columns from row to row, and with them its sums for the weights' gradient.

#include "kernels/cuda/TrainRows.cuh"
#include "xlstm/Kernels/Train.h"

#include <algorithm>

namespace xlstm::cuda::train {

namespace {

constexpr int64_t MaxBlocks = 264, MaxWidth = 16384;

/// The threads of a block: rows beside each other, `Width` threads each.
template <int Width, int Parts>
struct Layout {
  static constexpr int Threads = Width < 256 ? 256 : Width, RowsABlock = Threads / Width;
  int lane = threadIdx.x % Width, place = threadIdx.x / Width;

  template <typename F>
  __device__ void forParts(int64_t n, F body) const {
#pragma unroll
    for (int p = 0; p < Parts; ++p)
      if (int64_t c = (int64_t(p) * Width + lane) * 8; c < n)
        body(p, c);
  }

  /// Over the threads of a row; each of them gets it. All threads of the block call it.
  __device__ static float rowSum(float x) {
    x = groupSum(x);
    if constexpr (Width > 32) {
      __shared__ float partial[32];
      __syncthreads(); // the last sum has been read
      if (threadIdx.x % 32 == 0)
        partial[threadIdx.x / 32] = x;
      __syncthreads();
      x = groupSum(threadIdx.x % 32 < Threads / 32 ? partial[threadIdx.x % 32] : 0.0f);
    }
    return x;
  }
};

template <int Width, int Parts, typename T>
__global__ void __launch_bounds__(Layout<Width, Parts>::Threads)
    forward(const T *x, const T *w, T *y, float *scales, int64_t rows, int64_t n, float eps) {
  const Layout<Width, Parts> at;
  const int64_t row = int64_t(blockIdx.x) * at.RowsABlock + at.place;
  const bool exists = row < rows;
  float values[Parts][8] = {}, squares = 0;
  if (exists)
    at.forParts(n, [&](int p, int64_t c) {
      loadFloats(x + row * n + c, values[p]);
#pragma unroll
      for (int i = 0; i < 8; ++i)
        squares += values[p][i] * values[p][i];
    });
  const float scale = 1.0f / sqrtf(at.rowSum(squares) / float(n) + eps);
  if (!exists)
    return;
  if (at.lane == 0)
    scales[row] = scale;
  at.forParts(n, [&](int p, int64_t c) {
    float weights[8];
    loadFloats(w + c, weights);
#pragma unroll
    for (int i = 0; i < 8; ++i)
      values[p][i] = values[p][i] * scale * weights[i];
    storeFloats(y + row * n + c, values[p]);
  });
}

/// dw: a row of `n` sums a block.
template <int Width, int Parts, typename T>
__global__ void __launch_bounds__(Layout<Width, Parts>::Threads)
    backward(const T *x, const T *w, const float *scales, const T *dy, T *dx, float *dw, int64_t rows, int64_t n) {
  const Layout<Width, Parts> at;
  const int64_t places = int64_t(gridDim.x) * at.RowsABlock, first = int64_t(blockIdx.x) * at.RowsABlock + at.place;
  float sums[Parts][8] = {};
  for (int64_t row = first; row - at.place < rows; row += places) { // the same number of turns for all of a block
    const bool exists = row < rows;
    const float scale = exists ? scales[row] : 0;
    float values[Parts][8] = {}, gradients[Parts][8] = {}, along = 0;
    if (exists)
      at.forParts(n, [&](int p, int64_t c) {
        float weights[8];
        loadFloats(w + c, weights);
        loadFloats(x + row * n + c, values[p]);
        loadFloats(dy + row * n + c, gradients[p]);
#pragma unroll
        for (int i = 0; i < 8; ++i) {
          sums[p][i] += gradients[p][i] * values[p][i] * scale;
          gradients[p][i] *= weights[i];
          along += gradients[p][i] * values[p][i];
        }
      });
    along = at.rowSum(along) * scale * scale * scale / float(n);
    if (exists)
      at.forParts(n, [&](int p, int64_t c) {
#pragma unroll
        for (int i = 0; i < 8; ++i)
          gradients[p][i] = gradients[p][i] * scale - values[p][i] * along;
        storeFloats(dx + row * n + c, gradients[p]);
      });
  }
  if (!dw)
    return;
  dw += blockIdx.x * n;
  if constexpr (at.RowsABlock == 1) {
    at.forParts(n, [&](int p, int64_t c) { storeFloats(dw + c, sums[p]); });
  } else { // those of a block's rows are added up here
    __shared__ float all[Layout<Width, Parts>::RowsABlock][Width * Parts * 8];
    at.forParts(n, [&](int p, int64_t c) {
#pragma unroll
      for (int i = 0; i < 8; ++i)
        all[at.place][c + i] = sums[p][i];
    });
    __syncthreads();
    for (int c = threadIdx.x; c < n; c += Layout<Width, Parts>::Threads) {
      float sum = 0;
#pragma unroll
      for (int place = 0; place < Layout<Width, Parts>::RowsABlock; ++place)
        sum += all[place][c];
      dw[c] = sum;
    }
  }
}

/// Calls body(Layout) with the one for rows of n elements; false where there is none.
template <typename F>
bool withLayout(int64_t n, F body) {
  if (n < 8 || n % 8 || n > MaxWidth)
    return false;
  if (n <= 256)
    body(Layout<32, 1>());
  else if (n <= 512)
    body(Layout<32, 2>());
  else if (n <= 1024)
    body(Layout<32, 4>());
  else if (n <= 2048)
    body(Layout<256, 1>());
  else if (n <= 4096)
    body(Layout<256, 2>());
  else if (n <= 8192)
    body(Layout<512, 2>());
  else
    body(Layout<512, 4>());
  return true;
}

int64_t backwardBlocks(int64_t rows, int64_t n) {
  int64_t blocks = 0;
  withLayout(n, [&](auto layout) {
    blocks = std::clamp<int64_t>(ceilDiv(rows, layout.RowsABlock), 1, (layout.RowsABlock == 1 ? 2 : 1) * MaxBlocks);
  });
  return blocks;
}

template <int Width, int Parts, typename T>
auto forwardOf(Layout<Width, Parts>, T) {
  return forward<Width, Parts, T>;
}
template <int Width, int Parts, typename T>
auto backwardOf(Layout<Width, Parts>, T) {
  return backward<Width, Parts, T>;
}

} // namespace

} // namespace xlstm::cuda::train

using namespace xlstm::cuda;
using namespace xlstm::cuda::train;

int xlstm_cuda_train_norm(xlstm_dtype type, const void *x, const void *w, void *y, float *scale, int64_t rows,
                          int64_t n, float eps, void *stream) {
  bool isTaken =
      rows >= 0 && isAligned(x, w, y) &&
      (rows == 0 || withLayout(n, [&](auto layout) {
         withType(type, [&](auto zero) {
           using T = decltype(zero);
           forwardOf(layout,
                     zero)<<<ceilDiv(rows, layout.RowsABlock), layout.Threads, 0, static_cast<cudaStream_t>(stream)>>>(
               static_cast<const T *>(x), static_cast<const T *>(w), static_cast<T *>(y), scale, rows, n, eps);
         });
       }));
  return isTaken ? cudaGetLastError() : cudaErrorInvalidValue;
}

int64_t xlstm_cuda_train_norm_workspace(int64_t rows, int64_t n) { return backwardBlocks(rows, n) * n; }

int xlstm_cuda_train_norm_backward(xlstm_dtype type, const void *x, const void *w, const float *scale, const void *dy,
                                   void *dx, float *dw, float *workspace, int64_t rows, int64_t n, void *stream) {
  const int64_t blocks = backwardBlocks(rows, n);
  bool isTaken = rows >= 0 && isAligned(x, w, dy, dx, workspace) && withLayout(n, [&](auto layout) {
                   withType(type, [&](auto zero) {
                     using T = decltype(zero);
                     backwardOf(layout, zero)<<<blocks, layout.Threads, 0, static_cast<cudaStream_t>(stream)>>>(
                         static_cast<const T *>(x), static_cast<const T *>(w), scale, static_cast<const T *>(dy),
                         static_cast<T *>(dx), dw ? workspace : nullptr, rows, n);
                   });
                 });
  if (!isTaken)
    return cudaErrorInvalidValue;
  if (cudaError_t error = cudaGetLastError(); error || !dw)
    return error;
  return launchSumRows(workspace, dw, blocks, n, stream);
}
