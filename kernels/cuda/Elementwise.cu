//===- Elementwise.cu - embedding, RMS norm, RoPE, SwiGLU, mix, sums --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each reads its input once and writes its output once, 16 bytes a thread and access where the type allows.

#include "kernels/cuda/Launch.cuh"
#include "kernels/cuda/Ptx.cuh"
#include "kernels/cuda/Types.cuh"
#include "xlstm/Kernels/Cuda.h"
#include "xlstm/Kernels/Turns.h"

#include <algorithm>
#include <type_traits>

namespace xlstm::cuda {

constexpr int Threads = 256;

template <int Width, typename T>
__global__ void embedKernel(const int64_t *ids, const T *table, T *y, int64_t vocab, int64_t dim) {
  waitForPrevious();
  letNextStart();
  int64_t id = ids[blockIdx.x];
  bool known = id >= 0 && id < vocab;
  for (int64_t c = threadIdx.x * Width; c < dim; c += blockDim.x * Width) {
    float values[Width] = {};
    if (known)
      loadFloats(table + id * dim + c, values);
    storeFloats(y + blockIdx.x * dim + c, values);
  }
}

/// The sum over a block's threads; every one gets it.
__device__ inline float blockSum(float x) {
  __shared__ float partial[32];
  x = groupSum(x);
  if (threadIdx.x % 32 == 0)
    partial[threadIdx.x / 32] = x;
  __syncthreads();
  return groupSum(threadIdx.x % 32 < blockDim.x / 32 ? partial[threadIdx.x % 32] : 0.0f);
}

/// Where row r of x begins: rows of n side by side by `group`, groups `stride` apart.
struct Rows {
  int64_t group, n, stride;
  __device__ int64_t operator()(int64_t r) const { return r / group * stride + r % group * n; }
};

/// A row a block; each thread keeps its part of the row in registers between the two uses.
template <typename T, int Parts>
__global__ void __launch_bounds__(1024) rmsNormKernel(const T *x, const T *w, T *y, Rows rows, float eps) {
  const int64_t n = rows.n;
  x += rows(blockIdx.x), y += blockIdx.x * n;
  float weights[8], values[Parts][8] = {}, squares = 0;
  auto forParts = [&](auto body) {
#pragma unroll
    for (int p = 0; p < Parts; ++p)
      if (int64_t c = (int64_t(p) * blockDim.x + threadIdx.x) * 8; c < n)
        body(p, c);
  };
  if (Parts == 1) // they are no one's result
    forParts([&](int, int64_t c) { loadFloats(w + c, weights); });
  waitForPrevious();
  letNextStart();
  forParts([&](int p, int64_t c) {
    loadFloats(x + c, values[p]);
#pragma unroll
    for (int i = 0; i < 8; ++i)
      squares += values[p][i] * values[p][i];
  });
  const float scale = 1.0f / sqrtf(blockSum(squares) / float(n) + eps);
  forParts([&](int p, int64_t c) {
    if (Parts != 1)
      loadFloats(w + c, weights);
#pragma unroll
    for (int i = 0; i < 8; ++i)
      values[p][i] *= scale * weights[i];
    storeFloats(y + c, values[p]);
  });
}

/// Any width: the row is read twice.
template <typename T>
__global__ void __launch_bounds__(Threads) plainRmsNormKernel(const T *x, const T *w, T *y, Rows rows, float eps) {
  const int64_t n = rows.n;
  x += rows(blockIdx.x), y += blockIdx.x * n;
  waitForPrevious();
  letNextStart();
  float squares = 0;
  for (int64_t c = threadIdx.x; c < n; c += Threads)
    squares += toFloat(x[c]) * toFloat(x[c]);
  const float scale = 1.0f / sqrtf(blockSum(squares) / float(n) + eps);
  for (int64_t c = threadIdx.x; c < n; c += Threads)
    y[c] = fromFloat<T>(toFloat(x[c]) * (scale * toFloat(w[c])));
}

/// Width neighbouring pairs a thread; the angle is worked out once for all heads of a token.
template <int Width, typename T>
__global__ void ropeKernel(const T *x, const int32_t *positions, const int64_t *turns, float factor, T *y,
                           int64_t H, int64_t d, int64_t stride) {
  waitForPrevious();
  letNextStart();
  const int64_t half = d / 2, pieces = half / Width, wide = min(pieces, int64_t(blockDim.x));
  const int32_t position = positions[blockIdx.x];
  x += blockIdx.x * stride, y += blockIdx.x * H * d;
  for (int64_t i = threadIdx.x % wide * Width; i < half; i += wide * Width) {
    float sine[Width], cosine[Width];
#pragma unroll
    for (int n = 0; n < Width; ++n) {
      sincosf(angleAt(position, turns[i + n]), &sine[n], &cosine[n]);
      sine[n] *= factor, cosine[n] *= factor;
    }
    for (int64_t h = threadIdx.x / wide; h < H; h += blockDim.x / wide) {
      const int64_t at = h * d + i;
      float low[Width], high[Width], outLow[Width], outHigh[Width];
      loadFloats(x + at, low);
      loadFloats(x + at + half, high);
#pragma unroll
      for (int n = 0; n < Width; ++n) {
        outLow[n] = low[n] * cosine[n] - high[n] * sine[n];
        outHigh[n] = high[n] * cosine[n] + low[n] * sine[n];
      }
      storeFloats(y + at, outLow);
      storeFloats(y + at + half, outHigh);
    }
  }
}

template <int Width, typename T>
__global__ void swigluKernel(const T *gate, const T *up, T *y, int64_t n, int64_t gateStride, int64_t upStride) {
  waitForPrevious();
  letNextStart();
  const int64_t row = blockIdx.x, c = (int64_t(blockIdx.y) * Threads + threadIdx.x) * Width;
  if (c >= n)
    return;
  float a[Width], b[Width];
  loadFloats(gate + row * gateStride + c, a);
  loadFloats(up + row * upStride + c, b);
#pragma unroll
  for (int i = 0; i < Width; ++i)
    a[i] = a[i] / (1.0f + expf(-a[i])) * b[i];
  storeFloats(y + row * n + c, a);
}

template <int Width, typename T>
__global__ void copyKernel(const T *x, T *y, int64_t n, int64_t xStride, int64_t yStride) {
  waitForPrevious();
  letNextStart();
  using Piece = Vec<T, Width>;
  x += blockIdx.x * xStride, y += blockIdx.x * yStride;
  for (int64_t c = (int64_t(blockIdx.y) * Threads + threadIdx.x) * Width; c < n;
       c += int64_t(gridDim.y) * Threads * Width)
    *reinterpret_cast<Piece *>(y + c) = *reinterpret_cast<const Piece *>(x + c);
}

/// y [n, d] = o memory + (1 - o) window.
template <int Width, typename T>
__global__ void mixKernel(const float *gate, const T *memory, const T *window, T *y, int64_t total, int64_t d) {
  waitForPrevious();
  letNextStart();
  for (int64_t at = (int64_t(blockIdx.x) * Threads + threadIdx.x) * Width; at < total;
       at += int64_t(gridDim.x) * Threads * Width) {
    const float open = 1.0f / (1.0f + expf(-gate[at / d]));
    float a[Width], b[Width];
    loadFloats(memory + at, a);
    loadFloats(window + at, b);
#pragma unroll
    for (int i = 0; i < Width; ++i)
      a[i] = open * a[i] + (1.0f - open) * b[i];
    storeFloats(y + at, a);
  }
}

/// y = a + b, or factor * a where b is null.
template <typename T>
__global__ void addKernel(const T *a, const T *b, float factor, T *y, int64_t n, bool isWide) {
  waitForPrevious();
  letNextStart();
  for (int64_t c = (int64_t(blockIdx.x) * Threads + threadIdx.x) * 8; c < n; c += int64_t(gridDim.x) * Threads * 8) {
    float values[8], others[8];
    if (isWide && n - c >= 8) {
      loadFloats(a + c, values);
      if (b)
        loadFloats(b + c, others);
#pragma unroll
      for (int i = 0; i < 8; ++i)
        values[i] = b ? values[i] + others[i] : factor * values[i];
      storeFloats(y + c, values);
    } else {
      for (int64_t i = c; i < min(n, c + 8); ++i)
        y[i] = fromFloat<T>(b ? toFloat(a[i]) + toFloat(b[i]) : factor * toFloat(a[i]));
    }
  }
}

template <typename T>
static int add(const void *a, const void *b, float factor, void *y, int64_t n, void *stream) {
  const int64_t blocks = std::min<int64_t>(ceilDiv(n, 8 * Threads), 1 << 16);
  return launchEarly(addKernel<T>, dim3(blocks), Threads, 0, stream, static_cast<const T *>(a),
                     static_cast<const T *>(b), factor, static_cast<T *>(y), n, isAligned(a, b, y));
}

} // namespace xlstm::cuda

