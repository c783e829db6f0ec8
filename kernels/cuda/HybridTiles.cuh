//===- HybridTiles.cuh - the fast path's tiles: bf16 on Hopper ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Widths up to 128 are padded with zeros to D = 64 or 128. A chunk has 128 tokens; a block has two warpgroups of 64
// rows.

#ifndef XLSTM_KERNELS_CUDA_HYBRIDTILES_CUH
#define XLSTM_KERNELS_CUDA_HYBRIDTILES_CUH

#include "kernels/cuda/Hybrid.cuh"
#include "kernels/cuda/Wgmma.cuh"

#include <climits>

namespace xlstm::cuda::tiles {

constexpr int Rows = 128, Block = 256; // rows of a tile, threads
constexpr float Log2e = 1.4426950408889634f;

template <int D>
constexpr int TileBytes = Rows *D * 2;
constexpr size_t SumsBytes = 2 * Block * sizeof(float); // of columnSums()

/// Byte of element (row, column) in a tile of R rows.
template <int R = Rows>
__device__ inline uint32_t offset(int row, int column) {
  return (column / 64) * (R * 128) + row * 128 + ((column % 64 / 8 ^ (row & 7)) << 4) + column % 8 * 2;
}

__device__ inline void copy16(uint32_t to, const void *from, bool valid) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(valid ? 16 : 0) : "memory");
}
__device__ inline void groupCopies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int Pending>
__device__ inline void awaitCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
}

/// Starts copying R rows of d elements, `stride` elements apart, `count` of them there; behind them zeros.
template <int D, int R = Rows>
__device__ inline void loadRows(uint32_t tile, int d, const Bf16 *first, int64_t stride, int count) {
  constexpr int Pieces = D / 8, Step = Block / Pieces;
  int r = threadIdx.x / Pieces, c = threadIdx.x % Pieces * 8;
  const Bf16 *from = first + r * stride + c;
  bool inside = c < d;
#pragma unroll
  for (int n = 0; n < R; n += Step) {
    bool valid = inside && r + n < count;
    copy16(tile + offset<R>(r + n, c), valid ? from : first, valid);
    from += Step * stride;
  }
}

__device__ inline uint32_t pack(float low, float high) {
  __nv_bfloat162 both = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<uint32_t *>(&both);
}
__device__ inline float2 unpack(uint32_t both) {
  return {__uint_as_float(both << 16), __uint_as_float(both & 0xffff0000u)};
}

/// Accumulators of 64 x 16 K as the left operand of a product over those columns.
template <int K>
__device__ inline void toOperand(const float (&c)[2 * K][4], uint32_t (&a)[K][4]) {
#pragma unroll
  for (int k = 0; k < K; ++k) {
    a[k][0] = pack(c[2 * k][0], c[2 * k][1]), a[k][1] = pack(c[2 * k][2], c[2 * k][3]);
    a[k][2] = pack(c[2 * k + 1][0], c[2 * k + 1][1]), a[k][3] = pack(c[2 * k + 1][2], c[2 * k + 1][3]);
  }
}

/// This lane's part of the sums of both rows of an operand.
template <int K>
__device__ inline float2 sumRows(const uint32_t (&a)[K][4]) {
  float2 sum{};
#pragma unroll
  for (int k = 0; k < K; ++k) {
    float2 x0 = unpack(a[k][0]), x1 = unpack(a[k][1]), x2 = unpack(a[k][2]), x3 = unpack(a[k][3]);
    sum.x += x0.x + x0.y + (x2.x + x2.y), sum.y += x1.x + x1.y + (x3.x + x3.y);
  }
  return sum;
}

/// Sum or maximum over the four lanes that share a row.
__device__ inline float rowSum(float x) {
  x += __shfl_xor_sync(FullWarp, x, 1);
  return x + __shfl_xor_sync(FullWarp, x, 2);
}
__device__ inline float rowMax(float x) {
  x = fmaxf(x, __shfl_xor_sync(FullWarp, x, 1));
  return fmaxf(x, __shfl_xor_sync(FullWarp, x, 2));
}

/// This thread's first row of the block's tile (the other is 8 further) and its first column of every 8.
__device__ inline int ownRow() { return threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4; }
__device__ inline int ownColumn() { return threadIdx.x % 4 * 2; }

#ifdef XLSTM_HAS_WGMMA

// Products over whole tiles, started but not committed. N columns of the result are rows of b (or, Transposed,
// columns).

