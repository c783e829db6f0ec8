//===- AttentionFast.cu - attention on the matrix units ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Keys and values go from memory into the registers of the warp that multiplies them, 16 keys at a time. The matrix
// instruction's order of channels is free as long as both operands share it: a lane's 16 bytes of a key are eight
// channels of the sum; a lane's 16 bytes of four values, paired by a byte permutation, are eight columns (or rows) of
// the other product. At most 8 rows: the output is kept transposed, 8 columns wide, so that no half of it is empty.

#include "kernels/cuda/Attention.cuh"
#include "kernels/cuda/Launch.cuh"

namespace xlstm::cuda::attention {

constexpr int Warps = 4, KeysAtOnce = 16;

__device__ inline uint32_t pack(float low, float high) {
  const __nv_bfloat162 both = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const uint32_t *>(&both);
}
/// The lower or upper halves of two words.
__device__ inline uint32_t lowHalves(uint32_t a, uint32_t b) { return __byte_perm(a, b, 0x5410); }
__device__ inline uint32_t highHalves(uint32_t a, uint32_t b) { return __byte_perm(a, b, 0x7632); }
__device__ inline uint32_t word(const uint4 &v, int n) { return n == 0 ? v.x : n == 1 ? v.y : n == 2 ? v.z : v.w; }

/// 16 bytes, read once (by one warp) or soon again by the block's others.
template <bool IsOnce>
__device__ inline uint4 load16(const Bf16 *from) {
  if constexpr (IsOnce)
    return loadEarly(from);
  return *reinterpret_cast<const uint4 *>(from);
}

/// Lane (g, t): rows g and g + 8 of the warp's tile, keys 2 t, 2 t + 1 and 8 more of what is at hand.
template <int Wide, bool IsSplit, bool IsHalf>
struct Attend {
  static constexpr int Steps = Wide / 32, Panels = Wide / 64; // of 32 channels of a key, 64 of a value
  static constexpr int Rows = IsHalf ? 8 : 16, Halves = Rows / 8;

  const Args &a;
  const Place &at;
  const Keys keys;
  const Storage<Bf16> storageK, storageV;
  const int g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
  int row;               // of this lane: the tile's first + g
  int low, high, own[2]; // positions of the tile's first and last row, of the lane's rows
  uint4 q[Steps][Halves], k[Steps][2], v[Panels][4];
  float out[Panels][8 / (3 - Halves)][4]; // IsHalf: [.., pairs of channels], else [.., channels]
  float top[2] = {-INFINITY, -INFINITY}, sum[2] = {};

  __device__ Attend(const Args &a, const Place &at, int first)
      : a(a), at(at), keys(a, at), storageK(keysOf<Bf16>(a, at)), storageV(valuesOf<Bf16>(a, at)), row(first + g) {
    const int last = at.end - 1;
    low = at.position(a, min(first, last)), high = at.position(a, min(first + Rows - 1, last));
#pragma unroll
    for (int half = 0; half < Halves; ++half) {
      const int r = min(row + 8 * half, last);
      own[half] = at.position(a, r);
      const Bf16 *from = at.query<Bf16>(a, r) + t * 8;
#pragma unroll
      for (int n = 0; n < Steps; ++n)
        q[n][half] = n * 32 + t * 8 < a.d ? *reinterpret_cast<const uint4 *>(from + n * 32) : uint4{};
    }
#pragma unroll
    for (auto &panel : out)
#pragma unroll
      for (auto &fragment : panel)
#pragma unroll
        for (float &value : fragment)
          value = 0;
  }

  /// Starts loading the list's 16 keys from n on.
  __device__ void loadK(int n) {
#pragma unroll
    for (int tile = 0; tile < 2; ++tile) {
      const Bf16 *from = storageK.row(keys, n + 8 * tile + g) + t * 8;
#pragma unroll
      for (int step = 0; step < Steps; ++step)
        k[step][tile] = step * 32 + t * 8 < a.d ? load16<IsSplit>(from + step * 32) : uint4{};
    }
  }
  __device__ void loadV(int n) {
#pragma unroll
    for (int key = 0; key < 4; ++key) {
      const Bf16 *from = storageV.row(keys, n + 2 * t + key % 2 + key / 2 * 8) + g * 8;
#pragma unroll
      for (int panel = 0; panel < Panels; ++panel)
        v[panel][key] = panel * 64 + g * 8 < a.dv ? load16<IsSplit>(from + panel * 64) : uint4{};
    }
  }

