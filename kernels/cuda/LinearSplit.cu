//===- LinearSplit.cu - bf16 x and float32 w on the matrix units ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// w is the sum of three bf16 matrices to the last bit of float32 but one: three products with float32 sums, and x is
// read once at the speed of memory. For the gates: few outputs, many rows.

#include "kernels/cuda/Linear.h"
#include "kernels/cuda/Ptx.cuh"
#include "kernels/cuda/Types.cuh"

namespace xlstm::cuda {

constexpr int Parts = 3, WarpRows = 32;

/// Eight neighbouring terms of one output, in three parts.
struct Split {
  uint4 part[Parts];
};

__device__ inline Split split(const float (&values)[8]) {
  union {
    Bf16 halves[Parts][8];
    Split packed;
  };
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    float rest = values[i];
#pragma unroll
    for (int p = 0; p < Parts; ++p) {
      halves[p][i] = fromFloat<Bf16>(rest);
      rest -= toFloat(halves[p][i]);
    }
  }
  return packed;
}

/// to [out / 8][in / 32][part][lane]: lane (g, t) has the 8 terms from 8 t on of output g.
__global__ void splitWeights(const float *w, uint4 *to, int64_t in, int64_t out) {
  const int lane = threadIdx.x, g = lane / 4, t = lane % 4;
  const int64_t step = blockIdx.x, tile = blockIdx.y, o = tile * 8 + g, k = step * 32 + t * 8;
  float values[8] = {};
  if (o < out && k < in)
    loadFloats(w + o * in + k, values);
  const Split parts = split(values);
#pragma unroll
  for (int p = 0; p < Parts; ++p)
    to[((tile * gridDim.x + step) * Parts + p) * 32 + lane] = parts.part[p];
}

struct Fragments {
  uint4 rows[4]; // g, g + 8, g + 16, g + 24
};

/// A block has 8 Tiles outputs of 32 rows; its warps divide `in`.
template <int Tiles, int Warps>
__global__ void __launch_bounds__(Warps * 32)
    linearSplitKernel(const Bf16 *x, const uint4 *w, const float *bias, const float *residual, float *y, int64_t rows,
                      int64_t in, int64_t out) {
  __shared__ float partial[Warps - 1][WarpRows][8 * Tiles + 1];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const int64_t firstRow = int64_t(blockIdx.x) * WarpRows, firstTile = blockIdx.y * Tiles;
  const int64_t steps = (in + 31) / 32, tiles = (out + 7) / 8;
  auto loadX = [&](int64_t step) {
    Fragments to;
#pragma unroll
    for (int n = 0; n < 4; ++n) {
      const int64_t row = firstRow + n * 8 + g, k = step * 32 + t * 8;
      to.rows[n] = row < rows && k < in ? loadEarly(x + row * in + k) : uint4{};
    }
    return to;
  };
  float sums[2][Tiles][4] = {};
  Fragments now[2] = {loadX(warp), loadX(warp + Warps)};
  for (int64_t step = warp; step < steps; step += Warps) {
    const Fragments a = now[0];
    now[0] = now[1], now[1] = loadX(step + 2 * Warps);
#pragma unroll
    for (int n = 0; n < Tiles; ++n)
#pragma unroll
      for (int p = 0; p < Parts; ++p) {
        const int64_t tile = firstTile + n;
        const uint4 b = tile < tiles ? w[((tile * steps + step) * Parts + p) * 32 + lane] : uint4{};
#pragma unroll
        for (int m = 0; m < 2; ++m) {
          const uint4 low = a.rows[2 * m], high = a.rows[2 * m + 1];
          multiplyAdd(sums[m][n], {low.x, high.x, low.y, high.y}, b.x, b.y);
          multiplyAdd(sums[m][n], {low.z, high.z, low.w, high.w}, b.z, b.w);
        }
      }
  }
  auto forSums = [&](auto body) {
#pragma unroll
    for (int m = 0; m < 2; ++m)
#pragma unroll
      for (int n = 0; n < Tiles; ++n)
#pragma unroll
        for (int c = 0; c < 4; ++c)
          body(m * 16 + c / 2 * 8 + g, n * 8 + t * 2 + c % 2, sums[m][n][c]);
  };
  if (warp)
    forSums([&](int row, int o, float sum) { partial[warp - 1][row][o] = sum; });
  __syncthreads();
  if (warp)
    return;
  forSums([&](int row, int o, float sum) {
    const int64_t to = firstRow + row, output = firstTile * 8 + o;
    if (to >= rows || output >= out)
      return;
    for (int part = 0; part < Warps - 1; ++part)
      sum += partial[part][row][o];
    sum += bias ? bias[output] : 0.0f;
    y[to * out + output] = sum + (residual ? residual[to * out + output] : 0.0f);
  });
}

template <int Tiles>
static int run(const LinearArgs &a, const uint4 *parts) {
  constexpr int Warps = 8;
  const dim3 grid(ceilDiv(a.rows, WarpRows), ceilDiv(a.out, 8 * Tiles));
  linearSplitKernel<Tiles, Warps><<<grid, Warps * 32, 0, cudaStream_t(a.stream)>>>(
      static_cast<const Bf16 *>(a.x), parts, static_cast<const float *>(a.bias), static_cast<const float *>(a.residual),
      static_cast<float *>(a.y), a.rows, a.in, a.out);
  return cudaGetLastError();
}

int linearSplit(const LinearArgs &a) {
  const int64_t steps = ceilDiv(a.in, 32), tiles = ceilDiv(a.out, 8);
  if (size_t(steps * tiles * Parts * 32) * sizeof(uint4) > LinearWorkspace || tiles > 65535)
    return NoProduct;
  uint4 *parts = static_cast<uint4 *>(a.workspace);
  splitWeights<<<dim3(steps, tiles), 32, 0, cudaStream_t(a.stream)>>>(static_cast<const float *>(a.w), parts, a.in,
                                                                      a.out);
  return a.rows <= 2048 ? run<1>(a, parts) : run<4>(a, parts); // few rows: more blocks, which read x again
}

} // namespace xlstm::cuda
