//===- AttentionPlain.cu - attention in plain float32, any type and width ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/Attention.cuh"
#include "kernels/cuda/Launch.cuh"
#include "kernels/cuda/Rows.cuh"

namespace xlstm::cuda::attention {

using namespace rows16;
static_assert(Rows == TileRows);

struct Shared {
  float *q, *out, *tile, *scores, *top, *sum, *shrink;

  __host__ __device__ Shared(float *base, const Args &a) : q(base) {
    out = q + Rows * a.d, tile = out + Rows * a.dv, scores = tile + TileFloats, top = scores + ScoreFloats;
    sum = top + Rows, shrink = sum + Rows;
  }
  static size_t bytes(const Args &a) {
    return size_t(Rows * (a.d + a.dv + 3) + TileFloats + ScoreFloats) * sizeof(float);
  }
};

/// A warp's two rows: scores of the 32 keys from n on become weights; maximum, sum and shrink follow.
__device__ void weigh(const Args &a, const Place &at, const Keys &keys, const Shared &s, float2 score, int n) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int r = warp + 8 * half, row = min(at.first + r, at.end - 1);
    const bool isSeen = keys.isSeen(n + lane, at.position(a, row));
    const float own = isSeen ? (half ? score.y : score.x) * a.scale : -INFINITY;
    const float before = s.top[r], most = fmaxf(before, groupMax(own)), base = most > -INFINITY ? most : 0.0f;
    const float weight = exp2f(own - base), shrink = exp2f(before - base), total = groupSum(weight);
    s.scores[r * ScorePitch + lane] = weight;
    __syncwarp();
    if (lane == 0)
      s.top[r] = most, s.sum[r] = s.sum[r] * shrink + total, s.shrink[r] = shrink;
  }
}

/// Blocks as in the fast kernel; a block's 16 rows see its share of the keys by 32.
template <typename T>
__global__ void __launch_bounds__(Threads) plainKernel(const __grid_constant__ Args a) {
  extern __shared__ float memory[];
  const Shared s(memory, a);
  waitForPrevious();
  letNextStart();
  const Place at(a, blockIdx.x / a.splits, TileRows);
  rememberOne<T>(a, at);
  const Keys keys(a, at);
  const Storage<T> k = keysOf<T>(a, at), v = valuesOf<T>(a, at);
  loadRows<T>(s.q, Rows, a.d, [&](int n) { return at.query<T>(a, min(at.first + n, at.end - 1)); });
  for (int n = threadIdx.x; n < Rows * a.dv; n += Threads)
    s.out[n] = 0;
  for (int n = threadIdx.x; n < Rows; n += Threads)
    s.top[n] = -INFINITY, s.sum[n] = 0;
  for (int n = at.split * Partners; n < keys.count; n += a.splits * Partners) {
    const int count = min(Partners, keys.count - n);
    const float2 score = scores<T>(s.q, a.d, s.tile, count, [&](int i) { return k.row(keys, n + i); });
    weigh(a, at, keys, s, score, n);
    addPartners<T>(s.out, s.shrink, s.scores, a.dv, s.tile, count, [&](int i) { return v.row(keys, n + i); });
  }
  __syncthreads();
  writeParts<T>(
      a, at, 1,
      [&](int, int row) {
        return float2{s.top[row], s.sum[row]};
      },
      [&](int, int row, int c) { return s.out[row * a.dv + c]; });
}

template <typename T>
static cudaError_t launchPlain(const Args &a, void *stream) {
  const size_t bytes = Shared::bytes(a);
  int device = 0, most = 0;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
  if (bytes > size_t(most))
    return cudaErrorInvalidValue;
  const dim3 grid(ceilDiv(a.rows(), TileRows) * a.splits, a.Hkv, a.B);
  return launchShared(plainKernel<T>, grid, Threads, bytes, stream, a);
}

cudaError_t attendPlain(const Args &a, xlstm_dtype type, void *stream) {
  return type == XLSTM_F32 ? launchPlain<float>(a, stream) : launchPlain<Bf16>(a, stream);
}

} // namespace xlstm::cuda::attention
