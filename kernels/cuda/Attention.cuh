//===- Attention.cuh - attention through a ring of keys: rows, keys, parts --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The query rows of a key head are counted over tokens and the group's heads: row r is token r / G, head r % G. So one
// token of a group and many tokens of a head make the same tiles of 16 rows, and a key is read once for its group. A
// block's keys are one list: the sinks before its first row's window, then all from there to its last row's own; what a
// row may not see is masked by position. Keys before this call are read from ring and sinks, the rest from k and v, so
// that the state may be updated meanwhile where the call has one token.

#ifndef XLSTM_KERNELS_CUDA_ATTENTION_CUH
#define XLSTM_KERNELS_CUDA_ATTENTION_CUH

#include "kernels/cuda/Ptx.cuh"
#include "kernels/cuda/StateRow.cuh"
#include "kernels/cuda/Types.cuh"

namespace xlstm::cuda::attention {

constexpr int TileRows = 16;
constexpr int MostSplits = 256;

struct Args {
  const void *q, *k, *v;
  const int32_t *pos;
  void *ringK, *ringV, *sinkK, *sinkV, *h;
  int64_t B, qStride, kStride, vStride;
  int T, H, Hkv, group, d, dv, W, S;
  float scale;     // times log2 e
  int splits;      // blocks that share a tile's keys
  float *out;      // [B,Hkv,rows,splits,dv]: their sums, where splits > 1
  float2 *weights; // [B,Hkv,rows,splits]: maximum and sum of each
  const int64_t *apart;

  __host__ __device__ int rows() const { return T * group; }
  int wide() const { return d > dv ? d : dv; }
};

/// Where a block stands: its rows [first, end) of a key head of a text.
struct Place {
  int64_t b;
  StateRow state;
  int head, split, first, end, pos;

  __device__ Place(const Args &a, int tile, int tileRows)
      : b(blockIdx.z), state(a.apart, b), head(blockIdx.y), split(blockIdx.x % a.splits) {
    first = tile * tileRows, end = min(first + tileRows, a.rows()), pos = state.in<int32_t>(a.pos)[state.row];
  }
  __device__ int position(const Args &a, int row) const { return pos + row / a.group; }
  /// Row `row` of q, and of h.
  template <typename T>
  __device__ const T *query(const Args &a, int row) const {
    const int t = row / a.group;
    return static_cast<const T *>(a.q) + (b * a.T + t) * a.qStride + (head * a.group + row - t * a.group) * a.d;
  }
  template <typename T>
  __device__ T *output(const Args &a, int row) const {
    const int t = row / a.group;
    return static_cast<T *>(a.h) + ((b * a.T + t) * a.H + head * a.group + row - t * a.group) * a.dv;
  }
  /// The index of the row's sums over this block's keys.
  __device__ int64_t part(const Args &a, int row) const {
    return ((b * a.Hkv + head) * a.rows() + row) * a.splits + split;
  }
};

/// The list of keys of a block: `sinks` of them, then positions from `first` on.
struct Keys {
  int first, sinks, count, pos, slot, W, S;

  __device__ Keys(const Args &a, const Place &at) : pos(at.pos), W(a.W), S(a.S) {
    first = max(0, at.position(a, at.first) - W + 1), sinks = min(S, first), slot = first % W;
    count = sinks + at.position(a, at.end - 1) - first + 1;
  }
  __device__ int position(int n) const { return n < sinks ? n : first + n - sinks; }
  /// Whether a row at position p sees the list's n-th key.
  __device__ bool isSeen(int n, int p) const {
    const int j = position(n);
    return n < count && j <= p && (j > p - W || j < S);
  }
  /// Whether rows at positions from `low` to `high` all see the `many` keys from n on, or none of them does.
  __device__ bool areSeen(int n, int many, int low, int high) const {
    return n >= sinks && n + many <= count && position(n + many - 1) <= low && position(n) > high - W;
  }
  __device__ bool areUnseen(int n, int many, int low, int high) const {
    return n >= sinks && (position(n) > high || (position(n + many - 1) <= low - W && position(n) >= S));
  }
};

/// Keys or values of one head: where the list's n-th lies.
template <typename T>
struct Storage {
  const T *fresh, *ring, *sinks;
  int64_t freshStride, stride;

