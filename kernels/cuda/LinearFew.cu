//===- LinearFew.cu - products of a few rows: w is read once --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bf16: a warp multiplies 8 outputs a tile on the matrix units, x being the other operand (16 rows, unused ones zero).
// The order of a product's terms is free, so a thread's 16 bytes of a row of w are used as they come. float32: dot
// products. Warps of a block share its outputs and divide `in`. The first part of w is loaded before what is in front
// ends.

#include "kernels/cuda/Launch.cuh"
#include "kernels/cuda/Linear.h"
#include "kernels/cuda/Ptx.cuh"
#include "kernels/cuda/Types.cuh"

namespace xlstm::cuda {

/// y [row, o] = sum + bias + residual.
template <typename W, typename Y>
__device__ inline void finish(float sum, const W *bias, const Y *residual, Y *y, int row, int64_t o, int64_t out) {
  if (bias)
    sum += toFloat(bias[o]);
  const int64_t at = row * out + o;
  if (residual)
    sum += toFloat(residual[at]);
  y[at] = fromFloat<Y>(sum);
}

/// Steps of 32 terms: lane (g, t) has the 8 terms from 8 t on of output g and of rows g and g + 8.
template <int Tiles, int Warps, int Unroll, bool Wide, typename Y>
__global__ void __launch_bounds__(Warps * 32)
    fewHalves(const Bf16 *x, const Bf16 *w, const Bf16 *bias, const Y *residual, Y *y, int rows, int64_t in,
              int64_t out, bool beside) {
  constexpr int Rows = Wide ? 16 : 8, Outs = 8 * Tiles;
  __shared__ float partial[Warps][Rows][Outs];
  const int warp = threadIdx.x / 32, g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
  const int64_t first = int64_t(blockIdx.x) * Outs;
  const Bf16 *const from = w + (first + g) * in + t * 8;
  auto loadW = [&](uint4(&to)[Unroll][Tiles], int64_t k) {
#pragma unroll
    for (int u = 0; u < Unroll; ++u)
#pragma unroll
      for (int n = 0; n < Tiles; ++n) {
        const int64_t at = k + u * Warps * 32;
        const bool is = at + t * 8 < in && first + n * 8 + g < out;
        to[u][n] = is ? loadEarly(from + n * 8 * in + at) : uint4{};
      }
  };
  auto loadX = [&](int row, int64_t k) {
    return row < rows && k < in ? *reinterpret_cast<const uint4 *>(x + row * in + k) : uint4{};
  };
  uint4 now[Unroll][Tiles], next[Unroll][Tiles];
  float sums[Tiles][4] = {};
  loadW(now, warp * 32);
  if (!beside)
    waitForPrevious();
  letNextStart();
  for (int64_t k = warp * 32; k < in; k += Unroll * Warps * 32) {
    loadW(next, k + Unroll * Warps * 32);
#pragma unroll
    for (int u = 0; u < Unroll; ++u) {
      const int64_t at = k + u * Warps * 32 + t * 8;
      const uint4 low = loadX(g, at), high = Wide ? loadX(g + 8, at) : uint4{};
#pragma unroll
      for (int n = 0; n < Tiles; ++n) {
        multiplyAdd(sums[n], {low.x, high.x, low.y, high.y}, now[u][n].x, now[u][n].y);
        multiplyAdd(sums[n], {low.z, high.z, low.w, high.w}, now[u][n].z, now[u][n].w);
      }
    }
#pragma unroll
    for (int u = 0; u < Unroll; ++u)
#pragma unroll
      for (int n = 0; n < Tiles; ++n)
        now[u][n] = next[u][n];
  }
#pragma unroll
  for (int n = 0; n < Tiles; ++n)
#pragma unroll
    for (int c = 0; c < (Wide ? 4 : 2); ++c)
      partial[warp][g + c / 2 * 8][n * 8 + t * 2 + c % 2] = sums[n][c];
  __syncthreads();
  for (int n = threadIdx.x; n < rows * Outs; n += Warps * 32) {
    const int row = n / Outs, o = n % Outs;
    float sum = 0;
#pragma unroll
    for (int s = 0; s < Warps; ++s)
      sum += partial[s][row][o];
    if (first + o < out)
      finish(sum, bias, residual, y, row, first + o, out);
  }
  if (beside)
    waitForPrevious();
}

/// Four terms a thread and step; every thread has sums of all the block's outputs and rows.
template <int Rows, int Outs, int Warps, typename X>
__global__ void __launch_bounds__(Warps * 32)
    fewFloats(const X *x, const float *w, const float *bias, const float *residual, float *y, int rows, int64_t in,
              int64_t out, bool beside) {
  constexpr int Step = Warps * 32 * 4;
  __shared__ float partial[Warps][Rows * Outs];
  const int64_t first = int64_t(blockIdx.x) * Outs;
  auto loadW = [&](float4(&to)[Outs], int64_t k) {
#pragma unroll
    for (int n = 0; n < Outs; ++n)
      to[n] = k < in && first + n < out ? *reinterpret_cast<const float4 *>(w + (first + n) * in + k) : float4{};
  };
  float4 now[Outs], next[Outs];
  float sums[Outs][Rows] = {};
  loadW(now, threadIdx.x * 4);
  if (!beside)
    waitForPrevious();
  letNextStart();
  for (int64_t k = threadIdx.x * 4; k < in; k += Step) {
    loadW(next, k + Step);
#pragma unroll
    for (int row = 0; row < Rows; ++row) {
      float values[4] = {};
      if (row < rows)
        loadFloats(x + row * in + k, values);
#pragma unroll
      for (int n = 0; n < Outs; ++n)
        sums[n][row] += now[n].x * values[0] + now[n].y * values[1] + now[n].z * values[2] + now[n].w * values[3];
    }
#pragma unroll
    for (int n = 0; n < Outs; ++n)
      now[n] = next[n];
  }
#pragma unroll
  for (int n = 0; n < Outs * Rows; ++n) {
    const float sum = groupSum(sums[n / Rows][n % Rows]);
    if (threadIdx.x % 32 == 0)
      partial[threadIdx.x / 32][n] = sum;
  }
  __syncthreads();
  for (int n = threadIdx.x; n < Outs * Rows; n += Warps * 32) {
    const int64_t o = first + n / Rows;
    float sum = 0;
#pragma unroll
    for (int s = 0; s < Warps; ++s)
      sum += partial[s][n];
    if (n % Rows < rows && o < out)
      finish(sum, bias, residual, y, n % Rows, o, out);
  }
  if (beside)
    waitForPrevious();
}

template <int Tiles, int Warps, int Unroll, typename Y>
static int runHalves(const LinearArgs &a) {
  auto kernel = a.rows > 8 ? fewHalves<Tiles, Warps, Unroll, true, Y> : fewHalves<Tiles, Warps, Unroll, false, Y>;
  return launchEarly(kernel, dim3(ceilDiv(a.out, 8 * Tiles)), Warps * 32, 0, a.stream, static_cast<const Bf16 *>(a.x),
                     static_cast<const Bf16 *>(a.w), static_cast<const Bf16 *>(a.bias),
                     static_cast<const Y *>(a.residual), static_cast<Y *>(a.y), a.rows, a.in, a.out, a.beside);
}

template <int Rows, int Outs, int Warps, typename X>
static int runFloats(const LinearArgs &a) {
  return launchEarly(fewFloats<Rows, Outs, Warps, X>, dim3(ceilDiv(a.out, Outs)), Warps * 32, 0, a.stream,
                     static_cast<const X *>(a.x), static_cast<const float *>(a.w), static_cast<const float *>(a.bias),
                     static_cast<const float *>(a.residual), static_cast<float *>(a.y), a.rows, a.in, a.out, a.beside);
}

/// Measured on an H100 at the shapes of an 8B model; gates have too few outputs to give a block several.
template <typename X>
static int chooseFloats(const LinearArgs &a) {
  if (a.out < 512)
    return a.rows == 1 ? runFloats<1, 1, 32, X>(a) : runFloats<8, 1, 32, X>(a);
  return a.rows == 1 ? runFloats<1, 4, 16, X>(a) : runFloats<8, 8, 8, X>(a);
}

int linearFew(const LinearArgs &a) {
  if (a.wType == XLSTM_BF16)
    return a.yType == XLSTM_BF16 ? runHalves<2, 16, 2, Bf16>(a) : runHalves<2, 16, 2, float>(a);
  return a.xType == XLSTM_BF16 ? chooseFloats<Bf16>(a) : chooseFloats<float>(a);
}

} // namespace xlstm::cuda