using namespace xlstm::cuda;

static bool fits(int64_t count) { return count >= 0 && count < (int64_t(1) << 31); }

/// Runs body(T(), width) for the type, where there is something to do: `width` (a constant) elements at a time, 1 where
/// sizes or addresses do not allow more.
template <int Most, typename Body>
static int run(xlstm_dtype type, int64_t rows, bool isWide, Body body) {
  int status = cudaErrorInvalidValue;
  if (fits(rows))
    withType(type, [&](auto zero) {
      status = !rows    ? int(cudaSuccess)
               : isWide ? int(body(zero, std::integral_constant<int, Most>()))
                        : int(body(zero, std::integral_constant<int, 1>()));
    });
  return status;
}

int xlstm_cuda_embed(xlstm_dtype type, const int64_t *ids, const void *table, void *y, int64_t tokens, int64_t vocab,
                     int64_t dim, void *stream) {
  if (dim < 1)
    return cudaErrorInvalidValue;
  return run<8>(type, tokens, dim % 8 == 0 && isAligned(table, y), [&](auto zero, auto width) {
    using T = decltype(zero);
    return launchEarly(embedKernel<width.value, T>, dim3(tokens), dim < 1024 ? 128 : Threads, 0, stream, ids,
                       static_cast<const T *>(table), static_cast<T *>(y), vocab, dim);
  });
}

