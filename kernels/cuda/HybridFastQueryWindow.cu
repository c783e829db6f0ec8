//===- HybridFastQueryWindow.cu - the queries' gradients on Hopper --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Of each tile of queries what comes through q's map, the sinks and the window's tiles, half a tile at a time; and what
// the queries give their sinks.

#include "kernels/cuda/HybridFastRoles.cuh"

using namespace xlstm::cuda;
using namespace xlstm::cuda::roles;

namespace {

constexpr int Places = 4;

template <int D>
struct Shared {
  char *q, *dh, *ring, *sinkK, *sinkV;
  uint64_t *qFull, *qEmpty, *sinkFull, *sinkEmpty, *places;

  __device__ explicit Shared(char *base) {
    base = aligned(base);
    q = base, dh = base + TileBytes<D>, ring = base + 2 * TileBytes<D>;
    sinkK = ring + Places * TileBytes<D>, sinkV = sinkK + SinkTile * SinkPitch<D>;
    qFull = reinterpret_cast<uint64_t *>(sinkV + SinkTile * SinkPitch<D>), qEmpty = qFull + 1, sinkFull = qFull + 2;
    sinkEmpty = qFull + 3, places = qFull + 4;
  }
  static constexpr size_t bytes() {
    return (2 + Places) * TileBytes<D> + 2 * SinkTile * SinkPitch<D> + (4 + 2 * Places) * 8 + 1024;
  }
};

struct Arguments {
  Problem p;
  xlstm_hybrid_saved saved;
  fast::Scratch scratch;
  Bf16 *dq;
  float *doGate;
  KeyMaps keys;
  CUtensorMap q, dh, qLogits, qMap; // as tiles
};

#ifdef XLSTM_HAS_WGMMA

template <int D>
using Ring = tma::Ring<TileBytes<D>, Places>;

/// What a thread knows of its two rows.
struct RowFacts {
  float open[2], shut[2], delta[2], lse[2]; // lse times log2 e
};

/// The rows' numbers, and the saved branch as packed pairs: loads only, before the tiles are awaited.
template <int D>
__device__ inline RowFacts loadFacts(const Arguments &x, const Queries &own, uint32_t (&branch)[2][D / 8]) {
  RowFacts rows;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    int t = min(own.token(half), x.p.T - 1);
    int64_t token = (static_cast<int64_t>(own.b) * x.p.H + own.h) * x.p.T + t, gate = x.p.gate(own.b, t, own.h);
    const Bf16 *from = static_cast<const Bf16 *>(x.saved.window_out) + gate * x.p.d + ownColumn();
#pragma unroll
    for (int n = 0; n < D / 8; ++n)
      branch[half][n] = n * 8 < x.p.d ? *reinterpret_cast<const uint32_t *>(from + n * 8) : 0;
    rows.open[half] = x.p.o[gate];
    rows.lse[half] = x.saved.window_lse[token];
  }
  return rows;
}

/// delta from the branch and dh, the rest from what was loaded; keeps what the keys' kernels want, and adds the
/// window's part of the o gate's gradient.
template <int D>
__device__ inline void finishFacts(const Arguments &x, const Queries &own, const Shared<D> &shared,
                                   const uint32_t (&branch)[2][D / 8], RowFacts &rows) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    int t = own.token(half);
    float dot = 0, gate = rows.open[half];
#pragma unroll
    for (int n = 0; n < D / 8; ++n) {
      float2 a = unpack(branch[half][n]);
      float2 b =
          unpack(*reinterpret_cast<const uint32_t *>(shared.dh + offset(own.row + 8 * half, n * 8 + ownColumn())));
      dot += a.x * b.x + a.y * b.y;
    }
    rows.open[half] = sigmoid(gate), rows.shut[half] = sigmoid(-gate);
    rows.delta[half] = rows.shut[half] * rowSum(dot);
    rows.lse[half] = rows.lse[half] == -INFINITY ? 0 : rows.lse[half] * Log2e;
    if (threadIdx.x % 4)
      continue;
    int64_t head = static_cast<int64_t>(own.b) * x.p.H + own.h, at = fast::padded(x.p, head, t);
    bool valid = t < x.p.T;
    x.scratch.lse[at] = valid ? rows.lse[half] : 0, x.scratch.shut[at] = rows.shut[half];
    x.scratch.scaledShut[at] = rows.shut[half] * x.p.scale, x.scratch.scaledDelta[at] = rows.delta[half] * x.p.scale;
    if (!valid)
      continue;
    x.scratch.delta[head * x.p.T + t] = rows.delta[half];
    if (x.doGate)
      x.doGate[x.p.gate(own.b, t, own.h)] -= rows.open[half] * rows.delta[half];
  }
}

