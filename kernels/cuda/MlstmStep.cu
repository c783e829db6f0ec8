//===- MlstmStep.cu - the matrix memory, one token a text -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// S goes from memory into registers, is updated, multiplied with q and written back; a thread has the same columns of
// every RowsAtOnce-th row.

#include "kernels/cuda/HybridDecodeLaunch.cuh"
#include "kernels/cuda/Mlstm.cuh"

namespace xlstm::cuda::mlstm {

constexpr int Round = 4; // rows a thread has under way

/// What the token's gates make of the state: S becomes keep S + add k v^T.
struct StepGates {
  float keep, add, max;
  bool isEmpty;

  __device__ StepGates(const Args &a, const Place &at) {
    const float first = a.max[at.state];
    const double before = double(first) + (a.f ? logSigmoid(a.f[at.state]) : 0.0);
    const double input = a.i ? double(a.i[at.state]) : 0.0;
    max = float(fmax(before, input)), isEmpty = first == -INFINITY;
    keep = gateWeight(before, max), add = gateWeight(input, max);
  }
};

__device__ inline float blockSum(float x, float *partial) {
  x = groupSum(x);
  if (threadIdx.x % 32 == 0)
    partial[threadIdx.x / 32] = x;
  __syncthreads();
  return groupSum(threadIdx.x % 32 < Warps ? partial[threadIdx.x % 32] : 0.0f);
}

/// The block's columns of S from column `first` on, 32 of them; returns the sums of q S for the thread's own ones.
template <int Width, typename T>
struct Strip {
  static constexpr int Wide = Columns / Width, RowsAtOnce = Threads / Wide;
  float old[Round][Width], sum[Width] = {};
  float *state; // the thread's first row
  int row, column, rows;

  __device__ Strip(const Args &a, const Place &at, int first)
      : row(threadIdx.x / Wide), column(at.column + first + threadIdx.x % Wide * Width), rows(column < a.dv ? a.m : 0) {
    state = a.S + (at.state * a.m + row) * a.dv + column;
  }
  __device__ void load(const Args &a, int from) {
#pragma unroll
    for (int n = 0; n < Round; ++n)
      if (const int r = from + n * RowsAtOnce; row + r < rows)
        loadFloats(state + int64_t(r) * a.dv, old[n]);
  }
  __device__ void update(const Args &a, const StepGates &gates, const float *q, const float *k, const T *values) {
    float v[Width] = {};
    if (rows)
      loadFloats(values + column, v);
    for (int from = 0; from < a.m; from += Round * RowsAtOnce) {
      if (from)
        load(a, from);
#pragma unroll
      for (int n = 0; n < Round; ++n) {
        const int r = from + n * RowsAtOnce;
        if (row + r >= rows)
          continue;
        const float key = gates.add * k[row + r], query = q[row + r];
#pragma unroll
        for (int c = 0; c < Width; ++c) {
          old[n][c] = (gates.isEmpty ? 0.0f : gates.keep * old[n][c]) + key * v[c];
          sum[c] += query * old[n][c];
        }
        storeFloats(state + int64_t(r) * a.dv, old[n]);
      }
    }
  }
  /// h of the strip: lanes of a warp with the same columns add up, then warps.
  __device__ void write(const Args &a, T *h, float scale, float (&sums)[Warps][Columns]) {
#pragma unroll
    for (int c = 0; c < Width; ++c)
#pragma unroll
      for (int step = Wide; step < 32; step *= 2)
        sum[c] += __shfl_xor_sync(~0u, sum[c], step);
    if (threadIdx.x % 32 < Wide)
      storeFloats(&sums[threadIdx.x / 32][threadIdx.x % 32 * Width], sum);
    __syncthreads();
    const int to = column - threadIdx.x % Wide * Width + threadIdx.x;
    if (threadIdx.x < Columns && to < a.dv) {
      float total = 0;
#pragma unroll
      for (int n = 0; n < Warps; ++n)
        total += sums[n][threadIdx.x];
      h[to] = fromFloat<T>(total * scale);
    }
    __syncthreads();
  }
};

template <int Width, typename T>
__global__ void __launch_bounds__(Threads) stepKernel(const __grid_constant__ Args a) {
  extern __shared__ float features[]; // q, k and the new z, [m] each
  __shared__ __align__(16) float sums[Warps][Columns];
  __shared__ float partial[Warps];
  float *q = features, *k = q + a.m, *z = k + a.m;
  const Place at(a);
  waitForPrevious();
  letNextStart();
  Strip<Width, T> strip(a, at, 0);
  strip.load(a, 0);
  const StepGates gates(a, at);
  float dot = 0;
  for (int c = threadIdx.x; c < a.m; c += Threads) {
    q[c] = toFloat(static_cast<const T *>(a.q)[at.state * a.m + c]);
    k[c] = toFloat(static_cast<const T *>(a.k)[at.state * a.m + c]);
    z[c] = (gates.isEmpty ? 0.0f : gates.keep * a.z[at.state * a.m + c]) + gates.add * k[c];
    dot += q[c] * z[c];
  }
  const float scale = 1.0f / fmaxf(blockSum(dot, partial), 1e-30f);
  clusterArrive(); // z and the maximum have been read
  const T *v = static_cast<const T *>(a.v) + at.b * a.vStride + at.head / (a.H / a.Hkv) * a.dv;
  for (int first = 0; first < a.columns; first += Columns) {
    if (first) {
      strip = Strip<Width, T>(a, at, first);
      strip.load(a, 0);
    }
    strip.update(a, gates, q, k, v);
    strip.write(a, static_cast<T *>(a.h) + at.state * a.dv, scale, sums);
  }
  clusterWait();
  if (at.column)
    return;
  for (int c = threadIdx.x; c < a.m; c += Threads)
    a.z[at.state * a.m + c] = z[c];
  if (threadIdx.x == 0)
    a.max[at.state] = gates.max;
}

template <typename T>
static cudaError_t launchStep(const Args &a, int64_t B, bool isWide, void *stream) {
  const decode::Device device;
  const size_t bytes = 3 * size_t(a.m) * sizeof(float);
  if (bytes > size_t(device.sharedBytes) - 2048)
    return cudaErrorInvalidValue;
  return decode::launchClusters(isWide ? stepKernel<4, T> : stepKernel<1, T>, a, dim3(a.H * a.blocks, B), Threads,
                                a.blocks, bytes, device.hasClusters(), cudaStream_t(stream));
}

cudaError_t step(const Args &a, int64_t B, xlstm_dtype type, bool isWide, void *stream) {
  return type == XLSTM_F32 ? launchStep<float>(a, B, isWide, stream) : launchStep<Bf16>(a, B, isWide, stream);
}

} // namespace xlstm::cuda::mlstm
