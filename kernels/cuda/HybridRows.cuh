//===- HybridRows.cuh - the plain path's engine: rows against tiles -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block of 8 warps holds 32 rows of d floats in shared memory, 4 a warp, and meets tiles of 32 partner rows. A score
// is a lane's: lane n has row . partner n. A sum over partners is spread by channels: lane n has channels n, n + 32,
// ... Plain float32 arithmetic on any card, any d that is a multiple of 8; for float32 tensors and unusual widths.

#ifndef XLSTM_KERNELS_CUDA_HYBRIDROWS_CUH
#define XLSTM_KERNELS_CUDA_HYBRIDROWS_CUH

#include "kernels/cuda/Hybrid.cuh"

#include <climits>
#include <type_traits>

namespace xlstm::cuda::rows {

constexpr int Block = 256, Tile = 32, Each = 4; // threads; rows and partners of a tile; rows a warp
constexpr int Chunk = 64;

/// Floats of a shared row: lanes reading 16 bytes of neighbouring rows, or 4 of one, meet different banks.
__host__ __device__ inline int pitch(int d) { return (d + 31) / 32 * 32 + 4; }
__host__ __device__ inline size_t tileBytes(int d) { return sizeof(float) * Tile * pitch(d); }

/// 32 rows of d elements into shared memory as float32; row(n) is where row n begins, null: zeros.
template <typename T, typename Row>
__device__ void loadTile(float *tile, int d, Row row) {
  int per = d / 8;
  for (int n = threadIdx.x; n < Tile * per; n += Block) {
    int r = n / per, c = n % per * 8;
    const T *from = row(r);
    float values[8] = {};
    if (from)
      loadFloats(from + c, values);
    storeFloats(tile + r * pitch(d) + c, values);
  }
}

/// score[r] = row r of this warp . partner `lane`.
__device__ inline void scores(const float *rows, const float *tile, int d, float (&score)[Each]) {
  const float *own = rows + threadIdx.x / 32 * Each * pitch(d), *partner = tile + threadIdx.x % 32 * pitch(d);
  for (int r = 0; r < Each; ++r)
    score[r] = 0;
  for (int c = 0; c < d; c += 4) {
    float4 y = *reinterpret_cast<const float4 *>(partner + c);
#pragma unroll
    for (int r = 0; r < Each; ++r) {
      float4 x = *reinterpret_cast<const float4 *>(own + r * pitch(d) + c);
      score[r] += x.x * y.x + x.y * y.y + x.z * y.z + x.w * y.w;
    }
  }
}

/// sum[r] over partners n of weight[r] (lane n's) times partner n; N counts 32-channel groups.
template <int N>
__device__ void accumulate(const float (&weight)[Each], const float *tile, int d, float (&sum)[Each][N]) {
  int lane = threadIdx.x % 32;
#pragma unroll 4
  for (int n = 0; n < Tile; ++n) {
    float w[Each];
#pragma unroll
    for (int r = 0; r < Each; ++r)
      w[r] = __shfl_sync(FullWarp, weight[r], n);
#pragma unroll
    for (int g = 0; g < N; ++g) {
      if (g * 32 >= d)
        break;
      float y = tile[n * pitch(d) + g * 32 + lane];
#pragma unroll
      for (int r = 0; r < Each; ++r)
        sum[r][g] += w[r] * y;
    }
  }
}

/// sum += logits times the map of a head [d,d], whose rows pass through `tile`.
template <typename T, int N>
__device__ void accumulateMap(const float (&logits)[Each][N], const T *map, float *tile, int d, float (&sum)[Each][N]) {
  float weight[Each];
#pragma unroll
  for (int g = 0; g < N; ++g) {
    if (g * 32 >= d)
      break;
    __syncthreads();
    loadTile<T>(tile, d, [&](int n) { return g * 32 + n < d ? map + (g * 32 + n) * d : nullptr; });
    __syncthreads();
    for (int r = 0; r < Each; ++r)
      weight[r] = logits[r][g];
    accumulate(weight, tile, d, sum);
  }
}

template <int N>
__device__ void clear(float (&sum)[Each][N]) {
  for (int r = 0; r < Each; ++r)
    for (int g = 0; g < N; ++g)
      sum[r][g] = 0;
}

/// Row r of the block is token `first + r` of head `h`; beyond the end there is none.
struct Place {
  int b, h, first, T;
  __device__ int own(int r) const { return first + threadIdx.x / 32 * Each + r; }
};

/// A token's row; of a dense array [B,T,heads,d].
template <typename T>
__device__ const T *tokenRow(const Tokens &of, const Problem &p, int b, int t, int h) {
  return t >= 0 && t < p.T ? p.row<T>(of, b, t, h) : nullptr;
}
template <typename T>
__device__ const T *tokenRow(const void *array, const Problem &p, int heads, int b, int t, int h) {
  return tokenRow<T>(Tokens{array, int64_t(heads) * p.d}, p, b, t, h);
}

/// Relative index j of the key array: the piece, or the history before it.
template <typename T>
__device__ const T *keyRow(const Tokens &piece, const void *history, const Problem &p, int b, int j, int head) {
  if (j >= 0)
    return tokenRow<T>(piece, p, b, j, head);
  if (j < -p.W || !history)
    return nullptr;
  return static_cast<const T *>(history) + ((static_cast<int64_t>(b) * p.W + p.W + j) * p.Hkv + head) * p.d;
}

/// Position `position` of the document that begins at `start`, as a sink.
template <typename T>
__device__ const T *sinkRow(const Tokens &piece, const void *sinks, const Problem &p, int b, int start, int position,
                            int head) {
  if (position >= p.S)
    return nullptr;
  if (start + position >= 0)
    return tokenRow<T>(piece, p, b, start + position, head);
  return static_cast<const T *>(sinks) + ((static_cast<int64_t>(b) * p.S + position) * p.Hkv + head) * p.d;
}

constexpr int Window = INT_MIN; // a tile read through the window, not as the sinks of a document

/// Brings every tile of keys and values that the block's queries may see and calls body(j, of): the lane's key has
/// relative index j, and counts as a window read only or as a sink read of the document that begins at `of` only.
template <typename T, typename Body>
__device__ void forKeyTiles(const Problem &p, const Place &place, float *tileK, float *tileV, Body body) {
  int lane = threadIdx.x % 32, head = place.h / p.group, b = place.b;
  int end = min(place.first + Tile, p.T), from = p.start(b, place.first);
  auto bring = [&](auto rowK, auto rowV) {
    __syncthreads();
    loadTile<T>(tileK, p.d, rowK);
    loadTile<T>(tileV, p.d, rowV);
    __syncthreads();
  };
  for (int j = max(from, place.first - p.W + 1); j < end; j += Tile) {
    bring([&](int n) { return j + n < end ? keyRow<T>(p.k, p.historyK, p, b, j + n, head) : nullptr; },
          [&](int n) { return j + n < end ? keyRow<T>(p.v, p.historyV, p, b, j + n, head) : nullptr; });
    body(j + lane, Window);
  }
  for (int t = place.first; t < end;) { // every document of the block
    int start = p.start(b, t), next = t + 1;
    while (next < end && p.start(b, next) == start)
      ++next;
    for (int s = 0; s < min(p.S, next - p.W - start); s += Tile) {
      bring([&](int n) { return sinkRow<T>(p.k, p.sinkK, p, b, start, s + n, head); },
            [&](int n) { return sinkRow<T>(p.v, p.sinkV, p, b, start, s + n, head); });
      body(start + s + lane, start);
    }
    t = next;
  }
}

/// Whether query t reads key j in a tile of that sort.
__device__ inline bool reads(const Problem &p, int b, int t, int j, int of) {
  if (t >= p.T)
    return false;
  int start = p.start(b, t);
  return of == Window ? inWindow(p, t, start, j) : start == of && isSinkRead(p, t, start, j);
}

/// Calls launcher(kernel arguments' N as an integral constant): channels in groups of 32.
template <typename Body>
cudaError_t withGroups(int d, Body body) {
  if (d <= 64)
    return body(std::integral_constant<int, 2>());
  if (d <= 128)
    return body(std::integral_constant<int, 4>());
  return body(std::integral_constant<int, 8>());
}

} // namespace xlstm::cuda::rows

#endif // XLSTM_KERNELS_CUDA_HYBRIDROWS_CUH
