//===- HybridDecodeFastSteps.cuh - one token by tensor cores: query to output ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CUDA_HYBRIDDECODEFASTSTEPS_CUH
#define XLSTM_KERNELS_CUDA_HYBRIDDECODEFASTSTEPS_CUH

#include "kernels/cuda/HybridDecodeFast.cuh"

namespace xlstm::cuda::decode {

constexpr float Log2E = 1.442695041f;

/// The token as it comes: a pair of channels a thread, of a query and of the key.
template <typename P>
struct Token {
  static constexpr int Half = P::D / 2, Owners = P::Threads / Half;
  int i, owner, t;
  int64_t turns;
  Bf16 low, high, keyLow, keyHigh;
  uint4 v;

  /// Everyone loads: a load that some skip would wait for the register's last use.
  __device__ void load(const FastArgs &a, const Spot<P> &at) {
    i = threadIdx.x % Half, owner = threadIdx.x / Half;
    const bool begins = a.in.doc_start && a.in.doc_start[at.b] >= 0;
    t = *at.pos(a);
    turns = a.turns ? a.turns[i] : 0;
    const int own = at.kvHead * P::D, group = (at.kvHead * P::Group + owner % P::Group) * P::D;
    const Bf16 *q = static_cast<const Bf16 *>(a.in.q) + at.b * a.strides.q + group + i;
    const Bf16 *k = static_cast<const Bf16 *>(a.in.k) + at.b * a.strides.k + own + i;
    low = q[0], high = q[Half], keyLow = k[0], keyHigh = k[Half];
    v = loadEarly(static_cast<const Bf16 *>(a.in.v) + at.b * a.strides.v + own + threadIdx.x % P::Pieces * 8);
    if (begins)
      t = 0;
  }
  /// Query and key, rotated, as halves to x; the value.
  __device__ void store(const FastArgs &a, const FastShared<P> &s) const {
    float sine = 0, cosine = 1;
    if (a.turns) { // within half a turn the fast ones are right to 2^-20
      const float angle = angleAt(t, turns);
      sine = __sinf(angle), cosine = __cosf(angle);
      sine *= a.ropeFactor, cosine *= a.ropeFactor;
    }
    auto put = [&](Bf16 *to, float low, float high) {
      storeHalves(to + i, to + i + Half, P::XPitch, low * cosine - high * sine, high * cosine + low * sine);
    };
    if (owner < P::Group)
      put(s.x + 2 * owner * P::XPitch, toFloat(low), toFloat(high));
    if (owner == min(P::Group, Owners - 1))
      put(s.x + 2 * MostHeads * P::XPitch, toFloat(keyLow), toFloat(keyHigh));
    if (threadIdx.x < P::Pieces)
      reinterpret_cast<uint4 *>(s.v)[threadIdx.x] = v;
  }
};

/// The block's columns of S: a thread's rows row, row + RowsAtOnce, ... of four columns, a round of them in registers.
template <typename P>
struct State {
  float4 old[P::Round];
  float *own; // the first row

