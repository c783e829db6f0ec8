//===- TrainSteps.cu - rotation, SwiGLU's backward, float32 as bf16 parts --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/Types.cuh"
#include "xlstm/Kernels/Train.h"

#include <algorithm>

namespace xlstm::cuda::train {

namespace {

constexpr int Threads = 256;

int64_t blocksFor(int64_t items) { return std::clamp<int64_t>(ceilDiv(items, Threads), 1, 1 << 20); }

/// `Width` neighbouring pairs a thread.
template <int Width, typename T>
__global__ void rotate(const T *x, const float *cosine, const float *sine, T *y, int64_t items, int64_t H, int64_t half,
                       float sign) {
  for (int64_t item = int64_t(blockIdx.x) * Threads + threadIdx.x; item < items; item += int64_t(gridDim.x) * Threads) {
    const int64_t pieces = half / Width, head = item / pieces, i = item % pieces * Width;
    const int64_t angle = head / H * half + i, at = head * 2 * half + i;
    float low[Width], high[Width], c[Width], s[Width], turned[Width];
    loadFloats(x + at, low);
    loadFloats(x + at + half, high);
    loadFloats(cosine + angle, c);
    loadFloats(sine + angle, s);
#pragma unroll
    for (int n = 0; n < Width; ++n)
      turned[n] = low[n] * c[n] - sign * high[n] * s[n];
    storeFloats(y + at, turned);
#pragma unroll
    for (int n = 0; n < Width; ++n)
      turned[n] = high[n] * c[n] + sign * low[n] * s[n];
    storeFloats(y + at + half, turned);
  }
}

template <typename T>
__global__ void swigluBackward(const T *gate, const T *up, const T *dy, T *dgate, T *dup, int64_t n) {
  for (int64_t c = (int64_t(blockIdx.x) * Threads + threadIdx.x) * 8; c < n; c += int64_t(gridDim.x) * Threads * 8) {
    float a[8], b[8], g[8];
    loadFloats(gate + c, a);
    loadFloats(up + c, b);
    loadFloats(dy + c, g);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const float open = 1.0f / (1.0f + expf(-a[i])), silu = a[i] * open;
      a[i] = g[i] * b[i] * (open + silu * (1.0f - open));
      b[i] = g[i] * silu;
    }
    storeFloats(dgate + c, a);
    storeFloats(dup + c, b);
  }
}

struct PartList {
  int count, at[6];
};

__global__ void split(const float *x, Bf16 *y, int64_t n, int64_t inner, PartList parts) {
  for (int64_t i = int64_t(blockIdx.x) * Threads + threadIdx.x; i < n; i += int64_t(gridDim.x) * Threads) {
    Bf16 part[3];
    float rest = x[i];
    for (Bf16 &p : part) {
      p = fromFloat<Bf16>(rest);
      rest -= toFloat(p);
    }
    Bf16 *to = y + i / inner * parts.count * inner + i % inner;
    for (int p = 0; p < parts.count; ++p)
      to[p * inner] = parts.at[p] == 0 ? part[0] : parts.at[p] == 1 ? part[1] : part[2];
  }
}

} // namespace

} // namespace xlstm::cuda::train

using namespace xlstm::cuda;
using namespace xlstm::cuda::train;

int xlstm_cuda_train_rotate(xlstm_dtype type, const void *x, const float *cosine, const float *sine, void *y,
                            int64_t tokens, int64_t H, int64_t d, float sign, void *stream) {
  if (tokens < 0 || H < 1 || d < 2 || d % 2)
    return cudaErrorInvalidValue;
  if (tokens == 0)
    return cudaSuccess;
  auto start = [&](auto zero, auto width) {
    using T = decltype(zero);
    const int64_t items = tokens * H * (d / 2 / width.value);
    rotate<width.value, T><<<blocksFor(items), Threads, 0, static_cast<cudaStream_t>(stream)>>>(
        static_cast<const T *>(x), cosine, sine, static_cast<T *>(y), items, H, d / 2, sign);
  };
  const bool isWide = d % 16 == 0 && isAligned(x, cosine, sine, y);
  bool isKnown = withType(type, [&](auto zero) {
    isWide ? start(zero, std::integral_constant<int, 8>()) : start(zero, std::integral_constant<int, 1>());
  });
  return isKnown ? cudaGetLastError() : cudaErrorInvalidValue;
}

int xlstm_cuda_train_swiglu_backward(xlstm_dtype type, const void *gate, const void *up, const void *dy, void *dgate,
                                     void *dup, int64_t n, void *stream) {
  if (n < 0 || n % 8 || !isAligned(gate, up, dy, dgate, dup))
    return cudaErrorInvalidValue;
  if (n == 0)
    return cudaSuccess;
  bool isKnown = withType(type, [&](auto zero) {
    using T = decltype(zero);
    swigluBackward<<<blocksFor(n / 8), Threads, 0, static_cast<cudaStream_t>(stream)>>>(
        static_cast<const T *>(gate), static_cast<const T *>(up), static_cast<const T *>(dy), static_cast<T *>(dgate),
        static_cast<T *>(dup), n);
  });
  return isKnown ? cudaGetLastError() : cudaErrorInvalidValue;
}

int xlstm_cuda_train_split(const float *x, void *y, int64_t n, int64_t inner, const int32_t *parts, int32_t count,
                           void *stream) {
  if (n < 0 || inner < 1 || n % inner || count < 1 || count > 6)
    return cudaErrorInvalidValue;
  PartList list = {count, {}};
  for (int p = 0; p < count; ++p)
    if (list.at[p] = parts[p]; parts[p] < 0 || parts[p] > 2)
      return cudaErrorInvalidValue;
  if (n)
    split<<<blocksFor(n), Threads, 0, static_cast<cudaStream_t>(stream)>>>(x, static_cast<Bf16 *>(y), n, inner, list);
  return cudaGetLastError();
}