template <typename T>
static cudaError_t rmsNorm(const void *x, const void *w, void *y, int64_t rows, const Rows &layout, float eps,
                           bool isWide, void *stream) {
  const int64_t n = layout.n;
  auto launch = [&](auto kernel, int threads) {
    return launchEarly(kernel, dim3(rows), threads, 0, stream, static_cast<const T *>(x), static_cast<const T *>(w),
                       static_cast<T *>(y), layout, eps);
  };
  auto threads = [&](int64_t parts) { return int(ceilDiv(ceilDiv(n, 8 * parts), 32) * 32); };
  if (!isWide || n > 32768)
    return launch(plainRmsNormKernel<T>, Threads);
  if (n <= (rows <= 64 ? 8192 : 2048)) // few rows: all threads that a row can use
    return launch(rmsNormKernel<T, 1>, threads(1));
  return n <= 16384 ? launch(rmsNormKernel<T, 2>, threads(2)) : launch(rmsNormKernel<T, 4>, threads(4));
}

int xlstm_cuda_rms_norm(xlstm_dtype type, const void *x, const void *w, void *y, int64_t groups, int64_t group,
                        int64_t n, int64_t x_stride, float eps, void *stream) {
  if (n < 1 || group < 1 || x_stride < group * n)
    return cudaErrorInvalidValue;
  const int64_t rows = groups * group;
  const bool isWide = n % 8 == 0 && x_stride % 8 == 0 && isAligned(x, w, y);
  return run<8>(type, rows, isWide, [&](auto zero, auto width) {
    return rmsNorm<decltype(zero)>(x, w, y, rows, {group, n, x_stride}, eps, width.value == 8, stream);
  });
}

