//===- HybridFastKeyWindow.cu - gradients of keys and values on Hopper ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block has 128 keys of one key head and walks its group's query heads and, of each, the tiles of queries whose
// windows reach the keys; then it adds what the memory branch and the sinks' readers left. Two warpgroups compute, 64
// keys each; warps of a third bring what they need.

#include "kernels/cuda/HybridFastRoles.cuh"

using namespace xlstm::cuda;
using namespace xlstm::cuda::roles;

namespace {

constexpr int Places = 4;

/// Per query of a tile, for all its keys: log2 e times the log of sums, delta and 1 - o times the scores' scale, 1 - o,
/// and the document's start.
struct Facts {
  float lse[Rows], scaledDelta[Rows], scaledShut[Rows], shut[Rows];
  int start[Rows];
};

template <int D>
struct Shared {
  char *k, *v, *ring;
  Facts *facts; // two
  uint64_t *keysFull, *factsFull, *factsEmpty, *places;

  __device__ explicit Shared(char *base) {
    base = aligned(base);
    k = base, v = base + TileBytes<D>, ring = base + 2 * TileBytes<D>;
    facts = reinterpret_cast<Facts *>(ring + Places * TileBytes<D>);
    keysFull = reinterpret_cast<uint64_t *>(facts + 2), factsFull = keysFull + 1, factsEmpty = keysFull + 3;
    places = keysFull + 5;
  }
  static constexpr size_t bytes() {
    return (2 + Places) * TileBytes<D> + 2 * sizeof(Facts) + (5 + 2 * Places) * 8 + 1024;
  }
};

struct Arguments {
  Problem p;
  const int *start;
  fast::Scratch scratch;
  Bf16 *dk, *dv;
  CUtensorMap q, dh, k, v, kLogits, kMap, values; // as tiles
};

/// Whether the document that begins at `start` has queries behind their first window.
__device__ inline bool hasReaders(const Problem &p, int b, int start) {
  int t = max(start + p.W, 0);
  return t < p.T && p.start(b, t) == start;
}
/// Its place in scratch.sinks: two that have such queries begin more than a window apart.
__device__ inline float *sinksOf(const Problem &p, const fast::Scratch &scratch, int b, int h, int start) {
  int slot = start < 0 ? 0 : start / (p.W + 1) + 1;
  return scratch.sinks + ((static_cast<int64_t>(b) * p.H + h) * fast::sinkSlots(p.T, p.W) + slot) * 2 * p.S * p.d;
}

#ifdef XLSTM_HAS_WGMMA

template <int D>
using Ring = tma::Ring<TileBytes<D>, Places>;

/// A block's walk: of every query head of its group, tiles of queries and then the map.
struct Walk {
  int b, keyHead, chunk, begin, tiles, steps;
  __device__ explicit Walk(const Problem &p) : b(blockIdx.z), keyHead(blockIdx.y), chunk(blockIdx.x) {
    begin = chunk * Rows, tiles = min(p.chunks, chunk + (Rows + p.W - 2) / Rows + 1) - chunk;
    steps = (tiles + 1) * p.group;
  }
  __device__ int head(const Problem &p, int n) const { return keyHead * p.group + n / (tiles + 1); }
  __device__ bool isMap(int n) const { return n % (tiles + 1) == tiles; }
  __device__ int queries(int n) const { return (chunk + n % (tiles + 1)) * Rows; }
};

/// One thread: asks for the keys, then two tiles a step and what the queries are to all keys.
template <int D>
__device__ inline void bringTiles(const Arguments &x, const Shared<D> &shared, Ring<D> ring) {
  Walk walk(x.p);
  expectBytes(shared.keysFull, 2 * TileBytes<D>);
  tma::load<D>(shared.k, x.k, shared.keysFull, walk.keyHead, walk.begin, walk.b);
  tma::load<D>(shared.v, x.v, shared.keysFull, walk.keyHead, walk.begin, walk.b);
  constexpr int Bytes = Rows * 4;
  int turn = 0;
  for (int n = 0; n < walk.steps; ++n) {
    int h = walk.head(x.p, n), t = walk.queries(n);
    if (walk.isMap(n)) {
      ring.template bring<D>(x.kLogits, h, walk.begin, walk.b);
      ring.template bring<D, D>(x.kMap, 0, h, 0);
      ring.template bring<D>(x.values, h, walk.begin, walk.b);
      continue;
    }
    Facts &facts = shared.facts[turn % 2];
    uint64_t *full = shared.factsFull + turn % 2;
    int64_t at = fast::padded(x.p, static_cast<int64_t>(walk.b) * x.p.H + h, t);
    tma::await(shared.factsEmpty + turn % 2, (turn / 2 & 1) ^ 1);
    expectBytes(full, 5 * Bytes);
    tma::loadRow(facts.lse, x.scratch.lse + at, Bytes, full);
    tma::loadRow(facts.scaledDelta, x.scratch.scaledDelta + at, Bytes, full);
    tma::loadRow(facts.scaledShut, x.scratch.scaledShut + at, Bytes, full);
    tma::loadRow(facts.shut, x.scratch.shut + at, Bytes, full);
    tma::loadRow(facts.start, x.start + fast::padded(x.p, walk.b, t), Bytes, full);
    ring.template bring<D>(x.q, h, t, walk.b);
    ring.template bring<D>(x.dh, h, t, walk.b);
    ++turn;
  }
}

/// Scores k . q and slopes v . dh of 64 queries from `queries` on to the weights of q (for dk) and of dh (for dv).
__device__ inline void weighQueries(float (&s)[8][4], float (&slope)[8][4], const Problem &p, const Facts &facts,
                                    int part, int begin, int queries) {
  float scale = p.scale * Log2e;
#pragma unroll
  for (int n = 0; n < 8; ++n) {
    int column = part + n * 8 + ownColumn();
    float2 lse = *reinterpret_cast<const float2 *>(facts.lse + column);
    float2 delta = *reinterpret_cast<const float2 *>(facts.scaledDelta + column);
    float2 scaled = *reinterpret_cast<const float2 *>(facts.scaledShut + column);
    float2 shut = *reinterpret_cast<const float2 *>(facts.shut + column);
    int2 start = *reinterpret_cast<const int2 *>(facts.start + column);
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      int j = begin + ownRow() + e / 2 * 8, t = queries + column + e % 2;
      bool valid = j <= t && j > t - p.W && j >= (e % 2 ? start.y : start.x);
      float weight = valid ? exp2Fast(s[n][e] * scale - (e % 2 ? lse.y : lse.x)) : 0;
      s[n][e] = weight * (e % 2 ? shut.y : shut.x);
      slope[n][e] = weight * ((e % 2 ? scaled.y : scaled.x) * slope[n][e] - (e % 2 ? delta.y : delta.x));
    }
  }
}