  __device__ State(const FastArgs &a, const Spot<P> &at)
      : own(at.state.template in<float>(a.state.S) + (at.stateHead(a) * P::D + threadIdx.x / P::Fours) * P::D +
            at.column + threadIdx.x % P::Fours * 4) {}
  __device__ float *row(int n) const { return own + n * P::RowsAtOnce * P::D; }
  __device__ void load(int n) {
    const uint4 v = loadEarly<Keep::Normal>(row(n));
    old[n % P::Round] = {__uint_as_float(v.x), __uint_as_float(v.y), __uint_as_float(v.z), __uint_as_float(v.w)};
  }
  __device__ void start() {
#pragma unroll
    for (int n = 0; n < P::Round; ++n)
      load(n);
  }
  /// Row n; the one a round later is under way then.
  __device__ float4 take(int n) {
    const float4 value = old[n % P::Round];
    if (n + P::Round < P::Steps)
      load(n + P::Round);
    return value;
  }
};

/// S in place; its columns' products with q~ to sums.
template <typename P>
__device__ void updateState(const FastShared<P> &s, const Spot<P> &at, State<P> &state, bool fresh) {
  const int row = threadIdx.x / P::Fours, four = threadIdx.x % P::Fours;
  const float keep = s.gates[0];
  float v[4], sum[4] = {};
  loadFloats(s.v + at.column + four * 4, v);
#pragma unroll
  for (int n = 0; n < P::Steps; ++n) {
    const float2 feature = s.features[row + n * P::RowsAtOnce];
    float4 old = state.take(n);
    if (fresh)
      old = {};
    const float value[4] = {keep * old.x + feature.x * v[0], keep * old.y + feature.x * v[1],
                            keep * old.z + feature.x * v[2], keep * old.w + feature.x * v[3]};
#pragma unroll
    for (int i = 0; i < 4; ++i)
      sum[i] += feature.y * value[i];
    storeFour<Keep::Normal>(state.row(n), {value[0], value[1], value[2], value[3]});
  }
  if constexpr (P::IsFolded) {
#pragma unroll
    for (int i = 0; i < 4; ++i)
#pragma unroll
      for (int step = P::Fours; step < 32; step *= 2)
        sum[i] += __shfl_xor_sync(~0u, sum[i], step);
    if (threadIdx.x % 32 < P::Fours)
      storeFloats(s.sums + threadIdx.x / 32 * P::SumPitch + four * 4, sum);
  } else {
    storeFloats(s.sums + row * P::SumPitch + four * 4, sum);
  }
}

/// One warp: its head's logits become features; keeps the new z, in the order of its lanes.
template <typename P>
struct Features {
  static constexpr int Each = P::D / 32;
  float z[Each], i, f, o, m; // gates: pre-activations, then add, keep, output and top

