//===- HybridFastKeyWindow.cu - gradients of keys and values on Hopper ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block has 128 keys of one key head and walks its group's query heads and, of each, the tiles of queries whose
// windows reach the keys; then it adds what the memory branch and the sinks' readers left.

#include "kernels/cuda/HybridFast.cuh"
#include "kernels/cuda/HybridFastWindow.cuh"

using namespace xlstm::cuda;
using namespace xlstm::cuda::tiles;

namespace {

/// Per query of a tile, for all its keys: log2 e times the log of sums, delta, 1 - o and the document's start.
struct Facts {
  float lse[Rows], delta[Rows], shut[Rows];
  int start[Rows];
};

template <int D>
struct Shared {
  char *k, *v, *q[2], *dh[2];
  Facts *facts[2];

  __device__ explicit Shared(char *base) {
    base = aligned(base);
    k = base, v = base + TileBytes<D>;
    for (int s = 0; s < 2; ++s) {
      q[s] = base + (2 + s) * TileBytes<D>, dh[s] = base + (4 + s) * TileBytes<D>;
      facts[s] = reinterpret_cast<Facts *>(base + 6 * TileBytes<D>) + s;
    }
  }
  static constexpr size_t bytes() { return 6 * TileBytes<D> + 2 * sizeof(Facts) + 1024; }
};

struct Arguments {
  Problem p;
  xlstm_hybrid_saved saved;
  const Bf16 *dh;
  fast::Scratch scratch;
  Bf16 *dk, *dv;
};

/// The slot of scratch.sinkK of a document: two that read sinks begin more than a window apart.
__device__ inline int slotOf(const Problem &p, int start) { return start < 0 ? 0 : start / (p.W + 1) + 1; }
/// Whether the document that begins at `start` has queries behind their first window in a segment of the row.
[[maybe_unused]] __device__ inline bool readsSinks(const Problem &p, int b, int start, int segment) {
  int each = (p.chunks + fast::SinkSegments - 1) / fast::SinkSegments * Rows, t = max(start + p.W, segment * each);
  return t < min(p.T, (segment + 1) * each) && p.start(b, t) == start;
}
[[maybe_unused]] __device__ inline int64_t sinkRows(const Problem &p, int b, int h, int start, int segment) {
  int64_t slot = (static_cast<int64_t>(b) * p.H + h) * fast::sinkSlots(p.T, p.W) + slotOf(p, start);
  return (slot * fast::SinkSegments + segment) * p.S;
}

#ifdef XLSTM_HAS_WGMMA

/// Starts copying them; beyond the row there are no queries.
__device__ inline void loadFacts(const Arguments &x, Facts &facts, int b, int h, int begin) {
  int n = threadIdx.x, t = begin + n;
  if (n >= Rows)
    return;
  bool valid = t < x.p.T;
  int64_t token = valid ? (static_cast<int64_t>(b) * x.p.H + h) * x.p.T + t : 0;
  copy4(sharedAddress(facts.lse + n), x.scratch.lse + token, valid);
  copy4(sharedAddress(facts.delta + n), x.scratch.delta + token, valid);
  copy4(sharedAddress(facts.shut + n), x.scratch.shut + token, valid);
  facts.start[n] = valid ? x.p.start(b, t) : INT_MAX;
}

/// Scores k . q and slopes v . dh of 64 queries from `queries` on to the weights of q (for dk) and of dh (for dv).
__device__ inline void weighQueries(float (&s)[8][4], float (&slope)[8][4], const Problem &p, const Facts &facts,
                                    int part, int begin, int queries) {
  float scale = p.scale * Log2e;
#pragma unroll
  for (int n = 0; n < 8; ++n) {
    int column = part + n * 8 + ownColumn();
    float2 lse = *reinterpret_cast<const float2 *>(facts.lse + column);
    float2 delta = *reinterpret_cast<const float2 *>(facts.delta + column);
    float2 shut = *reinterpret_cast<const float2 *>(facts.shut + column);
    int2 start = *reinterpret_cast<const int2 *>(facts.start + column);
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      int j = begin + ownRow() + e / 2 * 8, t = queries + column + e % 2;
      bool valid = j <= t && j > t - p.W && j >= (e % 2 ? start.y : start.x);
      float weight = valid ? exp2Fast(s[n][e] * scale - (e % 2 ? lse.y : lse.x)) : 0, part = e % 2 ? shut.y : shut.x;
      s[n][e] = weight * part;
      slope[n][e] = weight * (part * slope[n][e] - (e % 2 ? delta.y : delta.x)) * p.scale;
    }
  }
}