/// Sums over a tile's queries, half a tile at a time.
template <int D>
__device__ inline void queryTile(const Problem &p, const Shared<D> &shared, const Facts &facts, uint32_t q, uint32_t dh,
                                 int begin, int queries, float (&dk)[D / 8][4], float (&dv)[D / 8][4]) {
  uint32_t k = sharedAddress(shared.k), v = sharedAddress(shared.v), ofKeys[4][4], ofValues[4][4];
  int first = begin + threadIdx.x / 128 * 64;
#pragma unroll
  for (int part = 0; part < Rows; part += 64) {
    if (queries + part + 63 < first || queries + part >= first + 63 + p.W) // none of them sees this warpgroup's keys
      continue;
    float s[8][4], slope[8][4];
    wgmma::hold(s), wgmma::hold(slope);
    wgmma::arrive();
    startByRows<D>(s, k, q, false, part);
    startByRows<D>(slope, v, dh, false, part);
    wgmma::commit();
    wgmma::waitProducts<0>(); // the last part's sums too
    wgmma::hold(s), wgmma::hold(slope), wgmma::hold(dk), wgmma::hold(dv);
    weighQueries(s, slope, p, facts, part, begin, queries);
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

/// Adds what the sinks' readers left to this thread's rows.
template <int D>
__device__ inline void addSinks(const Arguments &x, const Walk &walk, float (&dk)[D / 8][4], float (&dv)[D / 8][4]) {
  const Problem &p = x.p;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    int j = walk.begin + ownRow() + 8 * half, start = j < p.T ? p.start(walk.b, j) : 0, position = j - start;
    if (j >= p.T || position >= p.S || !hasReaders(p, walk.b, start))
      continue;
    for (int h = walk.keyHead * p.group; h < (walk.keyHead + 1) * p.group; ++h) {
      const float *keys = sinksOf(p, x.scratch, walk.b, h, start) + position * p.d + ownColumn();
#pragma unroll
      for (int n = 0; n < D / 8; ++n)
        if (n * 8 < p.d) {
          float2 key = *reinterpret_cast<const float2 *>(keys + n * 8);
          float2 value = *reinterpret_cast<const float2 *>(keys + p.S * p.d + n * 8);
          dk[n][2 * half] += key.x, dk[n][2 * half + 1] += key.y;
          dv[n][2 * half] += value.x, dv[n][2 * half + 1] += value.y;
        }
    }
  }
}

/// A computing warpgroup: its 64 keys.
template <int D>
__device__ inline void compute(const Arguments &x, const Shared<D> &shared, Ring<D> ring) {
  const Problem &p = x.p;
  Walk walk(p);
  float dk[D / 8][4] = {}, dv[D / 8][4] = {};
  int turn = 0;
  tma::await(shared.keysFull, 0);
  for (int n = 0; n < walk.steps; ++n) {
    int q = ring.next(), dh = ring.next();
    uint32_t queries = sharedAddress(ring.at(q)), others = sharedAddress(ring.at(dh));
    if (walk.isMap(n)) {
      product(dk, [&] { startByColumns<D, D>(dk, queries, others, true); });
      int left = ring.next(); // the memory branch's gradient of v
      forStored<D / 8>(ring.at(left), [&](int n, int e, float value) { dv[n][e] += value; });
      __syncwarp();
      ring.release(left);
    } else {
      tma::await(shared.factsFull + turn % 2, turn / 2 & 1);
      queryTile<D>(p, shared, shared.facts[turn % 2], queries, others, walk.begin, walk.queries(n), dk, dv);
      tma::arrive(shared.factsEmpty + turn % 2); // every thread that reads them: racecheck follows nothing else
      ++turn;
    }
    ring.release(q), ring.release(dh);
  }
  addSinks<D>(x, walk, dk, dv);
  int64_t first = ((static_cast<int64_t>(walk.b) * p.T + walk.begin) * p.Hkv + walk.keyHead) * p.d;
  int64_t stride = static_cast<int64_t>(p.Hkv) * p.d;
  if (x.dk)
    writeOwn<D>([&](int n, int half) { return pack(dk[n][2 * half], dk[n][2 * half + 1]); }, p.d, x.dk + first, stride,
                p.T - walk.begin);
  if (x.dv)
    writeOwn<D>([&](int n, int half) { return pack(dv[n][2 * half], dv[n][2 * half + 1]); }, p.d, x.dv + first, stride,
                p.T - walk.begin);
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
    tma::initBarrier(shared.keysFull, 1);
    for (int n = 0; n < 2; ++n)
      tma::initBarrier(shared.factsFull + n, 1), tma::initBarrier(shared.factsEmpty + n, Block);
    wgmma::publish();
  }
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

constexpr int Parts = 4; // blocks that share a sum's numbers

/// One document that reads sinks, one query head: the sum over its chunks.
__global__ void __launch_bounds__(Block) addChunks(Problem p, fast::Scratch scratch) {
  __shared__ int found;
  int slot = blockIdx.x / Parts, h = blockIdx.y, b = blockIdx.z;
  if (threadIdx.x == 0)
    found = slot == 0 && p.pos && -p.pos[b] < 0 && hasReaders(p, b, -p.pos[b]) ? -p.pos[b] : INT_MAX;
  __syncthreads();
  int from = (slot - 1) * (p.W + 1), end = from < p.T - p.W ? from + p.W + 1 : p.T;
  for (int t = from + threadIdx.x; slot && t < end; t += Block)
    if (p.start(b, t) == t && hasReaders(p, b, t))
      found = t; // at most one
  __syncthreads();
  int start = found;
  if (start == INT_MAX)
    return;
  int first = max(start + p.W, 0) / Rows, count = 0, size = p.S * p.d;
  for (int more = Block; more == Block; count += more) { // starts never fall
    int c = first + count + threadIdx.x;
    more = __syncthreads_count(c < p.chunks && p.start(b, c * Rows) == start);
  }
  int64_t at = (static_cast<int64_t>(b) * p.H + h) * p.chunks + first;
  for (int n = blockIdx.x % Parts * Block + threadIdx.x; n < 2 * size; n += Parts * Block) {
    const float *parts = (n < size ? scratch.sinkK + n : scratch.sinkV + n - size) + at * size;
    float sum = 0;
#pragma unroll 16
    for (int c = 0; c < count; ++c)
      sum += parts[static_cast<int64_t>(c) * size];
    sinksOf(p, scratch, b, h, start)[n] = sum;
  }
}

} // namespace

