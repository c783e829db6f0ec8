//===- HybridDecode.cuh - one token: arguments, shared memory, the window ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cluster of C blocks has one sequence and one key head with its G query heads; each block has a share of everything:
// of the maps' rows, of the window's keys, of the columns of S. Columns and map rows are counted through the group's
// heads ("flat": head of the group times d, plus channel). Maps' outputs and window partials are pushed to the blocks
// that need them; after one cluster barrier each block updates its columns and writes its part of h. Nothing is reduced
// twice.

#ifndef XLSTM_KERNELS_CUDA_HYBRIDDECODE_CUH
#define XLSTM_KERNELS_CUDA_HYBRIDDECODE_CUH

#include "kernels/cuda/HybridDecode.h"
#include "kernels/cuda/Ptx.cuh"
#include "kernels/cuda/StateRow.cuh"
#include "kernels/cuda/Types.cuh"
#include "xlstm/Kernels/Turns.h"

#include <type_traits>

namespace xlstm::cuda::decode {

constexpr int Threads = 256, Warps = Threads / 32;
constexpr int Segment = 128; // columns of S worked on at once
constexpr int MostKeys = 80; // keys in shared memory at once

/// Division by a number known before the launch; exact for what is below 65536, as all flat indices are.
struct Divider {
  uint32_t magic = 0;
  Divider() = default;
  explicit Divider(int by) : magic(by > 1 ? uint32_t((uint64_t(1) << 32) / by + 1) : 0) {}
  __device__ int operator()(int n) const { return magic ? __umulhi(n, magic) : n; }
};

struct Args {
  int H, Hkv, d, W, S;
  int group, blocks, columns; // query heads a key head; blocks a cluster; flat columns a block
  int slots, keys;            // ring slots a block; keys in shared memory at once
  float scale, ropeFactor;
  xlstm_hybrid_inputs in;
  TokenStrides strides;
  xlstm_hybrid_state state;
  const int64_t *apart, *turns;
  void *h;
  unsigned *done; // [B]: key heads of a sequence that are done, back at 0 at the end
  Divider byWidth, byColumns, byGroup;
};

/// Shared memory of a block; widths are padded to Width channels, heads to a multiple of 8 with zeros.
template <typename T, typename RingType, int Channels, bool IsFull>
struct Shared {
  using Ring = RingType;
  static constexpr int Width = Channels;
  /// The head width, a constant where it fills Width.
  __device__ static int width(const Args &a) { return IsFull ? Channels : a.d; }
  __device__ static int headOf(const Args &a, int flat) { return IsFull ? flat / Channels : a.byWidth(flat); }
  /// Tensor cores take bf16 queries and keys, fp8 keys widened on arrival; else plain float32 arithmetic.
  static constexpr bool OnTensorCores = std::is_same_v<T, Bf16> && !std::is_same_v<Ring, float>;
  using Tile = std::conditional_t<OnTensorCores, Bf16, float>;
  static constexpr int Pitch = Width + 8; // elements a row of a tile: ldmatrix's rows meet different banks
  float *q, *k, *v;                       // [G,Width], [Width], [Width], after RoPE
  Bf16 *qHigh, *qLow;                     // [Gp,Pitch]: q is their sum, to 16 bits
  float *logits;                          // [2,G,d], later the features
  float *z;                               // [G,d]
  float *gates;                           // [G,4]: f', i', new m, sigmoid of o; then the denominator in place of m
  float *out, *top, *sum;                 // [Gp,Width], [Gp], [Gp]: the window's output so far, its maximum and sum
  float *rescale;                         // [Gp]
  float *scores;                          // [Gp,keys]
  Bf16 *weights;                          // [Gp,keys+8]
  float *partOut;                         // [blocks,columns]
  float *partTop, *partSum;               // [blocks,G]; then partTop: the block's share of the window's output
  float *columnSums;                      // [4 * Threads]
  Tile *tileK, *tileV;                    // [keys,Pitch]