template <int D>
__device__ inline void queryTile(const Problem &p, const Shared<D> &shared, int stage, int begin, int queries,
                                 float (&dk)[D / 8][4], float (&dv)[D / 8][4]) {
  uint32_t k = sharedAddress(shared.k), v = sharedAddress(shared.v), q = sharedAddress(shared.q[stage]);
  uint32_t dh = sharedAddress(shared.dh[stage]), ofKeys[4][4], ofValues[4][4];
#pragma unroll
  for (int part = 0; part < Rows; part += 64) {
    float s[8][4], slope[8][4];
    wgmma::hold(s), wgmma::hold(slope);
    wgmma::arrive();
    startByRows<D>(s, k, q, false, part);
    startByRows<D>(slope, v, dh, false, part);
    wgmma::commit();
    wgmma::waitProducts<0>(); // the last part's sums too
    wgmma::hold(s), wgmma::hold(slope), wgmma::hold(dk), wgmma::hold(dv);
    weighQueries(s, slope, p, *shared.facts[stage], part, begin, queries);
    toOperand(s, ofValues);
    toOperand(slope, ofKeys);
    wgmma::hold(dk), wgmma::hold(dv);
    wgmma::arrive();
    startByColumns(dv, ofValues, dh, true, part);
    startByColumns(dk, ofKeys, q, true, part);
    wgmma::commit();
  }
  wgmma::waitProducts<0>();
  wgmma::hold(dk), wgmma::hold(dv);
}

/// Adds the memory branch's gradient of v of every head, and what the sinks' readers left, to this thread's rows.
template <int D>
__device__ inline void addLeft(const Arguments &x, int b, int keyHead, int begin, float (&dk)[D / 8][4],
                               float (&dv)[D / 8][4]) {
  const Problem &p = x.p;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    int j = begin + ownRow() + 8 * half;
    if (j >= p.T)
      continue;
    int start = p.start(b, j), position = j - start;
    for (int h = keyHead * p.group; h < (keyHead + 1) * p.group; ++h) {
      const Bf16 *values = x.scratch.values + p.gate(b, j, h) * p.d + ownColumn();
#pragma unroll
      for (int n = 0; n < D / 8; ++n)
        if (n * 8 < p.d) {
          float2 both = unpack(*reinterpret_cast<const uint32_t *>(values + n * 8));
          dv[n][2 * half] += both.x, dv[n][2 * half + 1] += both.y;
        }
      for (int segment = 0; position < p.S && segment < fast::SinkSegments; ++segment) {
        if (!readsSinks(p, b, start, segment))
          continue;
        int64_t from = (sinkRows(p, b, h, start, segment) + position) * p.d + ownColumn();
#pragma unroll
        for (int n = 0; n < D / 8; ++n)
          if (n * 8 < p.d) {
            float2 key = *reinterpret_cast<const float2 *>(x.scratch.sinkK + from + n * 8);
            float2 value = *reinterpret_cast<const float2 *>(x.scratch.sinkV + from + n * 8);
            dk[n][2 * half] += key.x, dk[n][2 * half + 1] += key.y;
            dv[n][2 * half] += value.x, dv[n][2 * half + 1] += value.y;
          }
      }
    }
  }
}