/// Scores and slopes of some keys to the scores' gradients.
template <int NB>
__device__ inline void toGradients(float (&s)[NB][4], const float (&slope)[NB][4], const Problem &p,
                                   const RowFacts &rows) {
#pragma unroll
  for (int n = 0; n < NB; ++n)
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      int half = e / 2;
      float weight = exp2Fast(s[n][e] * (p.scale * Log2e) - rows.lse[half]);
      s[n][e] = weight * (rows.shut[half] * slope[n][e] - rows.delta[half]) * p.scale;
    }
}

template <int D>
__device__ inline void windowPart(const Problem &p, const Queries &own, const Shared<D> &shared, Ring<D> &ring,
                                  const RowFacts &rows, float (&dq)[D / 8][4]) {
  KeyTiles keys(p, own.b, own.begin);
  uint32_t q = sharedAddress(shared.q), dh = sharedAddress(shared.dh);
  int first = own.begin + threadIdx.x / 128 * 64, last = first + 63;
  for (int n = 0; n < keys.count; ++n) {
    int k = ring.next(), v = ring.next();
    uint32_t tileK = sharedAddress(ring.at(k)), tileV = sharedAddress(ring.at(v));
#pragma unroll
    for (int part = 0; part < Rows; part += 64) {
      int j = keys.first + n * Rows + part;
      if (j > last || j + 63 <= first - p.W) // none of this warpgroup's queries sees them
        continue;
      float s[8][4], slope[8][4];
      products([&] { startByRows<D>(s, q, tileK, false, part), startByRows<D>(slope, dh, tileV, false, part); }, s,
               slope);
      if (!keys.isSafe(j - part))
        maskWindow(s, p, own, j);
      toGradients(s, slope, p, rows);
      uint32_t weights[4][4];
      toOperand(s, weights);
      product(dq, [&] { startByColumns(dq, weights, tileK, true, part); });
    }
    ring.release(k), ring.release(v);
  }
}

/// The document of the tile's first query: the only one whose sinks the tile may read, windows being a tile at least.
/// Its sinks are in shared memory. Adds to dq, and leaves the sinks' gradients for fast::sumSinks.
template <int D>
__device__ inline void sinkPart(const Arguments &x, const Queries &own, const Shared<D> &shared, const RowFacts &rows,
                                int start, char *ofKeys, char *ofValues, float (&dq)[D / 8][4]) {
  const Problem &p = x.p;
  float s[2][4], slope[2][4], plain[2][4];
  uint32_t weights[1][4];
  sinkScores<D>(s, shared.q, shared.sinkK);
  sinkScores<D>(slope, shared.dh, shared.sinkV);
  maskSinks(s, p, own, start, 0);
#pragma unroll
  for (int n = 0; n < 2; ++n)
#pragma unroll
    for (int e = 0; e < 4; ++e)
      plain[n][e] = exp2Fast(s[n][e] * (p.scale * Log2e) - rows.lse[e / 2]) * rows.shut[e / 2];
  toGradients(s, slope, p, rows);
  toOperand<1>(s, weights);
  addSinks<D>(dq, weights[0], shared.sinkK);
  warpArrive(shared.sinkEmpty);
  storeRows(s, ofKeys); // one warpgroup sums over the keys' weights, the other over the values'
  storeRows(plain, ofValues);
  wgmma::publish();
  meet();
  bool first = threadIdx.x < 128;
  uint32_t left = sharedAddress(first ? ofKeys : ofValues), right = sharedAddress(first ? shared.q : shared.dh);
  float sum[D / 8][4]; // rows from 16 on are of no sink
  product(sum, [&] { startTransposed(sum, left, right, false, 0); });
  if (threadIdx.x % 128 >= 32)
    return;
  int64_t head = static_cast<int64_t>(own.b) * p.H + own.h;
  float *to = (first ? x.scratch.sinkK : x.scratch.sinkV) + (head * p.chunks + own.begin / Rows) * p.S * p.d;
#pragma unroll
  for (int half = 0; half < 2; ++half)
    if (int sink = threadIdx.x % 32 / 4 + 8 * half; sink < p.S)
#pragma unroll
      for (int n = 0; n < D / 8; ++n)
        if (n * 8 < p.d)
          *reinterpret_cast<float2 *>(to + sink * p.d + n * 8 + ownColumn()) = {sum[n][2 * half], sum[n][2 * half + 1]};
}

