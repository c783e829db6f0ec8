//===- HybridFastKeyMemory.cu - the matrix memory's gradients by key ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Of a chunk's 128 keys of one query head: what the chunk's own queries and, through the state behind the chunk, all
// later ones ask of the key's features and of its value. Then the maps' gradients.

#include "kernels/cuda/HybridFastRoles.cuh"

using namespace xlstm::cuda;
using namespace xlstm::cuda::roles;

namespace {

constexpr int Places = 6;

/// A chunk's queries and keys. Of queries M_t times log2 e, o / denominator, gamma and the document's start; of
/// features the normaliser's gradient behind the chunk; of keys a_j times log2 e and their weight in the state behind
/// it.
struct Facts {
  float frame[Rows], factor[Rows], gamma[Rows], dz[Rows], a[Rows], carried[Rows];
  int start[Rows];
};

template <int D>
struct Shared {
  char *ring;
  Facts *facts; // two
  uint64_t *full, *empty, *places;

  __device__ explicit Shared(char *base) {
    ring = aligned(base);
    facts = reinterpret_cast<Facts *>(ring + Places * TileBytes<D>);
    full = reinterpret_cast<uint64_t *>(facts + 2), empty = full + 2, places = full + 4;
  }
  static constexpr size_t bytes() { return Places * TileBytes<D> + 2 * sizeof(Facts) + (4 + 2 * Places) * 8 + 1024; }
};

struct Arguments {
  Problem p;
  fast::Facts facts;
  fast::HalfStates gradients; // behind each chunk
  fast::Scratch scratch;
  CUtensorMap dS, k, v, q, dh; // as tiles; k, q: features
};

#ifdef XLSTM_HAS_WGMMA

template <int D>
using Ring = tma::Ring<TileBytes<D>, Places>;

/// One thread: asks for a tile after another as soon as there is a place.
template <int D>
__device__ inline void bringTiles(const Arguments &x, const Shared<D> &shared, Ring<D> ring) {
  constexpr int Bytes = Rows * 4;
  const Problem &p = x.p;
  int turn = 0;
  for (Work work(p); work.more(); work.next(p), ++turn) {
    Facts &facts = shared.facts[turn % 2];
    uint64_t *full = shared.full + turn % 2;
    int64_t at = fast::padded(p, work.head(p), work.begin);
    tma::await(shared.empty + turn % 2, (turn / 2 & 1) ^ 1);
    expectBytes(full, 6 * Bytes + p.d * 4);
    tma::loadRow(facts.frame, x.facts.frame + at, Bytes, full);
    tma::loadRow(facts.factor, x.scratch.factor + at, Bytes, full);
    tma::loadRow(facts.gamma, x.scratch.gamma + at, Bytes, full);
    tma::loadRow(facts.a, x.facts.a + at, Bytes, full);
    tma::loadRow(facts.carried, x.facts.weight + at, Bytes, full);
    tma::loadRow(facts.start, x.facts.start + fast::padded(p, work.b, work.begin), Bytes, full);
    tma::loadRow(facts.dz, x.gradients.z + (work.head(p) * p.chunks + work.chunk) * p.d, p.d * 4, full);
    ring.template bring<D, D>(x.dS, 0, static_cast<int>(work.head(x.p) * x.p.chunks + work.chunk), 0);
    ring.template bring<D>(x.k, work.h, work.begin, work.b);
    ring.template bring<D>(x.v, work.h / x.p.group, work.begin, work.b);
    ring.template bring<D>(x.q, work.h, work.begin, work.b);
    ring.template bring<D>(x.dh, work.h, work.begin, work.b);
  }
}

/// From scores k~ . q~ and slopes v . dh of 64 queries to the weights of dh (for dv) and of q~ (for the features).
__device__ inline void weighQueries(float (&s)[8][4], float (&slope)[8][4], const Facts &facts, int begin, int part) {
  const float a[2] = {facts.a[ownRow()], facts.a[ownRow() + 8]};
#pragma unroll
  for (int n = 0; n < 8; ++n) {
    int column = part + n * 8 + ownColumn();
    float2 frame = *reinterpret_cast<const float2 *>(facts.frame + column);
    float2 factor = *reinterpret_cast<const float2 *>(facts.factor + column);
    float2 gamma = *reinterpret_cast<const float2 *>(facts.gamma + column);
    int2 start = *reinterpret_cast<const int2 *>(facts.start + column);
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      int key = ownRow() + e / 2 * 8, first = e % 2 ? start.y : start.x;
      bool valid = column + e % 2 >= key && first <= begin + key;
      float weight = valid ? exp2Fast(a[e / 2] - (e % 2 ? frame.y : frame.x)) : 0, scale = e % 2 ? factor.y : factor.x;
      s[n][e] *= weight * scale;
      slope[n][e] = weight * (slope[n][e] * scale - (e % 2 ? gamma.y : gamma.x));
    }
  }
}

