//===- HybridFastWindow.cuh - window and sinks against a tile of queries --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CUDA_HYBRIDFASTWINDOW_CUH
#define XLSTM_KERNELS_CUDA_HYBRIDFASTWINDOW_CUH

#include "kernels/cuda/HybridTiles.cuh"

namespace xlstm::cuda::tiles {

constexpr int SinkTile = 16; // keys of a sink tile, in padded rows
template <int D>
constexpr int SinkPitch = (D + 8) * 2;

/// A block's queries: 128 tokens from `begin` on of head h; a thread has two rows.
struct Queries {
  int b, h, begin, row, start[2]; // start: of the rows' documents
  __device__ Queries(const Problem &p, int b, int h, int begin) : b(b), h(h), begin(begin), row(ownRow()) {
#pragma unroll
    for (int half = 0; half < 2; ++half)
      start[half] = p.start(b, min(token(half), p.T - 1));
  }
  __device__ int token(int half) const { return begin + row + 8 * half; }
};

/// Tiles of 128 keys up to the queries' own: the first key, and how many tiles.
struct KeyTiles {
  int first, count, safeFrom, safeTo; // keys in [safeFrom, safeTo) are read by every query
  __device__ KeyTiles(const Problem &p, int b, int begin) {
    int last = min(begin + Rows, p.T) - 1, lowest = max(p.start(b, begin), begin - p.W + 1);
    int before = (begin - lowest + Rows - 1) / Rows;
    first = begin - before * Rows, count = before + 1;
    safeFrom = max(p.start(b, last), last - p.W + 1), safeTo = begin;
  }
  __device__ bool isSafe(int j) const { return j >= safeFrom && j + Rows <= safeTo; }
};

#ifdef XLSTM_HAS_WGMMA

/// Running softmax of a thread's two rows: a maximum and sum of the scores times log2 e. The sum is of the weights as
/// rounded to bf16, so that their rounding cancels in the quotient. The maximum may lie up to 8 behind the true one:
/// then weights are up to 2^8, and no earlier sum has to shrink.
struct Softmax {
  float most[2] = {-INFINITY, -INFINITY}, total[2] = {};

  /// Scores to weights in the new frame; returns what earlier sums shrink by. The weights are counted by count().
  template <int NB>
  __device__ float2 add(float (&s)[NB][4], float scale) {
    float shrink[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float top = -INFINITY;
#pragma unroll
      for (int n = 0; n < NB; ++n)
        top = fmaxf(top, fmaxf(s[n][2 * half], s[n][2 * half + 1]));
      top = rowMax(top) * scale;
      top = top > most[half] + 8 ? top : most[half];
      float frame = top == -INFINITY ? 0 : top;
      shrink[half] = exp2Fast(most[half] - frame);
      most[half] = top;
#pragma unroll
      for (int n = 0; n < NB; ++n)
#pragma unroll
        for (int e = 2 * half; e < 2 * half + 2; ++e)
          s[n][e] = exp2Fast(s[n][e] * scale - frame);
      total[half] *= shrink[half];
    }
    return {shrink[0], shrink[1]};
  }
  /// Shrinks earlier sums, where some must.
  template <int NB>
  __device__ static void shrink(float (&sum)[NB][4], const float2 &by) {
    if (!__any_sync(FullWarp, by.x != 1 || by.y != 1))
      return;
#pragma unroll
    for (int n = 0; n < NB; ++n)
      sum[n][0] *= by.x, sum[n][1] *= by.x, sum[n][2] *= by.y, sum[n][3] *= by.y;
  }
  template <int K>
  __device__ void count(const uint32_t (&weights)[K][4]) {
    float2 sum = sumRows(weights);
    total[0] += sum.x, total[1] += sum.y;
  }
};

/// Minus infinity where query and key (n * 8 + column, from j on) do not meet.
template <int NB>
__device__ inline void maskWindow(float (&s)[NB][4], const Problem &p, const Queries &own, int j) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    int t = own.token(half), lowest = max(own.start[half], t - p.W + 1) - j - ownColumn(), most = t - j - ownColumn();
#pragma unroll
    for (int n = 0; n < NB; ++n)
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        int key = n * 8 + e;
        if (key < lowest || key > most)
          s[n][2 * half + e] = -INFINITY;
      }
  }
}

