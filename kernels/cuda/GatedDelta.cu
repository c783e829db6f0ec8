//===- GatedDelta.cu - the gated delta rule, token by token -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With u = beta (v - alpha k S) the rule is S = alpha S + k (x) u, queries and keys of length 1. Columns of S do not meet: a
// block has 32 of one text and head in shared memory for all tokens of the call; a warp has every eighth row.

#include "kernels/cuda/Types.cuh"
#include "xlstm/Kernels/Cuda.h"

using namespace xlstm::cuda;

namespace {

constexpr int Columns = 32, Warps = 8, Threads = Columns * Warps;

struct Args {
  const void *q, *k, *v;
  const float *write, *decay;
  float *S;
  void *h;
  int T, H, Hkv, m, dv;
};

__device__ float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

/// Over the block's warps, for each of their lanes; `partial` is free again behind it.
__device__ float sumOfWarps(float x, float (&partial)[Warps][Columns]) {
  partial[threadIdx.y][threadIdx.x] = x;
  __syncthreads();
  float sum = 0;
#pragma unroll
  for (int n = 0; n < Warps; ++n)
    sum += partial[n][threadIdx.x];
  __syncthreads();
  return sum;
}

template <typename T>
__global__ void __launch_bounds__(Threads) gatedDeltaKernel(const __grid_constant__ Args a) {
  extern __shared__ float memory[]; // q and k of a token, [m] each, then the columns of S, [m, 32]
  __shared__ float partial[Warps][Columns];
  float *q = memory, *k = q + a.m, *S = k + a.m;
  const int strips = (a.dv + Columns - 1) / Columns, head = blockIdx.x / strips, lane = threadIdx.x, warp = threadIdx.y;
  const int column = blockIdx.x % strips * Columns + lane, thread = warp * Columns + lane;
  const int64_t b = blockIdx.y;
  const bool isInside = column < a.dv;
  float *state = a.S + (b * a.H + head) * a.m * a.dv + column;
  for (int r = warp; r < a.m; r += Warps)
    S[r * Columns + lane] = isInside ? state[int64_t(r) * a.dv] : 0.0f;
  for (int t = 0; t < a.T; ++t) {
    const int64_t token = b * a.T + t, at = token * a.H + head, shared = token * a.Hkv + head / (a.H / a.Hkv);
    float queries = 0, keys = 0;
    for (int c = thread; c < a.m; c += Threads) {
      q[c] = toFloat(static_cast<const T *>(a.q)[at * a.m + c]);
      k[c] = toFloat(static_cast<const T *>(a.k)[shared * a.m + c]);
      queries += q[c] * q[c];
      keys += k[c] * k[c];
    }
    const float queryScale = rsqrtf(sumOfWarps(groupSum(queries), partial) + 1e-6f);
    const float keyScale = rsqrtf(sumOfWarps(groupSum(keys), partial) + 1e-6f);
    float held = 0;
    for (int r = warp; r < a.m; r += Warps)
      held += k[r] * S[r * Columns + lane];
    const float alpha = sigmoid(a.decay[at]), beta = sigmoid(a.write[at]);
    const float value = isInside ? toFloat(static_cast<const T *>(a.v)[shared * a.dv + column]) : 0.0f;
    const float written = beta * keyScale * (value - alpha * keyScale * sumOfWarps(held, partial));
    float read = 0;
    for (int r = warp; r < a.m; r += Warps) {
      float &cell = S[r * Columns + lane];
      cell = alpha * cell + k[r] * written;
      read += q[r] * cell;
    }
    read = sumOfWarps(read, partial); // q and k have been read, too
    if (warp == 0 && isInside)
      static_cast<T *>(a.h)[at * a.dv + column] = fromFloat<T>(read * queryScale);
  }
  for (int r = warp; isInside && r < a.m; r += Warps)
    state[int64_t(r) * a.dv] = S[r * Columns + lane];
}

} // namespace

int xlstm_cuda_gated_delta(xlstm_dtype type, const void *q, const void *k, const void *v, const float *write,
                           const float *decay, float *S, void *h, int64_t B, int64_t T, int64_t H, int64_t Hkv,
                           int64_t m, int64_t dv, void *stream) {
  constexpr int64_t most = int64_t(1) << 31;
  if (B < 0 || B > 65535 || T < 0 || T >= most || H < 1 || Hkv < 1 || H % Hkv || m < 1 || m >= most || dv < 1 ||
      dv >= most || H * ceilDiv(dv, Columns) >= most)
    return cudaErrorInvalidValue;
  if (B == 0 || T == 0)
    return cudaSuccess;
  const Args a = {q, k, v, write, decay, S, h, int(T), int(H), int(Hkv), int(m), int(dv)};
  int status = cudaErrorInvalidValue;
  withType(type, [&](auto zero) {
    auto kernel = gatedDeltaKernel<decltype(zero)>;
    const size_t bytes = size_t(m) * (2 + Columns) * sizeof(float);
    if (bytes > 48 * 1024)
      status = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes));
    else
      status = cudaSuccess;
    if (status != cudaSuccess)
      return;
    kernel<<<dim3(H * ceilDiv(dv, Columns), B), dim3(Columns, Warps), bytes, static_cast<cudaStream_t>(stream)>>>(a);
    status = cudaGetLastError();
  });
  return status;
}
