//===- TrainOutputGate.cu - the output gate's backward ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/TrainRows.cuh"
#include "xlstm/Kernels/Train.h"

#include <algorithm>

namespace xlstm::cuda::train {

namespace {

constexpr int Threads = 256;
constexpr int64_t Chunks = 128;

/// x [tokens, heads, d] for `array` (0: q, 1: k, 2: v): the sum over a head's `group` of gates, 8 elements a thread.
template <typename T>
__global__ void inputs(const float *w, const float *dy, T *dq, T *dk, T *dv, int64_t tokens, int64_t H, int64_t Hkv,
                       int64_t d) {
  const int array = blockIdx.y;
  const int64_t heads = array ? Hkv : H, group = H / heads, pieces = d / 8, items = tokens * heads * pieces;
  T *to = array == 0 ? dq : array == 1 ? dk : dv;
  for (int64_t item = int64_t(blockIdx.x) * Threads + threadIdx.x; item < items; item += int64_t(gridDim.x) * Threads) {
    const int64_t head = item / pieces % heads, t = item / pieces / heads, c = item % pieces * 8;
    float sum[8] = {};
    for (int64_t h = head * group; h < (head + 1) * group; ++h) {
      float weights[8];
      loadFloats(w + (h * 3 + array) * d + c, weights);
      const float g = dy[t * H + h];
#pragma unroll
      for (int i = 0; i < 8; ++i)
        sum[i] += g * weights[i];
    }
    storeFloats(to + item * 8, sum);
  }
}

/// Block (h, chunk): a row of sums [chunk, H, 3d] over the chunk's tokens. A thread has 8 neighbouring columns, and
/// threads of the same columns share the tokens.
template <typename T>
__global__ void weights(const T *q, const T *k, const T *v, const float *dy, float *sums, int64_t tokens, int64_t H,
                        int64_t Hkv, int64_t d) {
  __shared__ float sums8[Threads * 8];
  const int64_t h = blockIdx.x, shared = h / (H / Hkv), each = (tokens + gridDim.y - 1) / gridDim.y;
  const int64_t from = blockIdx.y * each, to = min(tokens, from + each);
  const int pieces = int(3 * d / 8), wide = min(pieces, Threads), lanes = Threads / wide;
  const int lane = threadIdx.x / wide;
  for (int first = 0; first < pieces; first += wide) {
    const int piece = first + int(threadIdx.x) % wide;
    float sum[8] = {};
    if (lane < lanes && piece < pieces) {
      const int64_t c = piece * 8, array = c / d, stride = (array ? Hkv : H) * d;
      const T *x = (array == 0 ? q + h * d : (array == 1 ? k : v) + shared * d) + c % d;
#pragma unroll 4
      for (int64_t t = from + lane; t < to; t += lanes) {
        float values[8];
        loadFloats(x + t * stride, values);
        const float g = dy[t * H + h];
#pragma unroll
        for (int i = 0; i < 8; ++i)
          sum[i] += g * values[i];
      }
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 8; ++i)
      sums8[threadIdx.x * 8 + i] = sum[i];
    __syncthreads();
    for (int n = threadIdx.x; n < min(wide, pieces - first) * 8; n += Threads) {
      float all = 0;
      for (int other = 0; other < lanes; ++other)
        all += sums8[other * wide * 8 + n];
      sums[(blockIdx.y * H + h) * 3 * d + first * 8 + n] = all;
    }
  }
}

/// At least 64 tokens each.
int64_t chunksOf(int64_t tokens) { return std::clamp<int64_t>(ceilDiv(tokens, 64), 1, Chunks); }

} // namespace

} // namespace xlstm::cuda::train

using namespace xlstm::cuda;
using namespace xlstm::cuda::train;

int64_t xlstm_cuda_train_output_gate_workspace(int64_t tokens, int64_t H, int64_t d) {
  return chunksOf(tokens) * H * 3 * d;
}

int xlstm_cuda_train_output_gate_backward(xlstm_dtype type, const void *q, const void *k, const void *v, const float *w,
                                          const float *dy, void *dq, void *dk, void *dv, float *dw, float *workspace,
                                          int64_t tokens, int64_t H, int64_t Hkv, int64_t d, void *stream) {
  if (tokens < 0 || H < 1 || H > (1 << 20) || Hkv < 1 || H % Hkv || d < 8 || d % 8 || d > (1 << 16) ||
      !isAligned(q, k, v, w, dq, dk, dv))
    return cudaErrorInvalidValue;
  auto on = static_cast<cudaStream_t>(stream);
  bool isKnown = withType(type, [&](auto zero) {
    using T = decltype(zero);
    if (dq && tokens)
      inputs<<<dim3(std::min<int64_t>(ceilDiv(tokens * H * d / 8, Threads), 1 << 20), 3), Threads, 0, on>>>(
          w, dy, static_cast<T *>(dq), static_cast<T *>(dk), static_cast<T *>(dv), tokens, H, Hkv, d);
    if (dw)
      weights<<<dim3(H, chunksOf(tokens)), Threads, 0, on>>>(static_cast<const T *>(q), static_cast<const T *>(k),
                                                             static_cast<const T *>(v), dy, workspace, tokens, H, Hkv,
                                                             d);
  });
  if (!isKnown)
    return cudaErrorInvalidValue;
  if (cudaError_t error = cudaGetLastError(); error || !dw)
    return error;
  return launchSumRows(workspace, dw, chunksOf(tokens), H * 3 * d, stream);
}
