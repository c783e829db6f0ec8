//===- HybridDecodeSteps.cuh - one token: query, maps, memory, output ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CUDA_HYBRIDDECODESTEPS_CUH
#define XLSTM_KERNELS_CUDA_HYBRIDDECODESTEPS_CUH

#include "kernels/cuda/HybridDecode.cuh"
#include "kernels/cuda/HybridDecodeLaunch.cuh"

namespace xlstm::cuda::decode {

constexpr int MapSteps = 4;  // map rows a thread has under way
constexpr int StateRows = 4; // rows of S a thread has under way

/// Where a block stands.
struct Place {
  int64_t b, query;         // query: [B,H] index of the group's first head
  int kvHead, rank, column; // column: flat index of its first
  StateRow state;
  int64_t head; // as query, in the state
};

/// Rows of S that a thread updates, the same four columns in each: row, row + rows, ...
template <typename Shared>
struct Strip {
  int columns, wide, flat, head, row, rows; // this segment's, in fours; the thread's first; its first row; rows apart
  float *base;                              // row 0 of the thread's columns

  __device__ Strip(const Args &a, const Place &at, int segment) {
    const int d = Shared::width(a);
    columns = min(Segment, a.columns - segment);
    wide = columns / 4;
    const int own = threadIdx.x / unsigned(wide);
    flat = at.column + segment + (threadIdx.x - own * wide) * 4;
    head = Shared::headOf(a, flat);
    rows = Threads / wide;
    row = own < rows ? own : d;
    base = at.state.in<float>(a.state.S) + (at.head + head) * d * d + flat - head * d;
  }
  /// Lanes of a warp that have the same columns add up, so that a warp leaves one row of sums.
  __device__ bool isFolded() const { return wide == 32 || wide == 16 || wide == 8; }
  __device__ void load(int from, int d, uint4 (&to)[StateRows]) const {
#pragma unroll
    for (int n = 0; n < StateRows; ++n)
      if (from + n * rows < d)
        to[n] = loadEarly(base + (from + n * rows) * d);
  }
};

/// q, k and v into shared memory, rotated; a pair a thread and turn, the loads of two turns before the position is
/// used.
template <typename T, typename Shared>
__device__ void loadToken(const Args &a, const Shared &s, const Place &at, const int32_t *position, bool fresh) {
  constexpr int Width = Shared::Width, Turns = 2;
  const int d = s.width(a), half = d / 2, pairs = (a.group + 1) * half;
  const T *q = static_cast<const T *>(a.in.q) + at.b * a.strides.q + at.kvHead * a.group * d;
  const T *k = static_cast<const T *>(a.in.k) + at.b * a.strides.k + at.kvHead * d;
  const T *v = static_cast<const T *>(a.in.v) + at.b * a.strides.v + at.kvHead * d;
  for (int from = threadIdx.x; from < pairs; from += Turns * Threads) {
    float low[Turns], high[Turns];
    int64_t turns[Turns];
    int head[Turns], i[Turns];
#pragma unroll
    for (int turn = 0; turn < Turns; ++turn) {
      const int n = from + turn * Threads;
      if (n >= pairs)
        continue;
      head[turn] = s.headOf(a, 2 * n), i[turn] = n - head[turn] * half;
      const T *source = head[turn] == a.group ? k : q + head[turn] * d;
      low[turn] = toFloat(source[i[turn]]), high[turn] = toFloat(source[i[turn] + half]);
      turns[turn] = a.turns ? a.turns[i[turn]] : 0;
    }
    const int32_t t = fresh ? 0 : *position;
#pragma unroll
    for (int turn = 0; turn < Turns; ++turn) {
      if (from + turn * Threads >= pairs)
        continue;
      float x = low[turn], y = high[turn];
      if (a.turns) {
        float sine, cosine;
        sincosf(angleAt(t, turns[turn]), &sine, &cosine);
        sine *= a.ropeFactor, cosine *= a.ropeFactor;
        x = low[turn] * cosine - high[turn] * sine;
        y = high[turn] * cosine + low[turn] * sine;
      }
      const bool isKey = head[turn] == a.group;
      float *to = (isKey ? s.k : s.q + head[turn] * Width) + i[turn];
      to[0] = x, to[half] = y;
      if (Shared::OnTensorCores && !isKey) {
        const int to = head[turn] * Shared::Pitch + i[turn];
        s.qHigh[to] = fromFloat<Bf16>(x), s.qLow[to] = fromFloat<Bf16>(x - toFloat(s.qHigh[to]));
        s.qHigh[to + half] = fromFloat<Bf16>(y), s.qLow[to + half] = fromFloat<Bf16>(y - toFloat(s.qHigh[to + half]));
      }
    }
  }
  for (int c = Threads - 1 - threadIdx.x; c < d; c += Threads)
    s.v[c] = toFloat(v[c]);
}

/// Zeros in the padding and in sums; before anything of this launch's inputs is read.
template <typename Shared>
__device__ void clear(const Args &a, const Shared &s) {
  constexpr int Width = Shared::Width;
  const int d = s.width(a), padded = Shared::roundUp(a.group, 8);
  for (int n = threadIdx.x * 4; n < padded * Width; n += Threads * 4)
    *reinterpret_cast<float4 *>(s.out + n) = {};
  if (Shared::OnTensorCores)
    for (int n = threadIdx.x * 2; n < padded * Width; n += Threads * 2)
      if (n / Width >= a.group || n % Width >= d) {
        const int at = n / Width * Shared::Pitch + n % Width;
        *reinterpret_cast<uint32_t *>(s.qHigh + at) = *reinterpret_cast<uint32_t *>(s.qLow + at) = 0;
      }
  if (d < Width) {
    for (int n = threadIdx.x; n < a.group * Width; n += Threads)
      if (n % Width >= d)
        s.q[n] = 0;
    for (int c = d + threadIdx.x; c < Width; c += Threads)
      s.k[c] = s.v[c] = 0;
  }
  for (int head = threadIdx.x; head < padded; head += Threads)
    s.top[head] = -INFINITY, s.sum[head] = 0;
}

/// The group's gates, [f', i', new m, o]; by the last warp.
template <typename Shared>
__device__ void prepareGates(const Args &a, const Shared &s, const Place &at, bool fresh) {
  for (int head = int(threadIdx.x) - (Threads - 32); head >= 0 && head < a.group; head += 32) {
    const int64_t n = at.query + head;
    const float m = at.state.in<float>(a.state.m)[at.head + head];
    const Gates gates = gatesOf(a.in.i_gate[n], a.in.f_gate[n], a.in.o_gate[n], m, fresh);
    float *gate = s.gates + 4 * head;
    gate[0] = gates.keep, gate[1] = gates.add, gate[2] = gates.top, gate[3] = gates.output;
  }
}

/// This block's rows of both maps, Width / 8 threads a row; the first MapSteps are loaded before the queries are there.
template <typename T, typename Shared>
struct MapRows {
  static constexpr int Lanes = Shared::Width / 8, Rows = Threads / Lanes;
  static constexpr int Parts = int(sizeof(T)) / 2; // of 16 bytes for 8 elements
  uint4 early[MapSteps][Parts];

