//===- AttentionTiles.cuh - 16 rows and 16 keys on the matrix units ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A warp multiplies 16 keys at a time. The matrix instruction's order of channels is free as long as both operands
// share it: a lane's 16 bytes of a key are eight channels of the sum; a lane's 16 bytes of four values, paired by a
// byte permutation, are eight columns (or rows) of the other product. So both come as they lie in memory. At most 8
// rows: the output is kept transposed, 8 columns wide, so that no half of it is empty.

#ifndef XLSTM_KERNELS_CUDA_ATTENTIONTILES_CUH
#define XLSTM_KERNELS_CUDA_ATTENTIONTILES_CUH

#include "kernels/cuda/Attention.cuh"

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

/// A warp's rows, and Groups times 16 keys at a time: the more, the more products that do not wait for one another.
/// Lane (g, t): rows g and g + 8, keys 2 t, 2 t + 1 and 8 more of what is at hand.
template <int Wide, bool IsHalf, int Groups>
struct Tile {
  static constexpr int Steps = Wide / 32, Panels = Wide / 64; // of 32 channels of a key, 64 of a value
  static constexpr int Rows = IsHalf ? 8 : 16, Halves = Rows / 8;

  const Args &a;
  const Keys &keys;
  const int g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
  int low, high, own[2]; // positions of the tile's first and last row, of the lane's rows
  uint4 q[Steps][Halves], k[Steps][2 * Groups], v[Panels][4];
  float out[Panels][8 / (3 - Halves)][4] = {}; // IsHalf: [.., pairs of channels], else [.., channels]
  float top[2] = {-INFINITY, -INFINITY}, sum[2] = {};

  __device__ Tile(const Args &a, const Place &at, const Keys &keys, int first) : a(a), keys(keys) {
    const int last = at.end - 1;
    low = at.position(a, min(first, last)), high = at.position(a, min(first + Rows - 1, last));
#pragma unroll
    for (int half = 0; half < Halves; ++half) {
      const int r = min(first + g + 8 * half, last);
      own[half] = at.position(a, r);
      const Bf16 *from = at.query<Bf16>(a, r) + t * 8;
#pragma unroll
      for (int n = 0; n < Steps; ++n)
        q[n][half] = n * 32 + t * 8 < a.d ? *reinterpret_cast<const uint4 *>(from + n * 32) : uint4{};
    }
  }

  /// Starts loading the list's keys, and 16 values, from n on: row(n)(c) gives 16 bytes from channel c on.
  template <typename Row>
  __device__ void loadK(int n, Row row) {
#pragma unroll
    for (int tile = 0; tile < 2 * Groups; ++tile) {
      const auto from = row(n + 8 * tile + g);
#pragma unroll
      for (int step = 0; step < Steps; ++step)
        k[step][tile] = from(step * 32 + t * 8);
    }
  }
  template <typename Row>
  __device__ void loadV(int n, Row row) {
#pragma unroll
    for (int key = 0; key < 4; ++key) {
      const auto from = row(n + 2 * t + key % 2 + key / 2 * 8);
#pragma unroll
      for (int panel = 0; panel < Panels; ++panel)
        v[panel][key] = from(panel * 64 + g * 8);
    }
  }

  /// Scores or weights; [tile]: of keys 8 tile + 2 t, + 1 and rows g (0, 1) and g + 8 (2, 3).
  using Scores = float[2 * Groups][4];

  __device__ void score(Scores &s) const {
#pragma unroll
    for (int step = 0; step < Steps; ++step) {
      const uint4 upper = q[step][0], lower = IsHalf ? uint4{} : q[step][Halves - 1];
#pragma unroll
      for (int tile = 0; tile < 2 * Groups; ++tile)
        multiplyAdd(s[tile], {upper.x, lower.x, upper.y, lower.y}, k[step][tile].x, k[step][tile].y);
#pragma unroll
      for (int tile = 0; tile < 2 * Groups; ++tile)
        multiplyAdd(s[tile], {upper.z, lower.z, upper.w, lower.w}, k[step][tile].z, k[step][tile].w);
    }
  }

  /// Scores become weights under the running maximum; sums and output follow.
  __device__ void weigh(Scores &s, int n) {
    const bool isWhole = keys.areSeen(n, Groups * KeysAtOnce, low, high);
    float shrink[2] = {1, 1};
#pragma unroll
    for (int half = 0; half < Halves; ++half) {
      float most = top[half];
#pragma unroll
      for (int e = 0; e < 4 * Groups; ++e) {
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
      for (int e = 0; e < 4 * Groups; ++e) {
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

  /// out += weights times values, of the group-th 16 keys.
  __device__ void addValues(const Scores &scores, int group) {
    const float(*s)[4] = scores + 2 * group;
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

  /// After the last key: all lanes of a row have its sum.
  __device__ void finish() {
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

} // namespace xlstm::cuda::attention

#endif // XLSTM_KERNELS_CUDA_ATTENTIONTILES_CUH
