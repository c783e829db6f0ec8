//===- Rows.cuh - products of a few rows in plain float32, any width -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What float32 and odd widths go through: 16 rows in shared memory against 32 partners that pass through a tile by 64
// channels. For blocks of 256 threads.

#ifndef XLSTM_KERNELS_CUDA_ROWS_CUH
#define XLSTM_KERNELS_CUDA_ROWS_CUH

#include "kernels/cuda/Types.cuh"

namespace xlstm::cuda::rows16 {

constexpr int Threads = 256, Rows = 16, Partners = 32, Channels = 64;
constexpr int TilePitch = Channels + 1, ScorePitch = Partners + 1;
constexpr int TileFloats = Partners * TilePitch, ScoreFloats = Rows * ScorePitch;

/// `count` rows of `width` elements into shared memory as float32; row(n) is where row n begins.
template <typename T, typename Row>
__device__ void loadRows(float *to, int count, int width, Row row) {
  for (int n = threadIdx.x / 32; n < count; n += Threads / 32) {
    const T *from = row(n);
    for (int c = threadIdx.x % 32; c < width; c += 32)
      to[n * width + c] = toFloat(from[c]);
  }
}

/// Channels [from, from + 64) of 32 partners; zeros where there is none.
template <typename T, typename Row>
__device__ void loadTile(float *tile, int count, int from, int width, Row row) {
  for (int n = threadIdx.x / 32; n < Partners; n += Threads / 32) {
    const T *x = n < count ? row(n) : nullptr;
#pragma unroll
    for (int c = threadIdx.x % 32; c < Channels; c += 32)
      tile[n * TilePitch + c] = x && from + c < width ? toFloat(x[from + c]) : 0.0f;
  }
}

/// score(r) for the thread's rows warp and warp + 8 and its partner lane: row . partner.
template <typename T, typename Row>
__device__ float2 scores(const float *rows, int width, float *tile, int count, Row row) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  float2 sum = {0, 0};
  for (int from = 0; from < width; from += Channels) {
    __syncthreads();
    loadTile<T>(tile, count, from, width, row);
    __syncthreads();
    const int wide = min(Channels, width - from);
    const float *upper = rows + warp * width + from, *lower = upper + 8 * width, *partner = tile + lane * TilePitch;
    for (int c = 0; c < wide; ++c)
      sum.x += upper[c] * partner[c], sum.y += lower[c] * partner[c];
  }
  return sum;
}

/// out [16,width] = shrink out + weights [16,32] partners.
template <typename T, typename Row>
__device__ void addPartners(float *out, const float *shrink, const float *weights, int width, float *tile, int count,
                            Row row) {
  for (int from = 0; from < width; from += Channels) {
    __syncthreads();
    loadTile<T>(tile, count, from, width, row);
    __syncthreads();
    const int c = threadIdx.x % Channels;
    if (from + c < width)
      for (int r = threadIdx.x / Channels; r < Rows; r += Threads / Channels) {
        float sum = shrink[r] * out[r * width + from + c];
#pragma unroll 8
        for (int n = 0; n < Partners; ++n)
          sum += weights[r * ScorePitch + n] * tile[n * TilePitch + c];
        out[r * width + from + c] = sum;
      }
  }
}

} // namespace xlstm::cuda::rows16

#endif // XLSTM_KERNELS_CUDA_ROWS_CUH
