//===- Elementwise.cu - embedding, RMS norm, RoPE, SwiGLU, sums -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each reads its input once and writes its output once, 16 bytes a thread and access where the type allows.

#include "kernels/cuda/Launch.cuh"
#include "kernels/cuda/Ptx.cuh"
#include "kernels/cuda/Types.cuh"
#include "xlstm/Kernels/CudaSteps.h"

#include <algorithm>

namespace xlstm::cuda {

constexpr int Threads = 256;

template <typename T>
__global__ void embedKernel(const int64_t *ids, const T *table, T *y, int64_t vocab, int64_t dim) {
  waitForPrevious();
  letNextStart();
  int64_t id = ids[blockIdx.x];
  bool known = id >= 0 && id < vocab;
  for (int64_t c = threadIdx.x * 8; c < dim; c += blockDim.x * 8) {
    float values[8] = {};
    if (known)
      loadFloats(table + id * dim + c, values);
    storeFloats(y + blockIdx.x * dim + c, values);
  }
}

/// A row a block; each thread keeps its part of the row in registers between the two uses.
template <typename T, int Parts>
__global__ void __launch_bounds__(1024)
    rmsNormKernel(const T *x, const T *residual, const T *w, T *sum, T *y, int64_t n, float eps) {
  __shared__ float partial[32];
  const int64_t row = blockIdx.x * n;
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
    loadFloats(x + row + c, values[p]);
    if (residual) {
      float other[8];
      loadFloats(residual + row + c, other);
#pragma unroll
      for (int i = 0; i < 8; ++i) // the norm reads the sum as stored: the next layer's residual
        values[p][i] = toFloat(fromFloat<T>(values[p][i] + other[i]));
      storeFloats(sum + row + c, values[p]);
    }
#pragma unroll
    for (int i = 0; i < 8; ++i)
      squares += values[p][i] * values[p][i];
  });
  squares = groupSum(squares);
  if (threadIdx.x % 32 == 0)
    partial[threadIdx.x / 32] = squares;
  __syncthreads();
  squares = groupSum(threadIdx.x % 32 < blockDim.x / 32 ? partial[threadIdx.x % 32] : 0.0f);
  const float scale = 1.0f / sqrtf(squares / float(n) + eps);
  forParts([&](int p, int64_t c) {
    if (Parts != 1)
      loadFloats(w + c, weights);
#pragma unroll
    for (int i = 0; i < 8; ++i)
      values[p][i] *= scale * weights[i];
    storeFloats(y + row + c, values[p]);
  });
}

/// Two neighbouring pairs a thread; the angle is worked out once for all heads of a token.
template <typename T>
__global__ void ropeKernel(const T *x, const int32_t *positions, const float *frequencies, float factor, T *y,
                           int64_t H, int64_t d) {
  waitForPrevious();
  letNextStart();
  const int64_t half = d / 2, token = blockIdx.x;
  const float position = float(positions[token]);
  const int64_t perHead = half / 2, headStep = blockDim.x / perHead;
  const int64_t i = threadIdx.x % perHead * 2;
  float sine[2], cosine[2];
#pragma unroll
  for (int n = 0; n < 2; ++n) {
    sincosf(position * frequencies[i + n], &sine[n], &cosine[n]);
    sine[n] *= factor, cosine[n] *= factor;
  }
  for (int64_t h = threadIdx.x / perHead; h < H; h += headStep) {
    const int64_t at = (token * H + h) * d + i;
    float low[2], high[2], outLow[2], outHigh[2];
    loadFloats(x + at, low);
    loadFloats(x + at + half, high);
#pragma unroll
    for (int n = 0; n < 2; ++n) {
      outLow[n] = low[n] * cosine[n] - high[n] * sine[n];
      outHigh[n] = high[n] * cosine[n] + low[n] * sine[n];
    }
    storeFloats(y + at, outLow);
    storeFloats(y + at + half, outHigh);
  }
}

template <typename T>
__global__ void swigluKernel(const T *gate, const T *up, T *y, int64_t n, int64_t stride) {
  waitForPrevious();
  letNextStart();
  const int64_t row = blockIdx.x, c = (int64_t(blockIdx.y) * Threads + threadIdx.x) * 8;
  if (c >= n)
    return;
  float a[8], b[8];
  loadFloats(gate + row * stride + c, a);
  loadFloats(up + row * stride + c, b);
#pragma unroll
  for (int i = 0; i < 8; ++i)
    a[i] = a[i] / (1.0f + expf(-a[i])) * b[i];
  storeFloats(y + row * n + c, a);
}

/// y = a + b, or factor * a where b is null.
template <typename T>
__global__ void addKernel(const T *a, const T *b, float factor, T *y, int64_t n) {
  waitForPrevious();
  letNextStart();
  for (int64_t c = (int64_t(blockIdx.x) * Threads + threadIdx.x) * 8; c < n; c += int64_t(gridDim.x) * Threads * 8) {
    float values[8], others[8];
    if (n - c >= 8) {
      loadFloats(a + c, values);
      if (b)
        loadFloats(b + c, others);
#pragma unroll
      for (int i = 0; i < 8; ++i)
        values[i] = b ? values[i] + others[i] : factor * values[i];
      storeFloats(y + c, values);
    } else {
      for (int64_t i = c; i < n; ++i)
        y[i] = fromFloat<T>(b ? toFloat(a[i]) + toFloat(b[i]) : factor * toFloat(a[i]));
    }
  }
}