template <int D>
__device__ inline void ownChunk(const Facts &facts, uint32_t k, uint32_t v, uint32_t q, uint32_t dh, int begin,
                                float (&features)[D / 8][4], float (&values)[D / 8][4]) {
  uint32_t ofValues[4][4], ofFeatures[4][4];
  for (int part = threadIdx.x / 128 * 64; part < Rows; part += 64) { // no key is seen by queries before it
    float s[8][4], slope[8][4];
    products([&] { startByRows<D>(s, k, q, false, part), startByRows<D>(slope, v, dh, false, part); }, s, slope);
    weighQueries(s, slope, facts, begin, part);
    toOperand(s, ofValues);
    toOperand(slope, ofFeatures);
    auto start = [&] {
      startByColumns(values, ofValues, dh, true, part), startByColumns(features, ofFeatures, q, true, part);
    };
    products(start, values, features);
  }
}

/// Through the softmax of k's map; writes da, leaves the logits' gradient in `features`.
template <int D>
__device__ inline void throughSoftmax(const Arguments &x, const char *k, int64_t head, int begin,
                                      float (&features)[D / 8][4]) {
  float dot[2] = {};
  forStored<D / 8>(k, [&](int n, int e, float f) { dot[e / 2] += f * features[n][e]; });
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    int j = begin + ownRow() + 8 * half;
    dot[half] = rowSum(dot[half]);
    if (j < x.p.T && threadIdx.x % 4 == 0)
      x.scratch.da[head * x.p.T + j] = dot[half];
  }
  forStored<D / 8>(k, [&](int n, int e, float f) { features[n][e] = f * (features[n][e] - dot[e / 2]); });
}

/// A computing warpgroup: its 64 keys of every tile.
template <int D>
__device__ inline void compute(const Arguments &x, const Shared<D> &shared, Ring<D> ring) {
  const Problem &p = x.p;
  int turn = 0;
  for (Work work(p); work.more(); work.next(p), ++turn) {
    const Facts &facts = shared.facts[turn % 2];
    int64_t first = p.gate(work.b, work.begin, work.h) * p.d, stride = static_cast<int64_t>(p.H) * p.d;
    int count = p.T - work.begin;
    float features[D / 8][4], values[D / 8][4];
    int dS = ring.next(), k = ring.next(), v = ring.next();
    uint32_t state = sharedAddress(ring.at(dS)), ofK = sharedAddress(ring.at(k)), ofV = sharedAddress(ring.at(v));
    products([&] { startByColumns<D, D>(values, ofK, state, false), startByRows<D, D>(features, ofV, state, false); },
             values, features);
    ring.release(dS);
    tma::await(shared.full + turn % 2, turn / 2 & 1);
    const float carried[2] = {facts.carried[ownRow()], facts.carried[ownRow() + 8]};
#pragma unroll
    for (int n = 0; n < D / 8; ++n) {
      float2 dz = *reinterpret_cast<const float2 *>(facts.dz + n * 8 + ownColumn());
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        values[n][e] *= carried[e / 2];
        features[n][e] = carried[e / 2] * (features[n][e] + (e % 2 ? dz.y : dz.x));
      }
    }
    int q = ring.next(), dh = ring.next();
    ownChunk<D>(facts, ofK, ofV, sharedAddress(ring.at(q)), sharedAddress(ring.at(dh)), work.begin, features, values);
    ring.release(v), ring.release(q), ring.release(dh);
    warpArrive(shared.empty + turn % 2);
    writeOwn<D>([&](int n, int half) { return pack(values[n][2 * half], values[n][2 * half + 1]); }, p.d,
                x.scratch.values + first, stride, count);
    throughSoftmax<D>(x, ring.at(k), work.head(p), work.begin, features);
    __syncwarp();
    ring.release(k);
    writeOwn<D>([&](int n, int half) { return pack(features[n][2 * half], features[n][2 * half + 1]); }, p.d,
                x.scratch.kLogits + first, stride, count);
  }
}

#endif // XLSTM_HAS_WGMMA

template <int D>
__global__ void __launch_bounds__(Threads, 1) keys(const __grid_constant__ Arguments x) {
#ifdef XLSTM_HAS_WGMMA
  extern __shared__ char base[];
  Shared<D> shared(base);
  Ring<D> ring(shared.ring, shared.places);
  int warp = threadIdx.x / 32;
  if (threadIdx.x == 0) {
    ring.init(Warps);
    for (int n = 0; n < 2; ++n)
      tma::initBarrier(shared.full + n, 1), tma::initBarrier(shared.empty + n, Warps);
  }
  if (threadIdx.x < Rows) // behind d numbers nothing is brought
    shared.facts[0].dz[threadIdx.x] = shared.facts[1].dz[threadIdx.x] = 0;
  wgmma::publish();
  __syncthreads();
  if (warp < Warps) {
    tma::moreRegisters<240>();
    compute<D>(x, shared, ring);
    return;
  }
  tma::fewerRegisters<24>();
  if (warp == Warps && threadIdx.x % 32 == 0)
    bringTiles<D>(x, shared, ring);
#endif
}

