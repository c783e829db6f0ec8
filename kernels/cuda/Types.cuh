//===- Types.cuh - stored types as float32, in registers and by 16 bytes ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CUDA_TYPES_CUH
#define XLSTM_KERNELS_CUDA_TYPES_CUH

#include "xlstm/Kernels/Hybrid.h"

#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp8.h>
#include <cuda_runtime.h>

namespace xlstm::cuda {

using Bf16 = __nv_bfloat16;
using Fp8 = __nv_fp8_e4m3;

__device__ inline float toFloat(float x) { return x; }
__device__ inline float toFloat(Bf16 x) { return __bfloat162float(x); }
__device__ inline float toFloat(Fp8 x) { return float(x); }

template <typename T>
__device__ inline T fromFloat(float x) {
  return T(x); // rounds to nearest even; fp8 saturates
}

/// `N` neighbours, moved as one access; N * sizeof(T) is at most 16 and a power of two, the address a multiple of it.
template <typename T, int N>
struct alignas(N * sizeof(T)) Vec {
  T at[N];
};

/// As many elements as 16 bytes hold.
template <typename T>
constexpr int Lanes = 16 / int(sizeof(T));

template <typename T, int N>
__device__ inline void loadFloats(const T *from, float (&to)[N]) {
  constexpr int step = N < Lanes<T> ? N : Lanes<T>;
#pragma unroll
  for (int n = 0; n < N; n += step) {
    Vec<T, step> part = *reinterpret_cast<const Vec<T, step> *>(from + n);
#pragma unroll
    for (int i = 0; i < step; ++i)
      to[n + i] = toFloat(part.at[i]);
  }
}

template <typename T, int N>
__device__ inline void storeFloats(T *to, const float (&from)[N]) {
  constexpr int step = N < Lanes<T> ? N : Lanes<T>;
#pragma unroll
  for (int n = 0; n < N; n += step) {
    Vec<T, step> part;
#pragma unroll
    for (int i = 0; i < step; ++i)
      part.at[i] = fromFloat<T>(from[n + i]);
    *reinterpret_cast<Vec<T, step> *>(to + n) = part;
  }
}

/// Over each group of `Width` neighbouring threads of a warp; every one gets the result.
template <int Width = 32>
__device__ inline float groupSum(float x) {
#pragma unroll
  for (int step = Width / 2; step; step /= 2)
    x += __shfl_xor_sync(~0u, x, step);
  return x;
}

template <int Width = 32>
__device__ inline float groupMax(float x) {
#pragma unroll
  for (int step = Width / 2; step; step /= 2)
    x = fmaxf(x, __shfl_xor_sync(~0u, x, step));
  return x;
}

/// Whether 16 bytes at a time may be moved at all of these.
template <typename... Pointers>
bool isAligned(Pointers... p) {
  return ((reinterpret_cast<uintptr_t>(p) % 16 == 0) && ...);
}

inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Calls body(T()) with the C++ type of a stored type that activations may have; false for another.
template <typename Body>
bool withType(xlstm_dtype type, Body body) {
  if (type == XLSTM_F32)
    return body(float()), true;
  if (type == XLSTM_BF16)
    return body(Bf16()), true;
  return false;
}

} // namespace xlstm::cuda

#endif // XLSTM_KERNELS_CUDA_TYPES_CUH