/// c [64,8 NB] (+)= a b^T: a is rows 64 w.. of a tile of K columns, b a tile of R rows of K columns, from row `at` on.
template <int K, int R = Rows, int NB>
__device__ inline void startByRows(float (&c)[NB][4], uint32_t a, uint32_t b, bool add, int at = 0) {
  a += threadIdx.x / 128 * 64 * 128;
#pragma unroll
  for (int k = 0; k < K / 16; ++k) {
    uint32_t inside = k % 4 * 32;
    wgmma::issue<false, false>(c, wgmma::describe(a + k / 4 * (Rows * 128) + inside, 16),
                               wgmma::describe(b + at * 128 + k / 4 * (R * 128) + inside, 16), add || k);
  }
}

/// c (+)= a b^T with a in registers.
template <int R = Rows, int K, int NB>
__device__ inline void startByRows(float (&c)[NB][4], const uint32_t (&a)[K][4], uint32_t b, bool add) {
#pragma unroll
  for (int k = 0; k < K; ++k)
    wgmma::issue<false>(c, a[k], wgmma::describe(b + k / 4 * (R * 128) + k % 4 * 32, 16), add || k);
}

/// c (+)= a b with a [64,16 K] in registers and b a tile of R rows, the summed index, from row `at` on.
template <int R = Rows, int K, int NB>
__device__ inline void startByColumns(float (&c)[NB][4], const uint32_t (&a)[K][4], uint32_t b, bool add, int at = 0) {
#pragma unroll
  for (int k = 0; k < K; ++k)
    wgmma::issue<true>(c, a[k], wgmma::describe(b + (at + k * 16) * 128, R * 128), add || k);
}

/// The same with a being rows 64 w.. of a tile of K columns.
template <int K, int R = Rows, int NB>
__device__ inline void startByColumns(float (&c)[NB][4], uint32_t a, uint32_t b, bool add) {
  a += threadIdx.x / 128 * 64 * 128;
#pragma unroll
  for (int k = 0; k < K / 16; ++k)
    wgmma::issue<false, true>(c, wgmma::describe(a + k / 4 * (Rows * 128) + k % 4 * 32, 16),
                              wgmma::describe(b + k * 16 * 128, R * 128), add || k);
}

/// Starts, commits and awaits products into c...
template <typename Start, int... NB>
__device__ inline void products(Start start, float (&...c)[NB][4]) {
  (wgmma::hold(c), ...);
  wgmma::arrive();
  start();
  wgmma::commit();
  wgmma::waitProducts<0>();
  (wgmma::hold(c), ...);
}
template <int NB, typename Start>
__device__ inline void product(float (&c)[NB][4], Start start) {
  products(start, c);
}

/// c [64,D] (+)= a^T b over the rows of both tiles; the columns 64 w.. of a are this warpgroup's.
template <int R = Rows, int NB>
__device__ inline void startTransposed(float (&c)[NB][4], uint32_t a, uint32_t b, bool add, int panel) {
#pragma unroll
  for (int k = 0; k < R / 16; ++k)
    wgmma::issue<true, true>(c, wgmma::describe(a + panel * (R * 128) + k * 16 * 128, R * 128),
                             wgmma::describe(b + k * 16 * 128, R * 128), add || k);
}

/// c [64,8] = a^T 1, a as there: the sums over the rows of a, in every column. `ones` are 512 bytes of ones.
template <int R = Rows>
__device__ inline void startSums(float (&c)[1][4], uint32_t a, uint32_t ones, int panel) {
#pragma unroll
  for (int k = 0; k < R / 16; ++k)
    wgmma::issue<true, false>(c, wgmma::describe(a + panel * (R * 128) + k * 16 * 128, R * 128),
                              wgmma::describeSmall(ones), k > 0);
}

/// Softmax over the first d columns of both rows of logits.
template <int NB>
__device__ inline void softmaxRows(float (&c)[NB][4], int d) {
#pragma unroll
  for (int half = 0; half < 4; half += 2) {
    float most = -INFINITY, total = 0;
#pragma unroll
    for (int n = 0; n < NB; ++n)
      if (n * 8 < d)
        most = fmaxf(most, fmaxf(c[n][half], c[n][half + 1]));
    most = rowMax(most) * Log2e;
#pragma unroll
    for (int n = 0; n < NB; ++n)
#pragma unroll
      for (int e = half; e < half + 2; ++e) {
        c[n][e] = n * 8 < d ? exp2Fast(c[n][e] * Log2e - most) : 0;
        total += c[n][e];
      }
    total = 1 / rowSum(total);
#pragma unroll
    for (int n = 0; n < NB; ++n)
      c[n][half] *= total, c[n][half + 1] *= total;
  }
}

/// Both rows' elements from this warpgroup's rows of a tile: calls body(block, element, value).
template <int NB, typename Body>
__device__ inline void forStored(const char *tile, Body body) {
#pragma unroll
  for (int n = 0; n < NB; ++n)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float2 both =
          unpack(*reinterpret_cast<const uint32_t *>(tile + offset(ownRow() + 8 * half, n * 8 + ownColumn())));
      body(n, 2 * half, both.x), body(n, 2 * half + 1, both.y);
    }
}