/// Sum over a segment's tokens of logits (x) x, of one map.
template <int D>
__global__ void __launch_bounds__(Block) mapSums(Problem p, const Bf16 *logits, Tokens x, int heads, float *partial) {
#ifdef XLSTM_HAS_WGMMA
  extern __shared__ char base[];
  char *tiles = aligned(base);
  int segment = blockIdx.x, h = blockIdx.y, b = blockIdx.z, first = segment * fast::MapChunks;
  int count = min(fast::MapChunks, p.chunks - first), panel = D == 128 ? threadIdx.x / 128 : 0;
  auto bring = [&](int n) {
    int t = (first + n) * Rows;
    uint32_t to = sharedAddress(tiles + n % 2 * 2 * TileBytes<D>);
    loadRows<D>(to, p.d, tokenRow(logits, p, p.H, b, t, h), static_cast<int64_t>(p.H) * p.d, p.T - t);
    loadRows<D>(to + TileBytes<D>, p.d, p.row<Bf16>(x, b, t, h / (p.H / heads)), x.stride, p.T - t);
    groupCopies();
  };
  float sum[D / 8][4];
  bring(0);
  for (int n = 0; n < count; ++n) {
    awaitCopies<0>();
    wgmma::publish();
    __syncthreads();
    if (n + 1 < count)
      bring(n + 1);
    uint32_t from = sharedAddress(tiles + n % 2 * 2 * TileBytes<D>);
    product(sum, [&] { startTransposed(sum, from, from + TileBytes<D>, n > 0, panel); });
  }
  if (panel != threadIdx.x / 128)
    return;
  float *to = partial + ((static_cast<int64_t>(b) * p.H + h) * gridDim.x + segment) * p.d * p.d;
#pragma unroll
  for (int n = 0; n < D / 8; ++n)
#pragma unroll
    for (int half = 0; half < 2; ++half)
      if (int a = ownRow() + 8 * half; a < p.d && n * 8 < p.d)
        *reinterpret_cast<float2 *>(to + a * p.d + n * 8 + ownColumn()) = {sum[n][2 * half], sum[n][2 * half + 1]};
#endif
}

__global__ void addSegments(Problem p, const float *partial, int segments, float *map) {
  int n = blockIdx.x * blockDim.x + threadIdx.x, area = p.d * p.d;
  if (n >= area)
    return;
  float sum = 0;
  for (int b = 0; b < p.B; ++b)
    for (int s = 0; s < segments; ++s)
      sum += partial[((static_cast<int64_t>(b) * p.H + blockIdx.y) * segments + s) * area + n];
  map[static_cast<int64_t>(blockIdx.y) * area + n] = sum;
}

} // namespace

cudaError_t fast::memoryKeyGradients(const Problem &p, const Facts &facts, const HalfStates &gradients, const void *dh,
                                     const Scratch &scratch, cudaStream_t stream) {
  Arguments x{p, facts, gradients, scratch, {}, {}, {}, {}, {}};
  int64_t tiles = static_cast<int64_t>(p.B) * p.H * p.chunks;
  XLSTM_CUDA_TRY(tma::describeSquares(x.dS, gradients.S, p, tiles));
  XLSTM_CUDA_TRY(tma::describeTokens(x.k, scratch.kFeatures, p, p.T, p.H));
  XLSTM_CUDA_TRY(tma::describeTokens(x.v, p.v, p, p.T, p.Hkv));
  XLSTM_CUDA_TRY(tma::describeTokens(x.q, scratch.qFeatures, p, p.T, p.H));
  XLSTM_CUDA_TRY(tma::describeTokens(x.dh, dh, p, p.T, p.H));
  dim3 grid;
  XLSTM_CUDA_TRY(residentGrid(tiles, grid));
  return p.d <= 64 ? launch(keys<64>, grid, Threads, Shared<64>::bytes(), stream, x)
                   : launch(keys<128>, grid, Threads, Shared<128>::bytes(), stream, x);
}

cudaError_t fast::mapGradients(const Problem &p, const Scratch &scratch, float *partial, float *dqMap, float *dkMap,
                               cudaStream_t stream) {
  int segments = static_cast<int>(ceilDiv(p.chunks, MapChunks));
  auto one = [&](const Bf16 *logits, const Tokens &x, int heads, float *map) {
    if (!map)
      return cudaSuccess;
    auto run = [&](auto kernel, size_t tile) {
      return launch(kernel, dim3(segments, p.H, p.B), Block, 4 * tile + 1024, stream, p, logits, x, heads, partial);
    };
    XLSTM_CUDA_TRY(p.d <= 64 ? run(mapSums<64>, TileBytes<64>) : run(mapSums<128>, TileBytes<128>));
    return launch(addSegments, dim3(ceilDiv(p.d * p.d, 256), p.H), 256, 0, stream, p, partial, segments, map);
  };
  XLSTM_CUDA_TRY(one(scratch.qLogits, p.q, p.H, dqMap));
  return one(scratch.kLogits, p.k, p.Hkv, dkMap);
}