  __device__ void load(const Args &a, const Place &at, int from) {
    const int d = Shared::width(a), c = threadIdx.x % Lanes * 8;
    const int64_t first = (int64_t(at.kvHead) * a.group * d + at.column) * d + c;
#pragma unroll
    for (int step = 0; step < MapSteps; ++step) {
      const int n = from + step * Rows + threadIdx.x / Lanes;
      const bool isQuery = n < a.columns;
      const T *row =
          static_cast<const T *>(isQuery ? a.in.q_map : a.in.k_map) + first + (isQuery ? n : n - a.columns) * d;
#pragma unroll
      for (int part = 0; part < Parts; ++part)
        early[step][part] = n < 2 * a.columns && c < d ? loadEarly(row + part * 16 / sizeof(T)) : uint4{};
    }
  }
  /// Map times query or key; each output goes to every block with a column of its head.
  __device__ void multiply(const Args &a, const Shared &s, const Place &at, int from) {
    const int d = Shared::width(a), c = threadIdx.x % Lanes * 8;
#pragma unroll
    for (int step = 0; step < MapSteps; ++step) {
      if (from + step * Rows >= 2 * a.columns)
        return;
      const int n = from + step * Rows + threadIdx.x / Lanes;
      const bool isQuery = n < a.columns;
      const int flat = at.column + (isQuery ? n : n - a.columns), head = min(s.headOf(a, flat), a.group - 1);
      float x[8], w[8], sum = 0;
      loadFloats((isQuery ? s.q + head * Shared::Width : s.k) + c, x);
#pragma unroll
      for (int part = 0; part < Parts; ++part) {
        const T *elements = reinterpret_cast<const T *>(&early[step][part]);
#pragma unroll
        for (int i = 0; i < 8 / Parts; ++i)
          w[part * 8 / Parts + i] = toFloat(elements[i]);
      }
#pragma unroll
      for (int i = 0; i < 8; ++i)
        sum += x[i] * w[i];
      sum = groupSum<Lanes>(sum);
      if (n >= 2 * a.columns)
        continue;
      float *to = s.logits + (isQuery ? 0 : a.group * d) + flat;
      const int last = a.byColumns((head + 1) * d - 1);
      for (int rank = a.byColumns(head * d) + threadIdx.x % Lanes; rank <= last; rank += Lanes)
        storeRemote(to, rank, sum);
    }
  }
};

/// The window's partial results to the blocks whose columns they belong to.
template <typename Shared>
__device__ void pushWindow(const Args &a, const Shared &s, const Place &at) {
  const int d = s.width(a);
  for (int n = threadIdx.x; n < a.group * d; n += Threads) {
    const int owner = a.byColumns(n), head = s.headOf(a, n);
    storeRemote(s.partOut + at.rank * a.columns + n - owner * a.columns, owner,
                s.out[head * Shared::Width + n - head * d]);
  }
  for (int n = threadIdx.x; n < a.group * a.blocks; n += Threads) {
    const int to = a.byGroup(n), head = n - to * a.group;
    storeRemote(s.partTop + at.rank * a.group + head, to, s.top[head]);
    storeRemote(s.partSum + at.rank * a.group + head, to, s.sum[head]);
  }
}

/// Logits become features; z moves on; the denominator takes the place of m. A warp a head of this block.
template <typename Shared>
__device__ void features(const Args &a, const Shared &s, const Place &at, int first, int last, bool fresh) {
  constexpr int Each = Shared::Width / 32;
  const int lane = threadIdx.x % 32, d = s.width(a);
  for (int head = first + threadIdx.x / 32; head <= last; head += Warps) {
    float *q = s.logits + head * d, *k = q + a.group * d, *z = s.z + head * d;
    float own[2][Each], top[2] = {-INFINITY, -INFINITY}, sum[2] = {}, dot = 0;
#pragma unroll
    for (int n = 0; n < Each; ++n) {
      const int c = lane + 32 * n;
      own[0][n] = c < d ? q[c] : -INFINITY, own[1][n] = c < d ? k[c] : -INFINITY;
      top[0] = fmaxf(top[0], own[0][n]), top[1] = fmaxf(top[1], own[1][n]);
    }
    top[0] = groupMax(top[0]), top[1] = groupMax(top[1]);
#pragma unroll
    for (int n = 0; n < Each; ++n) {
      own[0][n] = expf(own[0][n] - top[0]), own[1][n] = expf(own[1][n] - top[1]);
      sum[0] += own[0][n], sum[1] += own[1][n];
    }
    float *gate = s.gates + 4 * head;
    sum[0] = 1.0f / groupSum(sum[0]), sum[1] = gate[1] / groupSum(sum[1]);
    const bool isOwner = head * d >= at.column; // of the head's first column
#pragma unroll
    for (int n = 0; n < Each; ++n) {
      const int c = lane + 32 * n;
      if (c >= d)
        continue;
      q[c] = own[0][n] *= sum[0];
      k[c] = own[1][n] *= sum[1]; // i' k~
      const float next = (fresh ? 0.0f : gate[0] * z[c]) + own[1][n];
      dot += own[0][n] * next;
      if (isOwner)
        at.state.in<float>(a.state.z)[(at.head + head) * d + c] = next;
    }
    dot = groupSum(dot);
    __syncwarp();
    if (lane == 0) {
      if (isOwner)
        at.state.in<float>(a.state.m)[at.head + head] = gate[2];
      gate[2] = fmaxf(dot, 1e-30f);
    }
  }
}

/// partTop [blocks,G] becomes each block's share of the window's output; a warp a head, the last warps first.
template <typename Shared>
__device__ void shares(const Args &a, const Shared &s, int first, int last) {
  const int lane = threadIdx.x % 32;
  for (int head = first + Warps - 1 - int(threadIdx.x) / 32; head <= last; head += Warps) {
    const bool isThere = lane < a.blocks;
    float *top = s.partTop + lane * a.group + head;
    const float own = isThere ? *top : -INFINITY, most = groupMax(own);
    const float share = own > -INFINITY ? expf(own - most) : 0.0f;
    const float sum = groupSum(isThere ? share * s.partSum[lane * a.group + head] : 0.0f);
    if (isThere)
      *top = share / sum;
  }
}

/// One segment of S, updated in place; what it gives q~ S goes to columnSums, a row a warp (a thread row if not
/// folded).
template <typename Shared>
__device__ void updateState(const Args &a, const Shared &s, const Strip<Shared> &strip, bool fresh,
                            uint4 (&early)[StateRows]) {
  const int d = s.width(a);
  const float keep = s.gates[4 * strip.head];
  const float *q = s.logits + strip.head * d, *k = q + a.group * d;
  float v[4], sum[4] = {};
  loadFloats(s.v + strip.flat - strip.head * d, v);
  for (int from = strip.row; from < d; from += StateRows * strip.rows) {
    if (from != strip.row)
      strip.load(from, d, early);
#pragma unroll
    for (int n = 0; n < StateRows; ++n) {
      const int r = from + n * strip.rows;
      if (r >= d)
        continue;
      float value[4];
      const float *old = reinterpret_cast<const float *>(&early[n]);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        value[i] = (fresh ? 0.0f : keep * old[i]) + k[r] * v[i];
        sum[i] += q[r] * value[i];
      }
      storeFloats(strip.base + r * d, value);
    }
  }
  if (!strip.isFolded()) {
    if (strip.row < d)
      storeFloats(s.columnSums + threadIdx.x * 4, sum);
    return;
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (strip.wide <= 16)
      sum[i] += __shfl_xor_sync(~0u, sum[i], 16);
    if (strip.wide <= 8)
      sum[i] += __shfl_xor_sync(~0u, sum[i], 8);
  }
  if (threadIdx.x % 32 < unsigned(strip.wide))
    storeFloats(s.columnSums + threadIdx.x / 32 * strip.columns + threadIdx.x % 32 * 4, sum);
}