#endif // XLSTM_HAS_WGMMA

template <int D>
__global__ void __launch_bounds__(Block, 1) keys(const __grid_constant__ Arguments x) {
#ifdef XLSTM_HAS_WGMMA
  extern __shared__ char base[];
  Shared<D> shared(base);
  const Problem &p = x.p;
  int c = blockIdx.x, keyHead = blockIdx.y, b = blockIdx.z, begin = c * Rows;
  int tiles = min(p.chunks, c + (Rows + p.W - 2) / Rows + 1) - c, each = tiles + 1; // a head's last entry is its map
  int64_t stride = static_cast<int64_t>(p.H) * p.d, keyStride = static_cast<int64_t>(p.Hkv) * p.d;
  auto bring = [&](int n) {
    int h = keyHead * p.group + n / each, tile = n % each, t = (c + tile) * Rows, stage = n % 2;
    uint32_t q = sharedAddress(shared.q[stage]), dh = sharedAddress(shared.dh[stage]);
    if (tile < tiles) {
      loadRows<D>(q, p.d, tokenRow(p.q, p, p.H, b, t, h), stride, p.T - t);
      loadRows<D>(dh, p.d, tokenRow(x.dh, p, p.H, b, t, h), stride, p.T - t);
      loadFacts(x, *shared.facts[stage], b, h, t);
    } else {
      loadRows<D>(q, p.d, tokenRow(x.scratch.kLogits, p, p.H, b, begin, h), stride, p.T - begin);
      loadRows<D, D>(dh, p.d, static_cast<const Bf16 *>(p.kMap) + static_cast<int64_t>(h) * p.d * p.d, p.d, p.d);
    }
    commitCopies();
  };
  loadRows<D>(sharedAddress(shared.k), p.d, tokenRow(p.k, p, p.Hkv, b, begin, keyHead), keyStride, p.T - begin);
  loadRows<D>(sharedAddress(shared.v), p.d, tokenRow(p.v, p, p.Hkv, b, begin, keyHead), keyStride, p.T - begin);
  bring(0);
  float dk[D / 8][4] = {}, dv[D / 8][4] = {};
  for (int n = 0; n < each * p.group; ++n) {
    awaitCopies<0>();
    wgmma::publish();
    __syncthreads();
    if (n + 1 < each * p.group)
      bring(n + 1);
    if (n % each < tiles)
      queryTile<D>(p, shared, n % 2, begin, (c + n % each) * Rows, dk, dv);
    else
      product(dk,
              [&] { startByColumns<D, D>(dk, sharedAddress(shared.q[n % 2]), sharedAddress(shared.dh[n % 2]), true); });
  }
  addLeft<D>(x, b, keyHead, begin, dk, dv);
  storeRows(dk, shared.k);
  storeRows(dv, shared.v);
  __syncthreads();
  int64_t first = ((static_cast<int64_t>(b) * p.T + begin) * p.Hkv + keyHead) * p.d;
  if (x.dk)
    writeRows<D>(shared.k, p.d, x.dk + first, keyStride, p.T - begin);
  if (x.dv)
    writeRows<D>(shared.v, p.d, x.dv + first, keyStride, p.T - begin);
#endif
}

} // namespace