  /// s[tile]: of keys 8 tile + 2 t, + 1 and rows g (0, 1) and g + 8 (2, 3).
  __device__ void score(float (&s)[2][4]) const {
#pragma unroll
    for (int step = 0; step < Steps; ++step) {
      const uint4 upper = q[step][0], lower = IsHalf ? uint4{} : q[step][Halves - 1];
#pragma unroll
      for (int tile = 0; tile < 2; ++tile) {
        multiplyAdd(s[tile], {upper.x, lower.x, upper.y, lower.y}, k[step][tile].x, k[step][tile].y);
        multiplyAdd(s[tile], {upper.z, lower.z, upper.w, lower.w}, k[step][tile].z, k[step][tile].w);
      }
    }
  }

  /// Scores become weights under the running maximum; sums and output follow.
  __device__ void weigh(float (&s)[2][4], int n) {
    const bool isWhole = keys.areSeen(n, low, high);
    float shrink[2] = {1, 1};
#pragma unroll
    for (int half = 0; half < Halves; ++half) {
      float most = top[half];
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        float &score = s[e / 2][2 * half + e % 2];
        const bool isSeen = isWhole || keys.isSeen(n + e / 2 * 8 + 2 * t + e % 2, own[half]);
        score = isSeen ? score * a.scale : -INFINITY;
        most = fmaxf(most, score);
      }
      most = fmaxf(most, __shfl_xor_sync(~0u, most, 1));
      most = fmaxf(most, __shfl_xor_sync(~0u, most, 2));
      const float base = most > -INFINITY ? most : 0.0f;
      shrink[half] = exp2Fast(top[half] - base);
      top[half] = most, sum[half] *= shrink[half];
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        float &weight = s[e / 2][2 * half + e % 2];
        weight = exp2Fast(weight - base);
        sum[half] += weight;
      }
    }
    if (__any_sync(~0u, shrink[0] != 1 || shrink[1] != 1))
      rescale(shrink);
  }
  __device__ void rescale(const float (&shrink)[2]) {
    // Transposed, a lane has columns 2 t and 2 t + 1, whose rows are lanes 8 t and 8 t + 4's.
    const float first = IsHalf ? __shfl_sync(~0u, shrink[0], 8 * t) : shrink[0];
    const float second = IsHalf ? __shfl_sync(~0u, shrink[0], 8 * t + 4) : shrink[0];
#pragma unroll
    for (auto &panel : out)
#pragma unroll
      for (auto &x : panel) {
        x[0] *= first, x[1] *= second;
        x[2] *= IsHalf ? first : shrink[1], x[3] *= IsHalf ? second : shrink[1];
      }
  }

  /// out += weights times values.
  __device__ void addValues(const float (&s)[2][4]) {
    const uint32_t p[4] = {pack(s[0][0], s[0][1]), pack(s[0][2], s[0][3]), pack(s[1][0], s[1][1]),
                           pack(s[1][2], s[1][3])};
#pragma unroll
    for (int panel = 0; panel < Panels; ++panel)
#pragma unroll
      for (int n = 0; n < 4; ++n) {
        uint32_t w[4]; // channels 2 n and 2 n + 1 of keys 2 t, 2 t + 1, and of the two 8 further
#pragma unroll
        for (int key = 0; key < 4; ++key)
          w[key] = word(v[panel][key], n);
        const uint32_t even[2] = {lowHalves(w[0], w[1]), lowHalves(w[2], w[3])};
        const uint32_t odd[2] = {highHalves(w[0], w[1]), highHalves(w[2], w[3])};
        if constexpr (IsHalf) {
          multiplyAdd(out[panel][n], {even[0], odd[0], even[1], odd[1]}, p[0], p[2]);
        } else {
          multiplyAdd(out[panel][2 * n], p, even[0], even[1]);
          multiplyAdd(out[panel][2 * n + 1], p, odd[0], odd[1]);
        }
      }
  }

  /// Over keys n, n + step, ... of the list.
  __device__ void run(int n, int step) {
    if (n < keys.count)
      loadK(n);
    for (; n < keys.count; n += step) {
      float s[2][4] = {};
      loadV(n);
      score(s);
      if (n + step < keys.count)
        loadK(n + step);
      weigh(s, n);
      addValues(s);
    }
#pragma unroll
    for (int half = 0; half < Halves; ++half) {
      sum[half] += __shfl_xor_sync(~0u, sum[half], 1);
      sum[half] += __shfl_xor_sync(~0u, sum[half], 2);
    }
  }

  /// Calls put(row of the tile, channel, eight values), each of the warp's values once.
  template <typename Put>
  __device__ void visit(Put put) const {
#pragma unroll
    for (int panel = 0; panel < Panels; ++panel)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float values[2][8]; // IsHalf: rows 2 t + half, channels 8 g; else row g + 8 half, channels 16 t
#pragma unroll
        for (int c = 0; c < 8; ++c)
#pragma unroll
          for (int e = 0; e < 2; ++e)
            values[e][c] = IsHalf ? out[panel][c / 2][c % 2 * 2 + half] : out[panel][c / (3 - Halves)][2 * half + e];
        if constexpr (IsHalf) {
          put(2 * t + half, panel * 64 + 8 * g, values[0]);
        } else {
          put(g + 8 * half, panel * 64 + 16 * t, values[0]);
          put(g + 8 * half, panel * 64 + 16 * t + 8, values[1]);
        }
      }
  }
};