template <typename T, typename Shared>
__device__ void writeOutput(const Args &a, const Shared &s, const Place &at, int segment, const Strip<Shared> &strip) {
  const int d = s.width(a), sums = strip.isFolded() ? Warps : min(strip.rows, d);
  for (int n = threadIdx.x; n < strip.columns; n += Threads) {
    const int flat = at.column + segment + n, head = s.headOf(a, flat);
    float memory = 0, out = 0;
#pragma unroll 8
    for (int r = 0; r < sums; ++r)
      memory += s.columnSums[r * strip.columns + n];
#pragma unroll 8
    for (int rank = 0; rank < a.blocks; ++rank)
      out += s.partTop[rank * a.group + head] * s.partOut[rank * a.columns + segment + n];
    const float *gate = s.gates + 4 * head, o = gate[3];
    static_cast<T *>(a.h)[at.query * d + flat] = fromFloat<T>(o * memory / gate[2] + (1.0f - o) * out);
  }
}

/// This token's key and value into their slots.
template <typename Shared>
__device__ void writeRing(const Args &a, const Shared &s, const Place &at, int t, int slot) {
  using Ring = typename Shared::Ring;
  const int d = s.width(a);
  for (int c = threadIdx.x; c < d; c += Threads) {
    const Ring k = fromFloat<Ring>(s.k[c]), v = fromFloat<Ring>(s.v[c]);
    const int64_t ring = ((at.state.row * a.W + slot) * a.Hkv + at.kvHead) * d + c;
    at.state.in<Ring>(a.state.ring_k)[ring] = k, at.state.in<Ring>(a.state.ring_v)[ring] = v;
    if (t < a.S) {
      const int64_t sink = ((at.state.row * a.S + t) * a.Hkv + at.kvHead) * d + c;
      at.state.in<Ring>(a.state.sink_k)[sink] = k, at.state.in<Ring>(a.state.sink_v)[sink] = v;
    }
  }
}

} // namespace xlstm::cuda::decode

#endif // XLSTM_KERNELS_CUDA_HYBRIDDECODESTEPS_CUH