  __device__ Storage(const Args &a, const Place &at, const void *fresh, int64_t freshStride, const void *ring,
                     const void *sinks, int width)
      : freshStride(freshStride), stride(int64_t(a.Hkv) * width) {
    const int own = at.head * width;
    this->fresh = static_cast<const T *>(fresh) + at.b * a.T * freshStride + own;
    this->ring = at.state.in<T>(ring) + at.state.row * a.W * stride + own;
    this->sinks = at.state.in<T>(sinks) + at.state.row * a.S * stride + own;
  }
  __device__ const T *row(const Keys &keys, int n) const {
    n = min(n, keys.count - 1);
    const int j = keys.position(n);
    if (j >= keys.pos)
      return fresh + (j - keys.pos) * freshStride;
    if (n < keys.sinks)
      return sinks + n * stride;
    const int slot = keys.slot + n - keys.sinks;
    return ring + (slot < keys.W ? slot : slot - keys.W) * stride;
  }
};
template <typename T>
__device__ Storage<T> keysOf(const Args &a, const Place &at) {
  return {a, at, a.k, a.kStride, a.ringK, a.sinkK, a.d};
}
template <typename T>
__device__ Storage<T> valuesOf(const Args &a, const Place &at) {
  return {a, at, a.v, a.vStride, a.ringV, a.sinkV, a.dv};
}

/// Token t's keys and values of a head into ring and sinks, by a block's threads.
template <typename T>
__device__ void remember(const Args &a, int64_t b, int head, int t, bool inRing, bool inSinks) {
  const StateRow state(a.apart, b);
  auto put = [&](const void *from, int64_t fromStride, void *ring, void *sinks, int width) {
    const T *x = static_cast<const T *>(from) + (b * a.T + t) * fromStride + head * width;
    const int64_t stride = int64_t(a.Hkv) * width, own = head * width, p = state.in<int32_t>(a.pos)[state.row] + t;
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
      if (inRing)
        state.in<T>(ring)[(state.row * a.W + p % a.W) * stride + own + c] = x[c];
      if (inSinks && p < a.S)
        state.in<T>(sinks)[(state.row * a.S + p) * stride + own + c] = x[c];
    }
  };
  put(a.k, a.kStride, a.ringK, a.sinkK, a.d);
  put(a.v, a.vStride, a.ringV, a.sinkV, a.dv);
}
/// The same for a call of one token, by the first block of each head.
template <typename T>
__device__ void rememberOne(const Args &a, const Place &at) {
  if (a.T == 1 && blockIdx.x == 0)
    remember<T>(a, at.b, at.head, 0, true, true);
}

/// Rows `first` .. of the block, sums of several parts in shared memory, to h, or to the block's own part of it.
/// part(n, row) gives maximum and sum, value(n, row, c) a channel's; rows are counted from the block's first.
template <typename T, typename Part, typename Value>
__device__ void writeParts(const Args &a, const Place &at, int parts, Part part, Value value) {
  for (int n = threadIdx.x; n < (at.end - at.first) * a.dv; n += blockDim.x) {
    const int row = n / a.dv, c = n - row * a.dv;
    float top = -INFINITY, total = 0, sum = 0;
    for (int p = 0; p < parts; ++p)
      top = fmaxf(top, part(p, row).x);
    const float base = top > -INFINITY ? top : 0.0f;
    for (int p = 0; p < parts; ++p) {
      const float2 own = part(p, row);
      const float share = exp2f(own.x - base);
      total += share * own.y, sum += share * value(p, row, c);
    }
    if (a.splits == 1) {
      at.output<T>(a, at.first + row)[c] = fromFloat<T>(sum / total);
      continue;
    }
    const int64_t to = at.part(a, at.first + row);
    a.out[to * a.dv + c] = sum;
    if (c == 0)
      a.weights[to] = {top, total};
  }
}

/// bf16, widths that are multiples of 8 and at most 256: on the matrix units. The keys of a block's rows are divided
/// among a.splits blocks. Few rows: among a block's warps as well; many: each warp has a tile of them.
cudaError_t attendKeys(const Args &a, void *stream);
cudaError_t attendRows(const Args &a, void *stream);
/// Any type and width whose rows fit shared memory; cudaErrorInvalidValue where they do not.
cudaError_t attendPlain(const Args &a, xlstm_dtype type, void *stream);

} // namespace xlstm::cuda::attention

#endif // XLSTM_KERNELS_CUDA_ATTENTION_CUH