/// Both rows of an accumulator to this warpgroup's rows of a tile, as bf16.
template <int NB>
__device__ inline void storeRows(const float (&c)[NB][4], char *tile) {
  int row = ownRow(), column = ownColumn();
#pragma unroll
  for (int n = 0; n < NB; ++n) {
    *reinterpret_cast<uint32_t *>(tile + offset(row, n * 8 + column)) = pack(c[n][0], c[n][1]);
    *reinterpret_cast<uint32_t *>(tile + offset(row + 8, n * 8 + column)) = pack(c[n][2], c[n][3]);
  }
}

/// Of a product whose rows are D columns: which 64 of them are this warpgroup's. At 64 both do the same, and one keeps
/// it.
template <int D>
__device__ inline int ownPanel() {
  return D == 128 ? threadIdx.x / 128 : 0;
}

/// Sums over a tile's rows, times factor(row), in parts that columnSum() adds after a barrier: two columns and a part
/// of the rows a thread.
template <int D, typename Factor>
__device__ inline void columnSums(const char *tile, float *parts, Factor factor) {
  constexpr int Parts = Block / (D / 2);
  int column = threadIdx.x % (D / 2) * 2, part = threadIdx.x / (D / 2);
  float2 total{};
#pragma unroll 8
  for (int row = part * (Rows / Parts); row < (part + 1) * (Rows / Parts); ++row) {
    float2 both = unpack(*reinterpret_cast<const uint32_t *>(tile + offset(row, column)));
    total.x += factor(row) * both.x, total.y += factor(row) * both.y;
  }
  parts[part * D + column] = total.x, parts[part * D + column + 1] = total.y;
}
/// Column threadIdx.x's.
template <int D>
__device__ inline float columnSum(const float *parts) {
  float sum = 0;
  for (int n = 0; n < Block / (D / 2); ++n)
    sum += parts[n * D + threadIdx.x];
  return sum;
}

/// Both rows of a tile of pairs word(block of 8 columns, half) to device memory, `stride` elements apart, `count` of
/// them there. The four lanes of a row exchange pairs, so that each writes 16 bytes.
template <int D, typename Word>
__device__ inline void writeOwn(Word word, int d, Bf16 *first, int64_t stride, int count) {
  int quad = threadIdx.x % 4, row = ownRow();
  bool odd = quad & 1, high = quad & 2;
#pragma unroll
  for (int half = 0; half < 2; ++half)
#pragma unroll
    for (int n = 0; n < D / 8; n += 4) {
      uint32_t x[4] = {word(n, half), word(n + 1, half), word(n + 2, half), word(n + 3, half)};
#pragma unroll
      for (int i = 0; i < 4; i += 2) {
        uint32_t other = __shfl_xor_sync(FullWarp, odd ? x[i] : x[i + 1], 1);
        x[i] = odd ? other : x[i], x[i + 1] = odd ? x[i + 1] : other;
      }
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        uint32_t other = __shfl_xor_sync(FullWarp, high ? x[i] : x[i + 2], 2);
        x[i] = high ? other : x[i], x[i + 2] = high ? x[i + 2] : other;
      }
      if (row + 8 * half < count && (n + quad) * 8 < d)
        *reinterpret_cast<uint4 *>(first + (row + 8 * half) * stride + (n + quad) * 8) = {x[0], x[1], x[2], x[3]};
    }
}

#endif // XLSTM_HAS_WGMMA

/// A token's row of [B,T,heads,d], and of sinks, which may lie in the piece (as rows::sinkRow).
__device__ inline const Bf16 *tokenRow(const void *array, const Problem &p, int heads, int b, int t, int h) {
  return p.row<Bf16>({array, int64_t(heads) * p.d}, b, t, h);
}
__device__ inline const Bf16 *sinkRow(const Tokens &piece, const void *sinks, const Problem &p, int b, int start,
                                      int position, int head) {
  if (position >= p.S || start + position >= p.T)
    return nullptr;
  if (start + position >= 0)
    return p.row<Bf16>(piece, b, start + position, head);
  return static_cast<const Bf16 *>(sinks) + ((static_cast<int64_t>(b) * p.S + position) * p.Hkv + head) * p.d;
}

/// Shared memory from the first multiple of 1024 on, as the swizzle wants.
__device__ inline char *aligned(char *shared) { return shared + ((1024 - (sharedAddress(shared) & 1023)) & 1023); }

} // namespace xlstm::cuda::tiles

#endif // XLSTM_KERNELS_CUDA_HYBRIDTILES_CUH