namespace {

#ifdef XLSTM_HAS_WGMMA

/// s [16 sinks, 16 queries of this warp]: padded rows against a swizzled tile.
template <int D>
__device__ inline void scoresOfSinks(float (&s)[2][4], const char *rows, const char *queries) {
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
#pragma unroll
  for (int n = 0; n < 2; ++n)
#pragma unroll
    for (int e = 0; e < 4; ++e)
      s[n][e] = 0;
#pragma unroll
  for (int k = 0; k < D; k += 16) {
    uint32_t a[4], b[4];
    loadMatrices(a, rows + lane % 16 * SinkPitch<D> + (k + lane / 16 * 8) * 2);
    loadMatrices(b, queries + offset(warp * 16 + lane / 16 * 8 + lane % 8, k + lane / 8 % 2 * 8));
    multiplyAdd(s[0], a, b[0], b[1]);
    multiplyAdd(s[1], a, b[2], b[3]);
  }
}

/// sum [16,D] += weights [16,16] times this warp's 16 rows of a tile.
template <int D>
__device__ inline void addQueries(float (&sum)[D / 8][4], const uint32_t (&weights)[4], const char *tile) {
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
#pragma unroll
  for (int c = 0; c < D; c += 16) {
    uint32_t b[4];
    loadTransposed(b, tile + offset(warp * 16 + lane % 16, c + lane / 16 * 8));
    multiplyAdd(sum[c / 8], weights, b[0], b[1]);
    multiplyAdd(sum[c / 8 + 1], weights, b[2], b[3]);
  }
}

/// The warps' sums, one after another, to the first `rows` rows of d floats.
template <int D>
__device__ inline void addWarps(const float (&sum)[D / 8][4], float *shared, float *to, int rows, int d) {
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  for (int turn = 0; turn < Block / 32; ++turn) {
    __syncthreads();
    if (warp == turn)
#pragma unroll
      for (int n = 0; n < D / 8; ++n)
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          float *at = shared + (lane / 4 + e / 2 * 8) * D + n * 8 + ownColumn() + e % 2;
          *at = turn ? *at + sum[n][e] : sum[n][e];
        }
  }
  __syncthreads();
  for (int n = threadIdx.x; n < rows * d; n += Block)
    to[n] = shared[n / d * D + n % d];
}

#endif // XLSTM_HAS_WGMMA

template <int D>
constexpr size_t SinkBytes = 4 * TileBytes<D> + 2 * SinkTile *SinkPitch<D> + 1024;

