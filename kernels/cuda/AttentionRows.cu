//===- AttentionRows.cu - attention of many rows: each warp has its own -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Keys and values pass through shared memory, two stages of them, for the block's four tiles of rows. a.splits blocks
// take a stage each in turn.

#include "kernels/cuda/AttentionTiles.cuh"
#include "kernels/cuda/Launch.cuh"

namespace xlstm::cuda::attention {

/// Rows of keys and values in shared memory, so far apart that eight lanes meet all banks: 64 bytes of two keys each,
/// 16 of two channels and every second value.
template <int Wide>
struct Stage {
  static constexpr int Count = Wide > 128 ? 32 : 64; // keys
  static constexpr int PitchK = 2 * Wide + 64, PitchV = 2 * Wide + 16, Bytes = Count * (PitchK + PitchV);

  /// Starts copying the list's keys and values from n on; channels that a head does not have stay as they are.
  __device__ static void bring(const Args &a, const Keys &keys, const Storage<Bf16> &k, const Storage<Bf16> &v,
                               char *stage, int n) {
    constexpr int Pieces = Wide / 8;
    const int c = threadIdx.x % Pieces * 8;
#pragma unroll 4
    for (int row = threadIdx.x / Pieces; row < Count; row += Warps * 32 / Pieces) {
      if (c < a.d)
        copyAsync<16>(stage + row * PitchK + 2 * c, k.row(keys, n + row) + c);
      if (c < a.dv)
        copyAsync<16>(stage + Count * PitchK + row * PitchV + 2 * c, v.row(keys, n + row) + c);
    }
  }
};

template <int Wide, bool IsHalf>
__global__ void __launch_bounds__(Warps * 32, Wide > 128 ? 1 : 2) rowsKernel(const __grid_constant__ Args a) {
  using S = Stage<Wide>;
  constexpr int Groups = 2;
  using Own = Tile<Wide, IsHalf, Groups>;
  extern __shared__ __align__(16) char stages[]; // two
  waitForPrevious();
  letNextStart();
  const Place at(a, (gridDim.x - 1 - blockIdx.x) / a.splits,
                 Warps * Own::Rows); // the last rows have the most keys: first
  rememberOne<Bf16>(a, at);
  const Keys keys(a, at);
  const Storage<Bf16> storageK = keysOf<Bf16>(a, at), storageV = valuesOf<Bf16>(a, at);
  for (int n = threadIdx.x * 16; n < 2 * S::Bytes; n += Warps * 32 * 16)
    *reinterpret_cast<uint4 *>(stages + n) = {};
  const int first = at.first + int(threadIdx.x) / 32 * Own::Rows;
  Own own(a, at, keys, first);
  __syncthreads();
  const int begin = at.split * S::Count, step = a.splits * S::Count;
  if (begin < keys.count)
    S::bring(a, keys, storageK, storageV, stages, begin);
  for (int from = begin, turn = 0; from < keys.count; from += step, turn ^= 1) {
    const char *stage = stages + turn * S::Bytes;
    waitCopies();
    __syncthreads(); // this stage is there, and nobody reads the other one
    if (from + step < keys.count)
      S::bring(a, keys, storageK, storageV, stages + (turn ^ 1) * S::Bytes, from + step);
    auto rowOf = [=](const char *base, int pitch) {
      return [=](int n) {
        const char *row = base + (n - from) * pitch;
        return [=](int c) { return *reinterpret_cast<const uint4 *>(row + 2 * c); };
      };
    };
    for (int n = from; n < min(from + S::Count, keys.count); n += Groups * KeysAtOnce) {
      if (first >= at.end || keys.areUnseen(n, Groups * KeysAtOnce, own.low, own.high))
        continue;
      typename Own::Scores s = {};
      own.loadK(n, rowOf(stage, S::PitchK));
      own.score(s);
      own.weigh(s, n);
#pragma unroll
      for (int group = 0; group < Groups; ++group) {
        own.loadV(n + group * KeysAtOnce, rowOf(stage + S::Count * S::PitchK, S::PitchV));
        own.addValues(s, group);
      }
    }
  }
  own.finish();
  if (a.splits > 1 && own.t == 0)
#pragma unroll
    for (int half = 0; half < Own::Halves; ++half)
      if (const int row = first + own.g + 8 * half; row < at.end)
        a.weights[at.part(a, row)] = {own.top[half], own.sum[half]};
  own.visit([&](int row, int c, float(&values)[8]) {
    const float scale = 1.0f / (IsHalf ? __shfl_sync(~0u, own.sum[0], 4 * row) : own.sum[row / 8]);
    if (first + row >= at.end || c >= a.dv)
      return;
    if (a.splits > 1)
      return storeFloats(a.out + at.part(a, first + row) * a.dv + c, values);
#pragma unroll
    for (float &value : values)
      value *= scale;
    storeFloats(at.output<Bf16>(a, first + row) + c, values);
  });
}

template <int Wide, bool IsHalf>
static cudaError_t launchRows(const Args &a, void *stream) {
  const dim3 grid(ceilDiv(a.rows(), Warps * (IsHalf ? 8 : 16)) * a.splits, a.Hkv, a.B);
  return launchShared(rowsKernel<Wide, IsHalf>, grid, Warps * 32, 2 * Stage<Wide>::Bytes, stream, a);
}

cudaError_t attendRows(const Args &a, void *stream) {
  const int wide = a.wide();
  return wide <= 64    ? launchRows<64, false>(a, stream)
         : wide <= 128 ? launchRows<128, false>(a, stream)
                       : launchRows<256, true>(a, stream);
}

} // namespace xlstm::cuda::attention