  __device__ void loadState(const FastArgs &a, const Spot<P> &at) {
    const int64_t head = at.stateHead(a);
    const float *from = at.state.template in<float>(a.state.z) + head * P::D + threadIdx.x % 32;
#pragma unroll
    for (int n = 0; n < Each; ++n)
      z[n] = from[32 * n];
    m = at.state.template in<float>(a.state.m)[head];
  }
  __device__ void loadGates(const FastArgs &a, const Spot<P> &at) {
    const int64_t head = at.query + at.head;
    i = a.in.i_gate[head], f = a.in.f_gate[head], o = a.in.o_gate[head];
  }
  /// Uses what has been loaded, before the blocks are told of this one's share: part 0 may write z and m then.
  __device__ void useState(bool fresh) {
    const Gates gates = gatesOf(i, f, o, m, fresh);
    i = gates.add, f = gates.keep, o = gates.output, m = gates.top;
#pragma unroll
    for (int n = 0; n < Each; ++n)
      z[n] = fresh ? 0.0f : f * z[n];
  }
  __device__ void make(const FastShared<P> &s) {
    const int lane = threadIdx.x % 32;
    float q[Each], k[Each], topQ = -INFINITY, topK = -INFINITY, sumQ = 0, sumK = 0, old = 0, added = 0;
#pragma unroll
    for (int n = 0; n < Each; ++n) {
      q[n] = s.logits[lane + 32 * n] * Log2E, k[n] = s.logits[P::D + lane + 32 * n] * Log2E;
      topQ = fmaxf(topQ, q[n]), topK = fmaxf(topK, k[n]);
    }
    topQ = groupMax(topQ), topK = groupMax(topK);
#pragma unroll
    for (int n = 0; n < Each; ++n) {
      q[n] = exp2Fast(q[n] - topQ), k[n] = exp2Fast(k[n] - topK);
      sumQ += q[n], sumK += k[n], old += q[n] * z[n], added += q[n] * k[n];
    }
    sumQ = 1.0f / groupSum(sumQ), sumK = i / groupSum(sumK), old = groupSum(old), added = groupSum(added);
    __syncwarp(); // the logits of all lanes have been read
#pragma unroll
    for (int n = 0; n < Each; ++n) {
      s.features[lane + 32 * n] = {k[n] * sumK, q[n] * sumQ};
      z[n] += k[n] * sumK;
    }
    if (lane == 0)
      s.gates[0] = f, s.gates[1] = o, s.gates[2] = fmaxf((old + added * sumK) * sumQ, 1e-30f);
  }
  __device__ void storeState(const FastArgs &a, const Spot<P> &at) const {
    const int64_t head = at.stateHead(a);
    float *to = at.state.template in<float>(a.state.z) + head * P::D + threadIdx.x % 32;
#pragma unroll
    for (int n = 0; n < Each; ++n)
      to[32 * n] = z[n];
    if (threadIdx.x % 32 == 0)
      at.state.template in<float>(a.state.m)[head] = m;
  }
};

/// This token's key and value into their slots, by the block that has read the ring's.
template <typename P>
__device__ void writeRing(const FastArgs &a, const FastShared<P> &s, const Spot<P> &at, int t, unsigned current) {
  if (threadIdx.x >= 2 * P::Pieces || current / 16 % unsigned(P::Blocks) != unsigned(at.rank))
    return;
  const bool isValue = threadIdx.x >= P::Pieces;
  const int c = threadIdx.x % P::Pieces * 8;
  const uint4 own = *reinterpret_cast<const uint4 *>((isValue ? s.v : s.x + 2 * MostHeads * P::XPitch) + c);
  auto put = [&](void *ring, int extent, int slot) {
    *reinterpret_cast<uint4 *>(at.rows(ring, extent) + slot * at.stride + c) = own;
  };
  put(isValue ? a.state.ring_v : a.state.ring_k, a.W, current);
  if (t < a.S)
    put(isValue ? a.state.sink_v : a.state.sink_k, a.S, t);
}

/// The mix of the block's columns; neighbouring threads share a column's sums.
template <typename P>
__device__ void writeOutput(const FastArgs &a, const FastShared<P> &s, const Spot<P> &at) {
  constexpr int Sharers = P::Threads / P::Columns;
  const int n = threadIdx.x / Sharers, first = threadIdx.x % Sharers;
  float memory = 0, top = -INFINITY, out = 0, sum = 0;
#pragma unroll
  for (int row = first; row < P::SumRows; row += Sharers)
    memory += s.sums[row * P::SumPitch + n];
#pragma unroll
  for (int source = first; source < P::Sources; source += Sharers)
    top = fmaxf(top, s.partTop[source]);
  top = groupMax<Sharers>(top);
#pragma unroll
  for (int source = first; source < P::Sources; source += Sharers) {
    const float share = exp2Fast(s.partTop[source] - top);
    sum += share * s.partSum[source], out += share * s.partOut[source * P::SumPitch + n];
  }
  memory = groupSum<Sharers>(memory), sum = groupSum<Sharers>(sum), out = groupSum<Sharers>(out);
  const float o = s.gates[1];
  if (first == 0)
    static_cast<Bf16 *>(a.h)[(at.query + at.head) * P::D + at.column + n] =
        fromFloat<Bf16>(o * memory / s.gates[2] + (1.0f - o) * out / sum);
}

/// The last of a sequence's key heads moves pos on: the others have read it. By one thread.
template <typename P>
__device__ void movePosition(const FastArgs &a, const Spot<P> &at, int t) {
  if (at.rank == 0 && atomicInc(a.done + at.b, a.Hkv - 1) == unsigned(a.Hkv - 1))
    *at.pos(a) = t + 1;
}

__device__ inline int remainder(const FastArgs &a, int t) { // t % W
  return int(__umul64hi(a.windowInverse * unsigned(t), a.W));
}

} // namespace xlstm::cuda::decode

#endif // XLSTM_KERNELS_CUDA_HYBRIDDECODEFASTSTEPS_CUH
