//===- LinearPlain.cu - products of any width, in plain float32 ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What no other product takes: rows that are no multiple of 16 bytes, shapes that cuBLASLt refuses.

#include "kernels/cuda/Launch.cuh"
#include "kernels/cuda/Linear.h"
#include "kernels/cuda/Ptx.cuh"
#include "kernels/cuda/Types.cuh"

namespace xlstm::cuda {

constexpr int Side = 64, Depth = 16, Own = 4; // a block's square of y; terms at a time; a thread's square

/// A block has 64 rows and 64 outputs, a thread every 16th of both.
template <typename X, typename W, typename Y>
__global__ void __launch_bounds__(256)
    plainKernel(const X *x, const W *w, const W *bias, const Y *residual, Y *y, int64_t rows, int64_t in, int64_t out) {
  __shared__ float tileX[Side][Depth + 1], tileW[Side][Depth + 1];
  const int column = threadIdx.x % 16, row = threadIdx.x / 16;
  const int64_t firstRow = int64_t(blockIdx.y) * Side, firstOut = int64_t(blockIdx.x) * Side;
  float sums[Own][Own] = {};
  waitForPrevious();
  letNextStart();
  for (int64_t k = 0; k < in; k += Depth) {
    __syncthreads();
    for (int n = row; n < Side; n += 16) {
      const bool is = k + column < in;
      tileX[n][column] = is && firstRow + n < rows ? toFloat(x[(firstRow + n) * in + k + column]) : 0.0f;
      tileW[n][column] = is && firstOut + n < out ? toFloat(w[(firstOut + n) * in + k + column]) : 0.0f;
    }
    __syncthreads();
#pragma unroll
    for (int c = 0; c < Depth; ++c)
#pragma unroll
      for (int r = 0; r < Own; ++r)
#pragma unroll
        for (int o = 0; o < Own; ++o)
          sums[r][o] += tileX[row + 16 * r][c] * tileW[column + 16 * o][c];
  }
#pragma unroll
  for (int r = 0; r < Own; ++r)
#pragma unroll
    for (int o = 0; o < Own; ++o) {
      const int64_t to = firstRow + row + 16 * r, output = firstOut + column + 16 * o;
      if (to >= rows || output >= out)
        continue;
      const int64_t at = to * out + output;
      const float sum = sums[r][o] + (bias ? toFloat(bias[output]) : 0.0f);
      y[at] = fromFloat<Y>(sum + (residual ? toFloat(residual[at]) : 0.0f));
    }
}

template <typename X, typename W, typename Y>
static int launchPlain(const LinearArgs &a) {
  if (ceilDiv(a.rows, Side) > 65535)
    return cudaErrorInvalidValue;
  return launchEarly(plainKernel<X, W, Y>, dim3(ceilDiv(a.out, Side), ceilDiv(a.rows, Side)), 256, 0, a.stream,
                     static_cast<const X *>(a.x), static_cast<const W *>(a.w), static_cast<const W *>(a.bias),
                     static_cast<const Y *>(a.residual), static_cast<Y *>(a.y), a.rows, a.in, a.out);
}

int linearPlain(const LinearArgs &a) {
  if (a.xType == XLSTM_F32)
    return launchPlain<float, float, float>(a);
  if (a.wType == XLSTM_F32)
    return launchPlain<Bf16, float, float>(a);
  return a.yType == XLSTM_F32 ? launchPlain<Bf16, Bf16, float>(a) : launchPlain<Bf16, Bf16, Bf16>(a);
}

} // namespace xlstm::cuda