bool fast::isFastBackward(const xlstm_hybrid_shape &shape) {
  return isFast(shape) && shape.W >= Rows && shape.S <= SinkTile;
}

cudaError_t fast::sumSinks(const Problem &p, const Scratch &scratch, cudaStream_t stream) {
  return p.S ? launch(addChunks, dim3(Parts * sinkSlots(p.T, p.W), p.H, p.B), Block, 0, stream, p, scratch)
             : cudaSuccess;
}

cudaError_t fast::windowKeyGradients(const Problem &p, const Facts &facts, const void *dh, const Scratch &scratch,
                                     const xlstm_hybrid_gradients &out, cudaStream_t stream) {
  Arguments x{p,  facts.start, scratch, static_cast<Bf16 *>(out.k), static_cast<Bf16 *>(out.v), {}, {}, {}, {},
              {}, {},          {}};
  XLSTM_CUDA_TRY(tma::describeTokens(x.q, p.q, p, p.T, p.H));
  XLSTM_CUDA_TRY(tma::describeTokens(x.dh, dh, p, p.T, p.H));
  XLSTM_CUDA_TRY(tma::describeTokens(x.k, p.k, p, p.T, p.Hkv));
  XLSTM_CUDA_TRY(tma::describeTokens(x.v, p.v, p, p.T, p.Hkv));
  XLSTM_CUDA_TRY(tma::describeTokens(x.kLogits, scratch.kLogits, p, p.T, p.H));
  XLSTM_CUDA_TRY(tma::describeSquares(x.kMap, p.kMap, p, p.H));
  XLSTM_CUDA_TRY(tma::describeTokens(x.values, scratch.values, p, p.T, p.H));
  dim3 grid(p.chunks, p.Hkv, p.B);
  return p.d <= 64 ? launch(keys<64>, grid, Threads, Shared<64>::bytes(), stream, x)
                   : launch(keys<128>, grid, Threads, Shared<128>::bytes(), stream, x);
}