int xlstm_cuda_rope(xlstm_dtype type, const void *x, const int32_t *positions, const int64_t *turns, void *y,
                    int64_t tokens, int64_t H, int64_t d, int64_t x_stride, float factor, void *stream) {
  if (d < 2 || d % 2 || H < 1 || x_stride < H * d)
    return cudaErrorInvalidValue;
  const bool isWide = d % 4 == 0 && x_stride % 4 == 0 && isAligned(x, y);
  return run<2>(type, tokens, isWide, [&](auto zero, auto width) {
    using T = decltype(zero);
    const int64_t pieces = std::min<int64_t>(d / 2 / width.value, Threads);
    return launchEarly(ropeKernel<width.value, T>, dim3(tokens), int(pieces * std::min(H, Threads / pieces)), 0, stream,
                       static_cast<const T *>(x), positions, turns, factor, static_cast<T *>(y), H, d, x_stride);
  });
}

int xlstm_cuda_swiglu(xlstm_dtype type, const void *gate, const void *up, void *y, int64_t rows, int64_t n,
                      int64_t gate_stride, int64_t up_stride, void *stream) {
  if (n < 1 || gate_stride < n || up_stride < n || ceilDiv(n, Threads) > 65535)
    return cudaErrorInvalidValue;
  const bool isWide = n % 8 == 0 && gate_stride % 8 == 0 && up_stride % 8 == 0 && isAligned(gate, up, y);
  return run<8>(type, rows, isWide, [&](auto zero, auto width) {
    using T = decltype(zero);
    return launchEarly(swigluKernel<width.value, T>, dim3(rows, ceilDiv(n, width.value * Threads)), Threads, 0, stream,
                       static_cast<const T *>(gate), static_cast<const T *>(up), static_cast<T *>(y), n, gate_stride,
                       up_stride);
  });
}

int xlstm_cuda_copy(xlstm_dtype type, const void *x, void *y, int64_t rows, int64_t n, int64_t x_stride,
                    int64_t y_stride, void *stream) {
  if (n < 1 || x_stride < n || y_stride < n)
    return cudaErrorInvalidValue;
  const bool isWide = n % 8 == 0 && x_stride % 8 == 0 && y_stride % 8 == 0 && isAligned(x, y);
  return run<8>(type, rows, isWide, [&](auto zero, auto width) {
    using T = decltype(zero);
    constexpr int Each = std::min(width.value, Lanes<T>);
    return launchEarly(copyKernel<Each, T>, dim3(rows, std::min<int64_t>(ceilDiv(n, Each * Threads), 65535)), Threads,
                       0, stream, static_cast<const T *>(x), static_cast<T *>(y), n, x_stride, y_stride);
  });
}

int xlstm_cuda_mix(xlstm_dtype type, const float *gate, const void *memory, const void *window, void *y, int64_t n,
                   int64_t d, void *stream) {
  if (d < 1)
    return cudaErrorInvalidValue;
  return run<8>(type, n, d % 8 == 0 && isAligned(memory, window, y), [&](auto zero, auto width) {
    using T = decltype(zero);
    const int64_t blocks = std::min<int64_t>(ceilDiv(n * d, width.value * Threads), 1 << 16);
    return launchEarly(mixKernel<width.value, T>, dim3(blocks), Threads, 0, stream, gate,
                       static_cast<const T *>(memory), static_cast<const T *>(window), static_cast<T *>(y), n * d, d);
  });
}

int xlstm_cuda_add(xlstm_dtype type, const void *a, const void *b, void *y, int64_t n, void *stream) {
  int status = cudaErrorInvalidValue;
  if (n >= 0)
    withType(type, [&](auto zero) { status = n ? add<decltype(zero)>(a, b, 1, y, n, stream) : cudaSuccess; });
  return status;
}

int xlstm_cuda_scale(xlstm_dtype type, const void *x, void *y, int64_t n, float factor, void *stream) {
  int status = cudaErrorInvalidValue;
  if (n >= 0)
    withType(type,
             [&](auto zero) { status = n ? add<decltype(zero)>(x, nullptr, factor, y, n, stream) : cudaSuccess; });
  return status;
}