/// One thread: asks for a tile after another as soon as there is a place.
template <int D>
__device__ inline void bringTiles(const Arguments &x, const Shared<D> &shared, Ring<D> ring) {
  const Problem &p = x.p;
  int turn = 0;
  for (Work work(p); work.more(); work.next(p), turn ^= 1) {
    int b = work.b, h = work.h, keyHead = h / p.group;
    ring.template bring<D>(x.qLogits, h, work.begin, b);
    ring.template bring<D, D>(x.qMap, 0, h, 0);
    tma::await(shared.qEmpty, turn ^ 1);
    expectBytes(shared.qFull, 2 * TileBytes<D>);
    tma::load<D>(shared.q, x.q, shared.qFull, h, work.begin, b);
    tma::load<D>(shared.dh, x.dh, shared.qFull, h, work.begin, b);
    KeyTiles keys(p, b, work.begin);
    for (int n = 0; n < keys.count; ++n) {
      x.keys.bringK<D>(ring, p, b, keyHead, keys.first + n * Rows);
      x.keys.bringV<D>(ring, p, b, keyHead, keys.first + n * Rows);
    }
  }
}

/// A computing warpgroup: its 64 queries of every tile.
template <int D>
__device__ inline void compute(const Arguments &x, const Shared<D> &shared, Ring<D> ring) {
  const Problem &p = x.p;
  int turn = 0, sinkTurn = 0;
  for (Work work(p); work.more(); work.next(p), turn ^= 1) {
    Queries own(p, work.b, work.h, work.begin);
    int start = p.start(work.b, work.begin);
    uint32_t branch[2][D / 8];
    RowFacts rows = loadFacts<D>(x, own, branch);
    tma::await(shared.qFull, turn);
    finishFacts<D>(x, own, shared, branch, rows);
    float dq[D / 8][4];
    int logits = ring.next(), map = ring.next();
    product(dq, [&] { startByColumns<D, D>(dq, sharedAddress(ring.at(logits)), sharedAddress(ring.at(map)), false); });
    if (fast::readsSinks(p, work.chunk, start)) {
      tma::await(shared.sinkFull, sinkTurn);
      sinkTurn ^= 1;
      meet(); // both warpgroups are done with logits and map: their places take what is summed over both
      sinkPart<D>(x, own, shared, rows, start, ring.at(logits), ring.at(map), dq);
    }
    ring.release(logits), ring.release(map);
    windowPart<D>(p, own, shared, ring, rows, dq);
    warpArrive(shared.qEmpty);
    if (x.dq)
      writeOwn<D>([&](int n, int half) { return pack(dq[n][2 * half], dq[n][2 * half + 1]); }, p.d,
                  x.dq + p.gate(own.b, own.begin, own.h) * p.d, static_cast<int64_t>(p.H) * p.d, p.T - own.begin);
  }
}

#endif // XLSTM_HAS_WGMMA

template <int D>
__global__ void __launch_bounds__(Threads, 1) queries(const __grid_constant__ Arguments x) {
#ifdef XLSTM_HAS_WGMMA
  extern __shared__ char base[];
  Shared<D> shared(base);
  Ring<D> ring(shared.ring, shared.places);
  int warp = threadIdx.x / 32;
  if (threadIdx.x == 0) {
    ring.init(Warps);
    tma::initBarrier(shared.qFull, 1), tma::initBarrier(shared.qEmpty, Warps);
    tma::initBarrier(shared.sinkFull, 32), tma::initBarrier(shared.sinkEmpty, Warps);
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
  else if (warp == Warps + 1)
    bringSinks<D>(x.p, shared.sinkK, shared.sinkV, shared.sinkFull, shared.sinkEmpty, [&](const Work &work, auto body) {
      if (int start = x.p.start(work.b, work.begin); fast::readsSinks(x.p, work.chunk, start))
        body(start, 0);
    });
#endif
}

} // namespace

cudaError_t fast::windowQueryGradients(const Problem &p, const xlstm_hybrid_saved &saved, const void *dh,
                                       const Scratch &scratch, const xlstm_hybrid_gradients &out, cudaStream_t stream) {
  Arguments x{p, saved, scratch, static_cast<Bf16 *>(out.q), out.o_gate, {}, {}, {}, {}, {}};
  XLSTM_CUDA_TRY(x.keys.describe(p));
  XLSTM_CUDA_TRY(tma::describeTokens(x.q, p.q, p, p.T, p.H));
  XLSTM_CUDA_TRY(tma::describeTokens(x.dh, dh, p, p.T, p.H));
  XLSTM_CUDA_TRY(tma::describeTokens(x.qLogits, scratch.qLogits, p, p.T, p.H));
  XLSTM_CUDA_TRY(tma::describeSquares(x.qMap, p.qMap, p, p.H));
  dim3 grid;
  XLSTM_CUDA_TRY(residentGrid(static_cast<int64_t>(p.B) * p.H * p.chunks, grid));
  return p.d <= 64 ? launch(queries<64>, grid, Threads, Shared<64>::bytes(), stream, x)
                   : launch(queries<128>, grid, Threads, Shared<128>::bytes(), stream, x);
}