/// One document that reads sinks, one query head, a segment of the row: all queries behind their first window.
template <int D>
__global__ void __launch_bounds__(Block, 1) sinks(const __grid_constant__ Arguments x) {
#ifdef XLSTM_HAS_WGMMA
  extern __shared__ char base[];
  const Problem &p = x.p;
  char *tiles = aligned(base), *sinkK = tiles + 4 * TileBytes<D>, *sinkV = sinkK + SinkTile * SinkPitch<D>;
  __shared__ int found;
  int slot = blockIdx.x, h = blockIdx.y, b = blockIdx.z / fast::SinkSegments, segment = blockIdx.z % fast::SinkSegments;
  if (!p.docStart && slot != slotOf(p, p.start(b, 0)))
    return; // a row of one document
  if (threadIdx.x == 0)
    found = slot == 0 && p.pos && -p.pos[b] < 0 && readsSinks(p, b, -p.pos[b], segment) ? -p.pos[b] : INT_MAX;
  __syncthreads();
  for (int t = (slot - 1) * (p.W + 1) + threadIdx.x; slot && t < min(p.T, slot * (p.W + 1)); t += Block)
    if (p.start(b, t) == t && readsSinks(p, b, t, segment))
      found = t; // at most one
  __syncthreads();
  int start = found, each = (p.chunks + fast::SinkSegments - 1) / fast::SinkSegments;
  if (start == INT_MAX)
    return;
  int first = max(max(start + p.W, 0) / Rows, segment * each), end = min(p.chunks, (segment + 1) * each);
  loadSinks<D>(sinkK, p, p.k, p.sinkK, b, start, 0, h / p.group);
  loadSinks<D>(sinkV, p, p.v, p.sinkV, b, start, 0, h / p.group);
  auto bring = [&](int tile) {
    uint32_t to = sharedAddress(tiles + tile % 2 * 2 * TileBytes<D>);
    int64_t stride = static_cast<int64_t>(p.H) * p.d;
    loadRows<D>(to, p.d, tokenRow(p.q, p, p.H, b, tile * Rows, h), stride, p.T - tile * Rows);
    loadRows<D>(to + TileBytes<D>, p.d, tokenRow(x.dh, p, p.H, b, tile * Rows, h), stride, p.T - tile * Rows);
    commitCopies();
  };
  float dk[D / 8][4] = {}, dv[D / 8][4] = {};
  bring(first);
  for (int tile = first; tile < end && p.start(b, tile * Rows) <= start; ++tile) {
    awaitCopies<0>();
    __syncthreads();
    if (tile + 1 < end)
      bring(tile + 1);
    const char *q = tiles + tile % 2 * 2 * TileBytes<D>, *dh = q + TileBytes<D>;
    float s[2][4], slope[2][4];
    scoresOfSinks<D>(s, sinkK, q);
    scoresOfSinks<D>(slope, sinkV, dh);
#pragma unroll
    for (int n = 0; n < 2; ++n)
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        int t = tile * Rows + threadIdx.x / 32 * 16 + n * 8 + ownColumn() + e % 2, at = min(t, p.T - 1);
        int position = threadIdx.x % 32 / 4 + e / 2 * 8;
        int64_t token = (static_cast<int64_t>(b) * p.H + h) * p.T + at;
        bool valid = t < p.T && p.start(b, at) == start && isSinkRead(p, t, start, start + position);
        float weight = valid ? exp2Fast(s[n][e] * (p.scale * Log2e) - x.scratch.lse[token]) : 0;
        float shut = x.scratch.shut[token];
        s[n][e] = weight * shut;
        slope[n][e] = weight * (shut * slope[n][e] - x.scratch.delta[token]) * p.scale;
      }
    uint32_t ofKeys[1][4], ofValues[1][4];
    toOperand<1>(slope, ofKeys);
    toOperand<1>(s, ofValues);
    addQueries<D>(dk, ofKeys[0], q);
    addQueries<D>(dv, ofValues[0], dh);
  }
  awaitCopies<0>();
  __syncthreads();
  int64_t to = sinkRows(p, b, h, start, segment) * p.d;
  addWarps<D>(dk, reinterpret_cast<float *>(tiles), x.scratch.sinkK + to, p.S, p.d);
  addWarps<D>(dv, reinterpret_cast<float *>(tiles + TileBytes<D>), x.scratch.sinkV + to, p.S, p.d);
#endif
}

} // namespace

bool fast::isFastBackward(const xlstm_hybrid_shape &shape) {
  return isFast(shape) && shape.W >= Rows && shape.S <= SinkTile;
}

cudaError_t fast::sinkGradients(const Problem &p, const xlstm_hybrid_saved &saved, const void *dh,
                                const Scratch &scratch, cudaStream_t stream) {
  if (p.S == 0)
    return cudaSuccess;
  Arguments x{p, saved, static_cast<const Bf16 *>(dh), scratch, nullptr, nullptr};
  dim3 grid(sinkSlots(p.T, p.W), p.H, p.B * SinkSegments);
  return p.d <= 64 ? launch(sinks<64>, grid, Block, SinkBytes<64>, stream, x)
                   : launch(sinks<128>, grid, Block, SinkBytes<128>, stream, x);
}

cudaError_t fast::windowKeyGradients(const Problem &p, const xlstm_hybrid_saved &saved, const void *dh,
                                     const Scratch &scratch, const xlstm_hybrid_gradients &out, cudaStream_t stream) {
  Arguments x{p, saved, static_cast<const Bf16 *>(dh), scratch, static_cast<Bf16 *>(out.k), static_cast<Bf16 *>(out.v)};
  dim3 grid(p.chunks, p.Hkv, p.B);
  return p.d <= 64 ? launch(keys<64>, grid, Block, Shared<64>::bytes(), stream, x)
                   : launch(keys<128>, grid, Block, Shared<128>::bytes(), stream, x);
}
