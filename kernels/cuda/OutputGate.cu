//===- OutputGate.cu - pre-activation of the output gate from q, k and v ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A warp keeps one head's weights in registers and goes over tokens; each thread has 4 neighbouring terms a round.
// Heads of other widths: a warp reads its weights again for each token.

#include "kernels/cuda/Launch.cuh"
#include "kernels/cuda/Ptx.cuh"
#include "kernels/cuda/Types.cuh"
#include "xlstm/Kernels/Cuda.h"

#include <algorithm>

namespace xlstm::cuda {

constexpr int GateWarps = 8;

/// Elements from a token of q, k and v to the next.
struct GateStrides {
  int64_t q, k, v;
};

template <int Rounds, typename T>
__global__ void __launch_bounds__(GateWarps * 32)
    outputGateKernel(const T *q, const T *k, const T *v, const float *w, const float *b, float *y, int64_t tokens,
                     int64_t H, int64_t Hkv, int d, GateStrides strides) {
  const int lane = threadIdx.x % 32, parts = d / 4;
  const int64_t h = blockIdx.x, shared = h / (H / Hkv);
  const T *from[Rounds];
  int64_t stride[Rounds];
  float weights[Rounds][4] = {};
#pragma unroll
  for (int r = 0; r < Rounds; ++r) {
    const int n = r * 32 + lane, array = n / parts, c = n % parts * 4;
    const bool isQuery = array == 0;
    from[r] = array > 2 ? nullptr : (isQuery ? q : array == 1 ? k : v) + (isQuery ? h : shared) * d + c;
    stride[r] = isQuery ? strides.q : array == 1 ? strides.k : strides.v;
    if (from[r])
      loadFloats(w + (h * 3 + array) * d + c, weights[r]);
  }
  waitForPrevious();
  letNextStart();
  for (int64_t t = blockIdx.y * GateWarps + threadIdx.x / 32; t < tokens; t += gridDim.y * GateWarps) {
    float sum = 0;
#pragma unroll
    for (int r = 0; r < Rounds; ++r) {
      float values[4] = {};
      if (from[r])
        loadFloats(from[r] + t * stride[r], values);
#pragma unroll
      for (int i = 0; i < 4; ++i)
        sum += values[i] * weights[r][i];
    }
    sum = groupSum(sum);
    if (lane == 0)
      y[t * H + h] = sum + b[h];
  }
}

template <typename T>
__global__ void __launch_bounds__(GateWarps * 32)
    plainGateKernel(const T *q, const T *k, const T *v, const float *w, const float *b, float *y, int64_t tokens,
                    int64_t H, int64_t Hkv, int d, GateStrides strides) {
  const int lane = threadIdx.x % 32;
  const int64_t h = blockIdx.x, shared = h / (H / Hkv);
  w += h * 3 * d;
  waitForPrevious();
  letNextStart();
  for (int64_t t = blockIdx.y * GateWarps + threadIdx.x / 32; t < tokens; t += gridDim.y * GateWarps) {
    float sum = 0;
    auto add = [&](const T *x, const float *by) {
      for (int c = lane; c < d; c += 32)
        sum += toFloat(x[c]) * by[c];
    };
    add(q + t * strides.q + h * d, w);
    add(k + t * strides.k + shared * d, w + d);
    add(v + t * strides.v + shared * d, w + 2 * d);
    sum = groupSum(sum);
    if (lane == 0)
      y[t * H + h] = sum + b[h];
  }
}

} // namespace xlstm::cuda

using namespace xlstm::cuda;

int xlstm_cuda_output_gate(xlstm_dtype type, const void *q, const void *k, const void *v, const void *w, const void *b,
                           float *y, int64_t tokens, int64_t H, int64_t Hkv, int64_t d, int64_t q_stride,
                           int64_t k_stride, int64_t v_stride, void *stream) {
  if (tokens < 0 || H < 1 || H > (1 << 20) || Hkv < 1 || H % Hkv || d < 1 || d > (1 << 20) || q_stride < H * d ||
      k_stride < Hkv * d || v_stride < Hkv * d)
    return cudaErrorInvalidValue;
  if (tokens == 0)
    return cudaSuccess;
  cudaError_t error = cudaSuccess;
  bool known = withType(type, [&](auto zero) {
    using T = decltype(zero);
    auto run = [&](auto kernel) {
      const int64_t turns = std::clamp<int64_t>(ceilDiv(tokens, 16 * GateWarps), 1, 65535);
      error = launchEarly(kernel, dim3(H, tokens <= 1024 ? ceilDiv(tokens, GateWarps) : turns), GateWarps * 32, 0,
                          stream, static_cast<const T *>(q), static_cast<const T *>(k), static_cast<const T *>(v),
                          static_cast<const float *>(w), static_cast<const float *>(b), y, tokens, H, Hkv, int(d),
                          GateStrides{q_stride, k_stride, v_stride});
    };
    if (d % 8 || d > 256 || q_stride % 4 || k_stride % 4 || v_stride % 4 || !isAligned(q, k, v, w))
      run(plainGateKernel<T>);
    else if (3 * d <= 128)
      run(outputGateKernel<1, T>);
    else if (3 * d <= 256)
      run(outputGateKernel<2, T>);
    else if (3 * d <= 384)
      run(outputGateKernel<3, T>);
    else
      run(outputGateKernel<6, T>);
  });
  return known ? error : cudaErrorInvalidValue;
}
