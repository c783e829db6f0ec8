//===- HybridFastForward.cu - the mixer's outputs on Hopper ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Of each tile sinks and window, then the matrix memory: q's feature map, the chunk's own products, the state before
// it. The two warpgroups wait for each other nowhere.

#include "kernels/cuda/HybridFastRoles.cuh"

using namespace xlstm::cuda;
using namespace xlstm::cuda::roles;

namespace {

constexpr int Places = 5;

/// Shared memory: queries, a ring of other tiles, sinks, a chunk's facts.
template <int D>
struct Shared {
  char *q, *ring, *sinkK, *sinkV;
  ChunkFacts *facts;
  uint64_t *qFull, *qEmpty, *sinkFull, *sinkEmpty, *factsFull, *factsEmpty, *places;

  __device__ explicit Shared(char *base) {
    base = aligned(base);
    q = base, ring = base + TileBytes<D>;
    sinkK = ring + Places * TileBytes<D>, sinkV = sinkK + SinkTile * SinkPitch<D>;
    facts = reinterpret_cast<ChunkFacts *>(sinkV + SinkTile * SinkPitch<D>);
    qFull = reinterpret_cast<uint64_t *>(facts + 1), qEmpty = qFull + 1, sinkFull = qFull + 2, sinkEmpty = qFull + 3;
    factsFull = qFull + 4, factsEmpty = qFull + 5, places = qFull + 6;
  }
  static constexpr size_t bytes() {
    return (1 + Places) * TileBytes<D> + 2 * SinkTile * SinkPitch<D> + sizeof(ChunkFacts) + (6 + 2 * Places) * 8 + 1024;
  }
};

struct Arguments {
  Problem p;
  fast::Facts facts;
  fast::HalfStates states;
  Bf16 *h;
  xlstm_hybrid_saved saved;
  KeyMaps keys;
  CUtensorMap q, qMap, kFeatures, S; // as tiles
};

#ifdef XLSTM_HAS_WGMMA

template <int D>
using Ring = tma::Ring<TileBytes<D>, Places>;

/// Scores of the chunk's own keys times e^(a_j - M_t), zero where a query may not see the key.
__device__ inline void weighChunk(float (&s)[16][4], const Queries &own, const float2 &frames, const float *gates) {
#pragma unroll
  for (int n = 0; n < 16; ++n) {
    float2 a = *reinterpret_cast<const float2 *>(gates + n * 8 + ownColumn());
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      int half = e / 2, key = n * 8 + ownColumn() + e % 2;
      bool valid = key <= own.row + 8 * half && own.begin + key >= own.start[half];
      s[n][e] = valid ? s[n][e] * exp2Fast((e % 2 ? a.y : a.x) - (half ? frames.y : frames.x)) : 0;
    }
  }
}

/// Dot products of both rows of an operand with a vector in shared memory, this lane's part.
template <int K>
__device__ inline float2 dotVector(const uint32_t (&a)[K][4], const float *vector) {
  float2 sum{};
#pragma unroll
  for (int k = 0; k < K; ++k)
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      float2 y = *reinterpret_cast<const float2 *>(vector + k * 16 + e / 2 * 8 + ownColumn()), x = unpack(a[k][e]);
      (e % 2 ? sum.y : sum.x) += x.x * y.x + x.y * y.y;
    }
  return sum;
}

/// Adds o_t times the matrix memory's output to `mixed`; the chunk's own values are at `values`.
template <int D>
__device__ inline void memoryPart(const Arguments &x, const Queries &own, const Shared<D> &shared, Ring<D> &ring,
                                  int turn, uint32_t values, float (&mixed)[D / 8][4]) {
  const Problem &p = x.p;
  int64_t head = static_cast<int64_t>(own.b) * p.H + own.h;
  uint32_t q[D / 16][4], weights[8][4];
  {
    float logits[D / 8][4];
    int map = ring.next();
    product(logits, [&] { startByRows<D, D>(logits, sharedAddress(shared.q), sharedAddress(ring.at(map)), false); });
    ring.release(map);
    warpArrive(shared.qEmpty);
    softmaxRows(logits, p.d);
    toOperand(logits, q);
  }
  tma::await(shared.factsFull, turn);
  float2 frames = {shared.facts->frame[own.row], shared.facts->frame[own.row + 8]};
  float2 factors = {shared.facts->carried[own.row], shared.facts->carried[own.row + 8]};
  {
    float scores[16][4];
    int keys = ring.next();
    product(scores, [&] { startByRows(scores, q, sharedAddress(ring.at(keys)), false); });
    ring.release(keys);
    weighChunk(scores, own, frames, shared.facts->gates);
    toOperand(scores, weights);
  }
  float2 carried = dotVector(q, shared.facts->z), inChunk = sumRows(weights);
  float denominator[2] = {rowSum(inChunk.x + factors.x * carried.x), rowSum(inChunk.y + factors.y * carried.y)};
  float sum[D / 8][4];
  int state = ring.next();
  product(sum, [&] { startByColumns<D>(sum, q, sharedAddress(ring.at(state)), false); });
  ring.release(state);
#pragma unroll
  for (int n = 0; n < D / 8; ++n)
#pragma unroll
    for (int e = 0; e < 4; ++e)
      sum[n][e] *= e / 2 ? factors.y : factors.x;
  product(sum, [&] { startByColumns(sum, weights, values, true); });
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    float gate = shared.facts->gate[own.row + 8 * half];
    float open = sigmoid(gate) / fmaxf(denominator[half], 1e-30f), shut = sigmoid(-gate);
#pragma unroll
    for (int n = 0; n < D / 8; ++n)
#pragma unroll
      for (int e = 2 * half; e < 2 * half + 2; ++e)
        mixed[n][e] = shut * mixed[n][e] + open * sum[n][e];
    if (int t = own.token(half); x.saved.denominator && t < p.T && threadIdx.x % 4 == 0)
      x.saved.denominator[head * p.T + t] = denominator[half];
  }
}