/// A warp's tile of rows, all keys: straight to h.
template <int Wide, bool IsHalf>
__device__ void attendRows(const Args &a, const Place &at) {
  using Own = Attend<Wide, false, IsHalf>;
  const int first = at.first + int(threadIdx.x) / 32 * Own::Rows;
  if (first >= at.end)
    return;
  Own own(a, at, first);
  own.run(0, KeysAtOnce);
  own.visit([&](int row, int c, float(&values)[8]) {
    const float scale = 1.0f / (IsHalf ? __shfl_sync(~0u, own.sum[0], 4 * row) : own.sum[row / 8]);
    if (first + row >= at.end || c >= a.dv)
      return;
#pragma unroll
    for (float &value : values)
      value *= scale;
    storeFloats(at.output<Bf16>(a, first + row) + c, values);
  });
}

/// One tile of rows by all warps, which divide the keys.
template <int Wide, bool IsHalf>
__device__ void attendKeys(const Args &a, const Place &at) {
  constexpr int Rows = IsHalf ? 8 : 16, Pitch = Wide + 4;
  extern __shared__ __align__(16) float shared[]; // [Warps,Rows,Pitch], then [Warps,Rows] of maximum and sum
  float2 *weights = reinterpret_cast<float2 *>(shared + Warps * Rows * Pitch);
  const int warp = threadIdx.x / 32;
  {
    Attend<Wide, true, IsHalf> own(a, at, at.first);
    own.run((at.split * Warps + warp) * KeysAtOnce, a.splits * Warps * KeysAtOnce);
    own.visit([&](int row, int c, const float(&values)[8]) {
      storeFloats(shared + (warp * Rows + row) * Pitch + c, values);
    });
    if (own.t == 0)
#pragma unroll
      for (int half = 0; half < Rows / 8; ++half)
        weights[warp * Rows + own.g + 8 * half] = {own.top[half], own.sum[half]};
  }
  __syncthreads();
  writeParts<Bf16>(
      a, at, Warps, [&](int n, int row) { return weights[n * Rows + row]; },
      [&](int n, int row, int c) { return shared[(n * Rows + row) * Pitch + c]; });
}

template <int Wide, bool IsSplit, bool IsHalf>
__global__ void __launch_bounds__(Warps * 32) fastKernel(const __grid_constant__ Args a) {
  waitForPrevious();
  letNextStart();
  const Place at(a, (IsSplit ? 1 : Warps) * (IsHalf ? 8 : 16));
  rememberOne<Bf16>(a, at);
  if constexpr (IsSplit)
    attendKeys<Wide, IsHalf>(a, at);
  else
    attendRows<Wide, IsHalf>(a, at);
}

template <int Wide, bool IsSplit, bool IsHalf>
static cudaError_t launchTiles(const Args &a, void *stream) {
  constexpr int Rows = IsHalf ? 8 : 16;
  const auto kernel = fastKernel<Wide, IsSplit, IsHalf>;
  const dim3 grid(ceilDiv(a.rows(), IsSplit ? Rows : Warps * Rows) * a.splits, a.Hkv, a.B);
  const size_t bytes = IsSplit ? Warps * Rows * ((Wide + 4) * sizeof(float) + sizeof(float2)) : 0;
  if (bytes > 48 * 1024)
    if (cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes)))
      return error;
  return launchEarly(kernel, grid, Warps * 32, bytes, stream, a);
}

/// Wide heads have no registers for 16 rows.
template <int Wide>
static cudaError_t launchWide(const Args &a, bool isSplit, void *stream) {
  constexpr bool IsHalf = Wide > 128;
  if (!isSplit)
    return launchTiles<Wide, false, IsHalf>(a, stream);
  return a.rows() <= 8 ? launchTiles<Wide, true, true>(a, stream) : launchTiles<Wide, true, IsHalf>(a, stream);
}

cudaError_t attendFast(const Args &a, bool isSplit, void *stream) {
  const int wide = a.d > a.dv ? a.d : a.dv;
  return wide <= 64    ? launchWide<64>(a, isSplit, stream)
         : wide <= 128 ? launchWide<128>(a, isSplit, stream)
                       : launchWide<256>(a, isSplit, stream);
}

} // namespace xlstm::cuda::attention