template <typename T>
static int add(const void *a, const void *b, float factor, void *y, int64_t n, void *stream) {
  const int64_t blocks = std::min<int64_t>(ceilDiv(n, 8 * Threads), 1 << 16);
  return launchEarly(addKernel<T>, dim3(blocks), Threads, 0, stream, static_cast<const T *>(a),
                     static_cast<const T *>(b), factor, static_cast<T *>(y), n);
}

} // namespace xlstm::cuda

using namespace xlstm::cuda;

static bool fits(int64_t count) { return count >= 0 && count < (int64_t(1) << 31); }

int xlstm_cuda_embed(xlstm_dtype type, const int64_t *ids, const void *table, void *y, int64_t tokens, int64_t vocab,
                     int64_t dim, void *stream) {
  if (!fits(tokens) || dim < 8 || dim % 8)
    return cudaErrorInvalidValue;
  int status = cudaErrorInvalidValue;
  withType(type, [&](auto zero) {
    using T = decltype(zero);
    status = tokens ? launchEarly(embedKernel<T>, dim3(tokens), dim < 1024 ? 128 : Threads, 0, stream, ids,
                                  static_cast<const T *>(table), static_cast<T *>(y), vocab, dim)
                    : cudaSuccess;
  });
  return status;
}

int xlstm_cuda_rms_norm(xlstm_dtype type, const void *x, const void *residual, const void *w, void *sum, void *y,
                        int64_t rows, int64_t n, float eps, void *stream) {
  if (!fits(rows) || n < 8 || n % 8 || n > 32768)
    return cudaErrorInvalidValue;
  int status = cudaErrorInvalidValue;
  withType(type, [&](auto zero) {
    using T = decltype(zero);
    auto launch = [&](auto kernel, int64_t parts) {
      return launchEarly(kernel, dim3(rows), ceilDiv(ceilDiv(n, 8 * parts), 32) * 32, 0, stream,
                         static_cast<const T *>(x), static_cast<const T *>(residual), static_cast<const T *>(w),
                         static_cast<T *>(sum), static_cast<T *>(y), n, eps);
    };
    if (!rows)
      status = cudaSuccess;
    else if (n <= (rows <= 64 ? 8192 : 2048)) // few rows: all threads that a row can use
      status = launch(rmsNormKernel<T, 1>, 1);
    else if (n <= 16384)
      status = launch(rmsNormKernel<T, 2>, 2);
    else
      status = launch(rmsNormKernel<T, 4>, 4);
  });
  return status;
}

int xlstm_cuda_rope(xlstm_dtype type, const void *x, const int32_t *positions, const float *frequencies, float factor,
                    void *y, int64_t tokens, int64_t H, int64_t d, void *stream) {
  if (!fits(tokens) || d < 4 || d % 4 || d > 2048 || H < 1)
    return cudaErrorInvalidValue;
  int status = cudaErrorInvalidValue;
  withType(type, [&](auto zero) {
    using T = decltype(zero);
    int64_t perHead = d / 4, heads = Threads / perHead ? Threads / perHead : 1;
    status = tokens ? launchEarly(ropeKernel<T>, dim3(tokens), perHead * (heads < H ? heads : H), 0, stream,
                                  static_cast<const T *>(x), positions, frequencies, factor, static_cast<T *>(y), H, d)
                    : cudaSuccess;
  });
  return status;
}

int xlstm_cuda_swiglu(xlstm_dtype type, const void *gate, const void *up, void *y, int64_t rows, int64_t n,
                      int64_t stride, void *stream) {
  if (!fits(rows) || n < 8 || n % 8 || stride % 8 || stride < n || ceilDiv(n, 8 * Threads) > 65535)
    return cudaErrorInvalidValue;
  int status = cudaErrorInvalidValue;
  withType(type, [&](auto zero) {
    using T = decltype(zero);
    status = rows
                 ? launchEarly(swigluKernel<T>, dim3(rows, ceilDiv(n, 8 * Threads)), Threads, 0, stream,
                               static_cast<const T *>(gate), static_cast<const T *>(up), static_cast<T *>(y), n, stride)
                 : cudaSuccess;
  });
  return status;
}

int xlstm_cuda_add(xlstm_dtype type, const void *a, const void *b, void *y, int64_t n, void *stream) {
  int status = cudaErrorInvalidValue;
  if (n >= 0)
    withType(type, [&](auto zero) { status = n ? add<decltype(zero)>(a, b, 1, y, n, stream) : cudaSuccess; });
  return status;
}

int xlstm_cuda_scale(xlstm_dtype type, const void *x, float factor, void *y, int64_t n, void *stream) {
  int status = cudaErrorInvalidValue;
  if (n >= 0)
    withType(type,
             [&](auto zero) { status = n ? add<decltype(zero)>(x, nullptr, factor, y, n, stream) : cudaSuccess; });
  return status;
}