/// The window's sum of values, not yet divided; returns the place of the last values, which is not released.
template <int D>
__device__ inline int windowPart(const Problem &p, const Queries &own, const Shared<D> &shared, const KeyTiles &keys,
                                 Ring<D> &ring, Softmax &softmax, float (&sum)[D / 8][4]) {
  float scale = p.scale * Log2e, s[16][4];
  uint32_t weights[8][4], q = sharedAddress(shared.q);
  auto weigh = [&](int n) {
    if (!keys.isSafe(keys.first + n * Rows))
      maskWindow(s, p, own, keys.first + n * Rows);
    return softmax.add(s, scale);
  };
  auto shrink = [&](float2 by) {
    Softmax::shrink(sum, by);
    toOperand(s, weights);
    softmax.count(weights);
  };
  int place = ring.next();
  product(s, [&] { startByRows<D>(s, q, sharedAddress(ring.at(place)), false); });
  ring.release(place);
  shrink(weigh(0));
  for (int n = 0; n + 1 < keys.count; ++n) {
    place = ring.next();
    wgmma::hold(s), wgmma::hold(sum);
    wgmma::arrive();
    startByRows<D>(s, q, sharedAddress(ring.at(place)), false);
    wgmma::commit();
    int values = ring.next();
    wgmma::arrive();
    startByColumns(sum, weights, sharedAddress(ring.at(values)), true);
    wgmma::commit();
    wgmma::waitProducts<1>();
    wgmma::hold(s);
    ring.release(place);
    float2 by = weigh(n + 1);
    wgmma::waitProducts<0>();
    wgmma::hold(sum);
    ring.release(values);
    shrink(by);
  }
  place = ring.next();
  product(sum, [&] { startByColumns(sum, weights, sharedAddress(ring.at(place)), true); });
  return place;
}

template <int D>
__device__ inline void sinkPart(const Problem &p, const Queries &own, const Shared<D> &shared, int &sinkTurn,
                                Softmax &softmax, float (&sum)[D / 8][4]) {
  forSinkTiles(p, own.b, own.begin, [&](int start, int position) {
    tma::await(shared.sinkFull, sinkTurn & 1);
    ++sinkTurn;
    float s[2][4];
    uint32_t weights[1][4];
    sinkScores<D>(s, shared.q, shared.sinkK);
    maskSinks(s, p, own, start, position);
    float2 by = softmax.add(s, p.scale * Log2e);
    Softmax::shrink(sum, by);
    toOperand<1>(s, weights);
    softmax.count(weights);
    addSinks<D>(sum, weights[0], shared.sinkV);
    warpArrive(shared.sinkEmpty);
  });
}

/// Divides the window's sums; saves the branch and the log of its sums.
template <int D>
__device__ inline void divide(const Arguments &x, const Queries &own, const Softmax &softmax, float (&sum)[D / 8][4]) {
  const Problem &p = x.p;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    int t = own.token(half);
    float total = rowSum(softmax.total[half]), inverse = total > 0 ? 1 / total : 0;
#pragma unroll
    for (int n = 0; n < D / 8; ++n)
      sum[n][2 * half] *= inverse, sum[n][2 * half + 1] *= inverse;
    if (t >= p.T)
      continue;
    if (x.saved.window_lse && threadIdx.x % 4 == 0)
      x.saved.window_lse[(static_cast<int64_t>(own.b) * p.H + own.h) * p.T + t] =
          total > 0 ? (softmax.most[half] + log2f(total)) / Log2e : -INFINITY;
    if (!x.saved.window_out)
      continue;
    Bf16 *to = static_cast<Bf16 *>(x.saved.window_out) + p.gate(own.b, t, own.h) * p.d + ownColumn();
#pragma unroll
    for (int n = 0; n < D / 8; ++n)
      if (n * 8 < p.d)
        *reinterpret_cast<uint32_t *>(to + n * 8) = pack(sum[n][2 * half], sum[n][2 * half + 1]);
  }
}