  __host__ __device__ static constexpr int roundUp(int n, int to) { return (n + to - 1) / to * to; }

  /// Lays the arrays out from `base`; returns the bytes they take.
  __host__ __device__ size_t place(unsigned char *base, const Args &a) {
    size_t used = 0;
    auto take = [&](auto *&array, int count) {
      array = reinterpret_cast<std::remove_reference_t<decltype(array)>>(base + used);
      used += roundUp(count * int(sizeof(*array)), 16);
    };
    const int G = a.group, Gp = roundUp(G, 8);
    take(q, G * Width), take(k, Width), take(v, Width), take(qHigh, Gp * Pitch), take(qLow, Gp * Pitch);
    take(logits, 2 * G * a.d), take(z, G * a.d), take(gates, 4 * G);
    take(out, Gp * Width), take(top, Gp), take(sum, Gp), take(rescale, Gp);
    take(scores, Gp * a.keys), take(weights, Gp * (a.keys + 8));
    take(partOut, a.blocks * a.columns), take(partTop, a.blocks * G), take(partSum, a.blocks * G);
    take(columnSums, 4 * Threads);
    take(tileK, a.keys * Pitch), take(tileV, a.keys * Pitch);
    return used;
  }
};

/// Which key lies in place n of this block's list, its ring slots and then its sinks, for the token at position t.
struct Keys {
  int rank, blocks, first, count, total, current, t, W;

