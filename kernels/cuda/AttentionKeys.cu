//===- AttentionKeys.cu - attention of few rows: their keys are divided ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Keys and values go from memory into the registers of the warp that multiplies them: each is used once.

#include "kernels/cuda/AttentionTiles.cuh"
#include "kernels/cuda/Launch.cuh"

namespace xlstm::cuda::attention {

/// A block's warps, and a.splits blocks, take 16 keys each in turn.
template <int Wide, bool IsHalf>
__device__ void attendKeys(const Args &a, const Place &at, float *sums, float2 *weights) {
  constexpr int Rows = IsHalf ? 8 : 16, Pitch = Wide + 4;
  const int warp = threadIdx.x / 32, step = a.splits * Warps * KeysAtOnce;
  const Keys keys(a, at);
  const Storage<Bf16> storageK = keysOf<Bf16>(a, at), storageV = valuesOf<Bf16>(a, at);
  auto rowOf = [&](const Storage<Bf16> &storage, int width) {
    return [&, width](int n) {
      const Bf16 *row = storage.row(keys, n);
      return [=](int c) { return c < width ? loadEarly(row + c) : uint4{}; };
    };
  };
  Tile<Wide, IsHalf, 1> own(a, at, keys, at.first);
  int n = (at.split * Warps + warp) * KeysAtOnce;
  if (n < keys.count)
    own.loadK(n, rowOf(storageK, a.d));
  for (; n < keys.count; n += step) {
    float s[2][4] = {};
    own.loadV(n, rowOf(storageV, a.dv));
    own.score(s);
    if (n + step < keys.count)
      own.loadK(n + step, rowOf(storageK, a.d));
    own.weigh(s, n);
    own.addValues(s, 0);
  }
  own.finish();
  own.visit(
      [&](int row, int c, const float(&values)[8]) { storeFloats(sums + (warp * Rows + row) * Pitch + c, values); });
  if (own.t == 0)
#pragma unroll
    for (int half = 0; half < Rows / 8; ++half)
      weights[warp * Rows + own.g + 8 * half] = {own.top[half], own.sum[half]};
}

template <int Wide, bool IsHalf>
__global__ void __launch_bounds__(Warps * 32) keysKernel(const __grid_constant__ Args a) {
  constexpr int Rows = IsHalf ? 8 : 16, Pitch = Wide + 4;
  extern __shared__ __align__(16) float sums[]; // [Warps,Rows,Pitch], then [Warps,Rows] of maximum and sum
  float2 *weights = reinterpret_cast<float2 *>(sums + Warps * Rows * Pitch);
  waitForPrevious();
  letNextStart();
  const Place at(a, blockIdx.x / a.splits, Rows);
  rememberOne<Bf16>(a, at);
  attendKeys<Wide, IsHalf>(a, at, sums, weights);
  __syncthreads();
  writeParts<Bf16>(
      a, at, Warps, [&](int n, int row) { return weights[n * Rows + row]; },
      [&](int n, int row, int c) { return sums[(n * Rows + row) * Pitch + c]; });
}

template <int Wide, bool IsHalf>
static cudaError_t launchKeys(const Args &a, void *stream) {
  constexpr int Rows = IsHalf ? 8 : 16;
  constexpr size_t Bytes = Warps * Rows * ((Wide + 4) * sizeof(float) + sizeof(float2));
  return launchShared(keysKernel<Wide, IsHalf>, dim3(ceilDiv(a.rows(), Rows) * a.splits, a.Hkv, a.B), Warps * 32, Bytes,
                      stream, a);
}

/// Wide heads have no registers for 16 rows.
cudaError_t attendKeys(const Args &a, void *stream) {
  const bool isHalf = a.rows() <= 8;
  if (const int wide = a.wide(); wide <= 64)
    return isHalf ? launchKeys<64, true>(a, stream) : launchKeys<64, false>(a, stream);
  else if (wide <= 128)
    return isHalf ? launchKeys<128, true>(a, stream) : launchKeys<128, false>(a, stream);
  return launchKeys<256, true>(a, stream);
}

} // namespace xlstm::cuda::attention