/// One thread: asks for a tile after another as soon as there is a place.
template <int D>
__device__ inline void bringTiles(const Arguments &x, const Shared<D> &shared, Ring<D> ring) {
  const Problem &p = x.p;
  int turn = 0;
  for (Work work(p); work.more(); work.next(p), turn ^= 1) {
    int b = work.b, h = work.h, keyHead = h / p.group;
    KeyTiles keys(p, b, work.begin);
    tma::await(shared.qEmpty, turn ^ 1);
    expectBytes(shared.qFull, TileBytes<D>);
    tma::load<D>(shared.q, x.q, shared.qFull, h, work.begin, b);
    for (int n = 0; n <= keys.count; ++n) {
      if (n < keys.count)
        x.keys.bringK<D>(ring, p, b, keyHead, keys.first + n * Rows);
      if (n)
        x.keys.bringV<D>(ring, p, b, keyHead, keys.first + (n - 1) * Rows);
    }
    ring.template bring<D, D>(x.qMap, 0, h, 0);
    bringFacts(p, x.facts, x.states.z, work, *shared.facts, shared.factsFull, shared.factsEmpty, turn);
    ring.template bring<D>(x.kFeatures, h, work.begin, b);
    ring.template bring<D, D>(x.S, 0, static_cast<int>(work.head(p) * p.chunks + work.chunk), 0);
  }
}

/// A computing warpgroup: its 64 queries of every tile.
template <int D>
__device__ inline void compute(const Arguments &x, const Shared<D> &shared, Ring<D> ring) {
  const Problem &p = x.p;
  int turn = 0, sinkTurn = 0;
  for (Work work(p); work.more(); work.next(p), turn ^= 1) {
    Queries own(p, work.b, work.h, work.begin);
    KeyTiles keys(p, own.b, own.begin);
    float sum[D / 8][4] = {};
    Softmax softmax;
    tma::await(shared.qFull, turn);
    sinkPart<D>(p, own, shared, sinkTurn, softmax, sum);
    int last = windowPart<D>(p, own, shared, keys, ring, softmax, sum);
    divide<D>(x, own, softmax, sum);
    memoryPart<D>(x, own, shared, ring, turn, sharedAddress(ring.at(last)), sum);
    ring.release(last);
    warpArrive(shared.factsEmpty);
    writeOwn<D>([&](int n, int half) { return pack(sum[n][2 * half], sum[n][2 * half + 1]); }, p.d,
                x.h + p.gate(own.b, own.begin, own.h) * p.d, static_cast<int64_t>(p.H) * p.d, p.T - own.begin);
  }
}

#endif // XLSTM_HAS_WGMMA

template <int D>
__global__ void __launch_bounds__(Threads, 1) output(const __grid_constant__ Arguments x) {
#ifdef XLSTM_HAS_WGMMA
  extern __shared__ char base[];
  Shared<D> shared(base);
  Ring<D> ring(shared.ring, shared.places);
  int warp = threadIdx.x / 32;
  if (threadIdx.x == 0) {
    ring.init(Warps);
    tma::initBarrier(shared.qFull, 1), tma::initBarrier(shared.qEmpty, Warps);
    tma::initBarrier(shared.sinkFull, 32), tma::initBarrier(shared.sinkEmpty, Warps);
    tma::initBarrier(shared.factsFull, 1), tma::initBarrier(shared.factsEmpty, Warps);
  }
  if (threadIdx.x < Rows)
    shared.facts->z[threadIdx.x] = 0;
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
  else if (warp == Warps + 1)
    bringSinks<D>(x.p, shared.sinkK, shared.sinkV, shared.sinkFull, shared.sinkEmpty,
                  [&](const Work &work, auto body) { forSinkTiles(x.p, work.b, work.begin, body); });
#endif
}

} // namespace

cudaError_t fast::outputs(const Problem &p, const Facts &facts, const Bf16 *kFeatures, const HalfStates &states,
                          void *h, const xlstm_hybrid_saved &saved, cudaStream_t stream) {
  Arguments x{p, facts, states, static_cast<Bf16 *>(h), saved, {}, {}, {}, {}, {}};
  int64_t tiles = static_cast<int64_t>(p.B) * p.H * p.chunks;
  XLSTM_CUDA_TRY(x.keys.describe(p));
  XLSTM_CUDA_TRY(tma::describeTokens(x.q, p.q, p, p.T, p.H));
  XLSTM_CUDA_TRY(tma::describeTokens(x.kFeatures, kFeatures, p, p.T, p.H));
  XLSTM_CUDA_TRY(tma::describeSquares(x.qMap, p.qMap, p, p.H));
  XLSTM_CUDA_TRY(tma::describeSquares(x.S, states.S, p, tiles));
  dim3 grid;
  XLSTM_CUDA_TRY(residentGrid(tiles, grid));
  return p.d <= 64 ? launch(output<64>, grid, Threads, Shared<64>::bytes(), stream, x)
                   : launch(output<128>, grid, Threads, Shared<128>::bytes(), stream, x);
}