  __device__ Keys(const Args &a, int rank)
      : rank(rank), blocks(a.blocks), first(rank * a.slots), current(0), t(0), W(a.W) {
    count = min(a.slots, max(0, a.W - first));
    total = count;
    for (int sink = rank; sink < a.S; sink += blocks)
      ++total;
  }
  __device__ void moveTo(int position) { t = position, current = position % W; }
  __device__ bool isSink(int n) const { return n >= count; }
  __device__ int slot(int n) const { return isSink(n) ? rank + (n - count) * blocks : first + n; }
  __device__ bool isCurrent(int n) const { return !isSink(n) && first + n == current; }
  /// Read by this token: a ring slot that has been filled, a sink that has left the window.
  __device__ bool isRead(int n) const { return n < total && slot(n) <= (isSink(n) ? t - W : t); }
};

/// Starts the copies of keys [from, from + a.keys); lanes of Width / 8 threads have a row each, a piece a thread.
template <typename Shared>
__device__ void startKeys(const Args &a, const Shared &s, const Keys &keys, int from, const StateRow &own,
                          int64_t kvHead) {
  using Ring = typename Shared::Ring;
  constexpr int Lanes = Shared::Width / 8, Rows = Threads / Lanes, Piece = 8 * int(sizeof(Ring));
  const int c = threadIdx.x % Lanes * 8, d = s.width(a);
  if (c >= d)
    return;
  const int64_t ring = (own.row * a.W * a.Hkv + kvHead) * d + c, sinks = (own.row * a.S * a.Hkv + kvHead) * d + c;
  for (int n = threadIdx.x / Lanes; n < a.keys && from + n < keys.total; n += Rows) {
    const bool isSink = keys.isSink(from + n);
    const int64_t at = (isSink ? sinks : ring) + keys.slot(from + n) * a.Hkv * d;
    char *toK = reinterpret_cast<char *>(s.tileK + n * Shared::Pitch) + c * int(sizeof(Ring));
    char *toV = reinterpret_cast<char *>(s.tileV + n * Shared::Pitch) + c * int(sizeof(Ring));
    const Ring *sourceK = own.in<const Ring>(isSink ? a.state.sink_k : a.state.ring_k) + at;
    const Ring *sourceV = own.in<const Ring>(isSink ? a.state.sink_v : a.state.ring_v) + at;
#pragma unroll
    for (int part = 0; part < Piece; part += 16) {
      copyAsync < Piece<16 ? 8 : 16>(toK + part, reinterpret_cast<const char *>(sourceK) + part);
      copyAsync < Piece<16 ? 8 : 16>(toV + part, reinterpret_cast<const char *>(sourceV) + part);
    }
  }
}

/// After the copies: what no token wrote becomes zero, the current slot this token's key and value, fp8 bf16.
template <typename Shared>
__device__ void finishKeys(const Args &a, const Shared &s, const Keys &keys, int from) {
  using Ring = typename Shared::Ring;
  using Tile = typename Shared::Tile;
  constexpr int Lanes = Shared::Width / 8, Rows = Threads / Lanes;
  const int c = threadIdx.x % Lanes * 8;
  waitCopies();
  for (int n = threadIdx.x / Lanes; n < a.keys; n += Rows) {
    Tile *rowK = s.tileK + n * Shared::Pitch, *rowV = s.tileV + n * Shared::Pitch;
    const bool isRead = keys.isRead(from + n) && c < s.width(a);
    float k[8] = {}, v[8] = {};
    if constexpr (!std::is_same_v<Ring, Tile>) { // a whole row's threads read before any writes
      if (isRead) {
        loadFloats(reinterpret_cast<const Ring *>(rowK) + c, k);
        loadFloats(reinterpret_cast<const Ring *>(rowV) + c, v);
      }
      __syncwarp();
    } else if (isRead && !keys.isCurrent(from + n)) {
      continue;
    }
    if (isRead && keys.isCurrent(from + n))
      loadFloats(s.k + c, k), loadFloats(s.v + c, v);
    storeFloats(rowK + c, k);
    storeFloats(rowV + c, v);
  }
}

/// scores [Gp,keys] = q . k, by tensor cores: keys are the rows, query heads the columns.
template <typename Shared>
__device__ void scoreOnTensorCores(const Args &a, const Shared &s) {
  constexpr int Pitch = Shared::Pitch, Width = Shared::Width;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  for (int head = 0; head < a.group; head += 8)
    for (int n = warp * 16; n < a.keys; n += Warps * 16) {
      float sum[4] = {};
      const int row = (head + lane / 4) * Pitch + lane % 4 * 2;
      const uint32_t *high = reinterpret_cast<const uint32_t *>(s.qHigh + row);
      const uint32_t *low = reinterpret_cast<const uint32_t *>(s.qLow + row);
      float rest[4] = {};
#pragma unroll 4
      for (int c = 0; c < Width; c += 16) {
        uint32_t k[4];
        loadMatrices(k, s.tileK + (n + lane % 16) * Pitch + c + lane / 16 * 8);
        multiplyAdd(sum, k, high[c / 2], high[c / 2 + 4]);
        multiplyAdd(rest, k, low[c / 2], low[c / 2 + 4]);
      }
#pragma unroll
      for (int i = 0; i < 4; ++i)
        sum[i] += rest[i];
      float *to = s.scores + (head + lane % 4 * 2) * a.keys + n + lane / 4;
      to[0] = sum[0], to[a.keys] = sum[1], to[8] = sum[2], to[a.keys + 8] = sum[3];
    }
}

/// out [Gp,Width] = rescale out + weights v; channels are the rows, query heads the columns.
template <typename Shared>
__device__ void addOnTensorCores(const Args &a, const Shared &s) {
  constexpr int Pitch = Shared::Pitch, Width = Shared::Width;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, pitch = a.keys + 8;
  for (int head = 0; head < a.group; head += 8)
    for (int c = warp * 16; c < Width; c += Warps * 16) {
      float *to = s.out + (head + lane % 4 * 2) * Width + c + lane / 4;
      const float keep0 = s.rescale[head + lane % 4 * 2], keep1 = s.rescale[head + lane % 4 * 2 + 1];
      float sum[4] = {keep0 * to[0], keep1 * to[Width], keep0 * to[8], keep1 * to[Width + 8]};
      const Bf16 *weight = s.weights + (head + lane / 4) * pitch + lane % 4 * 2;
      for (int n = 0; n < a.keys; n += 16) {
        uint32_t v[4];
        loadTransposed(v, s.tileV + (n + lane / 16 * 8 + lane % 8) * Pitch + c + lane / 8 % 2 * 8);
        multiplyAdd(sum, v, *reinterpret_cast<const uint32_t *>(weight + n),
                    *reinterpret_cast<const uint32_t *>(weight + n + 8));
      }
      to[0] = sum[0], to[Width] = sum[1], to[8] = sum[2], to[Width + 8] = sum[3];
    }
}

/// The same two in plain float32, for float32 queries.
template <typename Shared>
__device__ void scorePlainly(const Args &a, const Shared &s) {
  for (int n = threadIdx.x; n < a.keys * a.group; n += Threads) {
    const int key = a.byGroup(n), head = n - key * a.group;
    float sum = 0;
    for (int c = 0; c < a.d; c += 4) {
      float k[4], q[4];
      loadFloats(s.tileK + key * Shared::Pitch + c, k);
      loadFloats(s.q + head * Shared::Width + c, q);
      sum += q[0] * k[0] + q[1] * k[1] + q[2] * k[2] + q[3] * k[3];
    }
    s.scores[head * a.keys + key] = sum;
  }
}

template <typename Shared>
__device__ void addPlainly(const Args &a, const Shared &s) {
  for (int n = threadIdx.x; n < a.group * a.d; n += Threads) {
    const int head = s.headOf(a, n), c = n - head * a.d;
    float sum = s.rescale[head] * s.out[head * Shared::Width + c];
    for (int key = 0; key < a.keys; ++key)
      sum += s.scores[head * a.keys + key] * toFloat(s.tileV[key * Shared::Pitch + c]);
    s.out[head * Shared::Width + c] = sum;
  }
}

/// Scores become weights; top, sum and rescale follow. A warp a head.
template <typename Shared>
__device__ void weighKeys(const Args &a, const Shared &s, const Keys &keys, int from) {
  const int lane = threadIdx.x % 32, padded = Shared::roundUp(a.group, 8);
  for (int head = threadIdx.x / 32; head < padded; head += Warps) {
    float *score = s.scores + head * a.keys, top = s.top[head], total = 0;
    if (head < a.group)
      for (int n = lane; n < a.keys; n += 32)
        if (keys.isRead(from + n))
          top = fmaxf(top, score[n] * a.scale);
    top = groupMax(top);
    const float rescale = s.top[head] > -INFINITY ? expf(s.top[head] - top) : 0.0f;
    for (int n = lane; n < a.keys; n += 32) {
      float weight = head < a.group && keys.isRead(from + n) ? expf(score[n] * a.scale - top) : 0.0f;
      if constexpr (Shared::OnTensorCores) {
        s.weights[head * (a.keys + 8) + n] = fromFloat<Bf16>(weight);
        weight = toFloat(fromFloat<Bf16>(weight));
      } else {
        score[n] = weight;
      }
      total += weight;
    }
    total = groupSum(total);
    __syncwarp();
    if (lane == 0)
      s.sum[head] = s.sum[head] * rescale + total, s.top[head] = top, s.rescale[head] = rescale;
  }
}

/// The window over this block's keys; the first ones are under way.
template <typename Shared>
__device__ void window(const Args &a, const Shared &s, const Keys &keys, const StateRow &own, int64_t kvHead) {
  for (int from = 0;; from += a.keys) {
    finishKeys(a, s, keys, from);
    __syncthreads();
    if constexpr (Shared::OnTensorCores)
      scoreOnTensorCores(a, s);
    else
      scorePlainly(a, s);
    __syncthreads();
    weighKeys(a, s, keys, from);
    __syncthreads();
    if constexpr (Shared::OnTensorCores)
      addOnTensorCores(a, s);
    else
      addPlainly(a, s);
    __syncthreads();
    if (from + a.keys >= keys.total)
      return;
    startKeys(a, s, keys, from + a.keys, own, kvHead);
  }
}

} // namespace xlstm::cuda::decode

#endif // XLSTM_KERNELS_CUDA_HYBRIDDECODE_CUH
