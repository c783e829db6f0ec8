//===- Steps.cu - small steps of a compiled model ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/Launch.cuh"
#include "kernels/cuda/Ptx.cuh"
#include "kernels/cuda/StateRow.cuh"
#include "kernels/cuda/Types.cuh"
#include "xlstm/Kernels/Cuda.h"

#include <algorithm>

namespace xlstm::cuda {

constexpr int Threads = 256;

__device__ inline int64_t threadIndex() { return int64_t(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ inline int64_t threadCount() { return int64_t(gridDim.x) * blockDim.x; }
static int64_t blocksFor(int64_t n) { return std::clamp<int64_t>(ceilDiv(n, Threads), 1, 132 * 16); }

/// y[n] = of(n) for all n.
template <typename Y, typename Of>
__global__ void forEach(Y *y, int64_t n, Of of) {
  waitForPrevious();
  letNextStart();
  for (int64_t i = threadIndex(); i < n; i += threadCount())
    y[i] = of(i);
}

/// SplitMix64 of the element's index: the same numbers whatever the grid.
__device__ inline uint64_t mix(uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

/// A standard normal number, by Box and Muller.
__device__ inline float normal(uint64_t seed, uint64_t index) {
  const uint64_t bits = mix(seed + (index + 1) * 0x9e3779b97f4a7c15u);
  const float u = (float(bits >> 40) + 0.5f) * 0x1p-24f, angle = float(bits >> 16 & 0xffffff) * 0x1p-23f;
  return sqrtf(-2 * logf(u)) * cospif(angle);
}

/// pos[b] + t + more, i being b T + t.
struct Positions {
  const int32_t *pos;
  int64_t T;
  int32_t more;
  __device__ int32_t operator()(int64_t i) const { return pos[i / T] + int32_t(i % T) + more; }
};

/// The same of texts whose positions lie apart.
struct PositionsApart {
  const int32_t *pos;
  int64_t T;
  const int64_t *apart;
  __device__ int32_t operator()(int64_t i) const { return *StateRow(apart, i / T).in<int32_t>(pos) + int32_t(i % T); }
};

/// Moves them on; a thread a text.
__global__ void advanceApart(int32_t *pos, int64_t B, int32_t more, const int64_t *apart) {
  waitForPrevious();
  letNextStart();
  for (int64_t b = threadIndex(); b < B; b += threadCount())
    *StateRow(apart, b).in<int32_t>(pos) += more;
}

struct Constant {
  uint32_t value;
  __device__ uint32_t operator()(int64_t) const { return value; }
};

template <typename T>
struct Random {
  uint64_t seed;
  float mean, deviation;
  __device__ T operator()(int64_t i) const { return fromFloat<T>(mean + deviation * normal(seed, i)); }
};

template <typename Y, typename Of>
static int runForEach(Y *y, int64_t n, void *stream, Of of) {
  if (n < 0)
    return cudaErrorInvalidValue;
  return n ? launchEarly(forEach<Y, Of>, dim3(blocksFor(n)), Threads, 0, stream, y, n, of) : cudaSuccess;
}

} // namespace xlstm::cuda

using namespace xlstm::cuda;

int xlstm_cuda_positions(const int32_t *pos, int32_t *positions, int64_t B, int64_t T, void *stream) {
  return B < 0 || T < 0 ? int(cudaErrorInvalidValue) : runForEach(positions, B * T, stream, Positions{pos, T, 0});
}

int xlstm_cuda_advance(int32_t *pos, int64_t B, int64_t T, void *stream) {
  return runForEach(pos, B, stream, Positions{pos, 1, int32_t(T)});
}

int xlstm_cuda_positions_apart(const int32_t *pos, int32_t *positions, int64_t B, int64_t T, const int64_t *apart,
                               void *stream) {
  return B < 0 || T < 0 ? int(cudaErrorInvalidValue)
                        : runForEach(positions, B * T, stream, PositionsApart{pos, T, apart});
}

int xlstm_cuda_advance_apart(int32_t *pos, int64_t B, int64_t T, const int64_t *apart, void *stream) {
  if (B <= 0)
    return B < 0 ? cudaErrorInvalidValue : cudaSuccess;
  return launchEarly(advanceApart, dim3(blocksFor(B)), Threads, 0, stream, pos, B, int32_t(T), apart);
}

int xlstm_cuda_fill(void *y, uint32_t value, int64_t n, void *stream) {
  return runForEach(static_cast<uint32_t *>(y), n, stream, Constant{value});
}

int xlstm_cuda_random_fill(xlstm_dtype type, void *y, int64_t n, uint64_t seed, float mean, float deviation,
                           void *stream) {
  int status = cudaErrorInvalidValue;
  withType(type, [&](auto zero) {
    using E = decltype(zero);
    status = runForEach(static_cast<E *>(y), n, stream, Random<E>{seed, mean, deviation});
  });
  return status;
}