/// A warp starts copying 16 sinks of the document that begins at `start` into padded rows.
template <int D>
__device__ inline void copySinks(char *tile, const Problem &p, const Tokens &piece, const void *sinks, int b, int start,
                                 int position, int head) {
#pragma unroll 2
  for (int n = threadIdx.x % 32; n < SinkTile * D / 8; n += 32) {
    int r = n / (D / 8), c = n % (D / 8) * 8;
    const Bf16 *from = c < p.d ? sinkRow(piece, sinks, p, b, start, position + r, head) : nullptr;
    copy16(sharedAddress(tile + r * SinkPitch<D> + c * 2), from ? from + c : piece.array, from != nullptr);
  }
}

/// s [16,16] of this warp's rows: queries in a swizzled tile against 16 padded rows.
template <int D>
__device__ inline void sinkScores(float (&s)[2][4], const char *queries, const char *rows) {
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
#pragma unroll
  for (int n = 0; n < 2; ++n)
#pragma unroll
    for (int e = 0; e < 4; ++e)
      s[n][e] = 0;
#pragma unroll
  for (int k = 0; k < D; k += 16) {
    uint32_t a[4], b[4];
    loadMatrices(a, queries + offset(warp * 16 + lane % 16, k + lane / 16 * 8));
    loadMatrices(b, rows + (lane / 16 * 8 + lane % 8) * SinkPitch<D> + (k + lane / 8 % 2 * 8) * 2);
    multiplyAdd(s[0], a, b[0], b[1]);
    multiplyAdd(s[1], a, b[2], b[3]);
  }
}

/// sum [16,D] += weights [16,16] rows [16,D].
template <int D>
__device__ inline void addSinks(float (&sum)[D / 8][4], const uint32_t (&weights)[4], const char *rows) {
  int lane = threadIdx.x % 32;
#pragma unroll
  for (int c = 0; c < D; c += 16) {
    uint32_t b[4];
    loadTransposed(b, rows + (lane / 8 % 2 * 8 + lane % 8) * SinkPitch<D> + (c + lane / 16 * 8) * 2);
    multiplyAdd(sum[c / 8], weights, b[0], b[1]);
    multiplyAdd(sum[c / 8 + 1], weights, b[2], b[3]);
  }
}

__device__ inline void maskSinks(float (&s)[2][4], const Problem &p, const Queries &own, int start, int position) {
#pragma unroll
  for (int n = 0; n < 2; ++n)
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      int j = start + position + n * 8 + ownColumn() + e % 2, t = own.token(e / 2);
      if (own.start[e / 2] != start || !isSinkRead(p, t, start, j))
        s[n][e] = -INFINITY;
    }
}

/// Calls body(start, position) for every 16 sinks that some query of the tile reads outside its window.
template <typename Body>
__device__ inline void forSinkTiles(const Problem &p, int b, int begin, Body body) {
  int end = min(begin + Rows, p.T);
  for (int t = begin; p.S > 0 && t < end;) {
    int start = p.start(b, t), next = end; // starts never fall: search for the document's end
    if (p.start(b, end - 1) != start)
      for (next = t + 1; p.start(b, next) == start;)
        ++next;
    for (int s = 0; s < min(p.S, next - p.W - start); s += SinkTile)
      body(start, s);
    t = next;
  }
}

#endif // XLSTM_HAS_WGMMA

} // namespace xlstm::cuda::tiles

#endif // XLSTM_KERNELS_CUDA_HYBRIDFASTWINDOW_CUH
