//===- HybridFastQueryMemory.cu - the matrix memory's gradients by query --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Of a chunk's queries the gradient of q's logits and of the o gate, and what they give the gradient of the state
// before the chunk. q's features are kept for the keys' turn.

#include "kernels/cuda/HybridFastRoles.cuh"

using namespace xlstm::cuda;
using namespace xlstm::cuda::roles;

namespace {

constexpr int Places = 6;

template <int D>
struct Shared {
  char *ring;
  ChunkFacts *facts;
  float *tally, *parts;
  uint64_t *factsFull, *factsEmpty, *places;

  __device__ explicit Shared(char *base) {
    ring = aligned(base);
    facts = reinterpret_cast<ChunkFacts *>(ring + Places * TileBytes<D>);
    tally = reinterpret_cast<float *>(facts + 1), parts = tally + Rows;
    factsFull = reinterpret_cast<uint64_t *>(parts + SumsBytes / 4), factsEmpty = factsFull + 1, places = factsFull + 2;
  }
  static constexpr size_t bytes() {
    return Places * TileBytes<D> + sizeof(ChunkFacts) + Rows * 4 + SumsBytes + (2 + 2 * Places) * 8 + 1024;
  }
};

struct Arguments {
  Problem p;
  fast::Facts facts;
  fast::HalfStates states, gradients; // gradients: what each chunk's queries give
  const float *denominator;
  fast::Scratch scratch;
  float *doGate;
  CUtensorMap q, qMap, v, S, kFeatures, dh; // as tiles
};

#ifdef XLSTM_HAS_WGMMA

template <int D>
using Ring = tma::Ring<TileBytes<D>, Places>;

/// What a thread knows of its two rows.
struct RowFacts {
  float open[2], shut[2], denominator[2];
};

/// e^(a_j - M_t) of the chunk's keys, and that times the slopes dh . v_j, both as operands.
__device__ inline void weighChunk(const float (&slope)[16][4], const Queries &own, const float2 &frames,
                                  const float *gates, uint32_t (&plain)[8][4], uint32_t (&sloped)[8][4]) {
#pragma unroll
  for (int n = 0; n < 16; ++n) {
    float2 a = *reinterpret_cast<const float2 *>(gates + n * 8 + ownColumn());
    float w[4];
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      int half = e / 2, key = n * 8 + ownColumn() + e % 2;
      bool valid = key <= own.row + 8 * half && own.begin + key >= own.start[half];
      w[e] = valid ? exp2Fast((e % 2 ? a.y : a.x) - (half ? frames.y : frames.x)) : 0;
    }
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      plain[n / 2][n % 2 * 2 + half] = pack(w[2 * half], w[2 * half + 1]);
      sloped[n / 2][n % 2 * 2 + half] =
          pack(w[2 * half] * slope[n][2 * half], w[2 * half + 1] * slope[n][2 * half + 1]);
    }
  }
}

/// From the numerator's gradient to that of the map's logits, in `slope`; writes gamma and the memory's
/// part of the o gate's gradient.
template <int D>
__device__ inline void throughSoftmax(const Arguments &x, const Queries &own, const RowFacts &rows,
                                      const uint32_t (&q)[D / 16][4], const float (&norm)[D / 8][4],
                                      float (&slope)[D / 8][4], float (&gamma)[2]) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    float factor = rows.open[half] / fmaxf(rows.denominator[half], 1e-30f), through = 0, dot = 0;
#pragma unroll
    for (int n = 0; n < D / 8; ++n) {
      float2 f = unpack(q[n / 2][n % 2 * 2 + half]);
      slope[n][2 * half] *= factor, slope[n][2 * half + 1] *= factor;
      through += f.x * slope[n][2 * half] + f.y * slope[n][2 * half + 1];
    }
    through = rowSum(through); // o <dh, memory branch>
    gamma[half] = rows.denominator[half] > 1e-30f ? through / rows.denominator[half] : 0;
#pragma unroll
    for (int n = 0; n < D / 8; ++n) {
      float2 f = unpack(q[n / 2][n % 2 * 2 + half]);
      slope[n][2 * half] -= gamma[half] * norm[n][2 * half];
      slope[n][2 * half + 1] -= gamma[half] * norm[n][2 * half + 1];
      dot += f.x * slope[n][2 * half] + f.y * slope[n][2 * half + 1];
    }
    dot = rowSum(dot);
#pragma unroll
    for (int n = 0; n < D / 8; ++n) {
      float2 f = unpack(q[n / 2][n % 2 * 2 + half]);
      slope[n][2 * half] = f.x * (slope[n][2 * half] - dot);
      slope[n][2 * half + 1] = f.y * (slope[n][2 * half + 1] - dot);
    }
    int t = own.token(half);
    if (threadIdx.x % 4)
      continue;
    int64_t token = fast::padded(x.p, static_cast<int64_t>(own.b) * x.p.H + own.h, t);
    x.scratch.gamma[token] = gamma[half], x.scratch.factor[token] = factor;
    if (x.doGate && t < x.p.T)
      x.doGate[x.p.gate(own.b, t, own.h)] = rows.shut[half] * through;
  }
}

/// q~ times its weight in the gradient of the state before the chunk to a tile; `tally` times that is its weight in the
/// normaliser's.
template <int D>
__device__ inline void weighFeatures(const uint32_t (&q)[D / 16][4], const RowFacts &rows, const float2 &carried,
                                     const float (&gamma)[2], char *tile, float *tally) {
  float weight[2];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    float bottom = fmaxf(rows.denominator[half], 1e-30f), open = rows.open[half];
    weight[half] = open < 1e-30f ? 0 : (half ? carried.y : carried.x) * open / bottom;
    if (threadIdx.x % 4 == 0)
      tally[ownRow() + 8 * half] = open < 1e-30f ? 0 : -gamma[half] * bottom / open;
  }
#pragma unroll
  for (int n = 0; n < D / 8; ++n)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float2 f = unpack(q[n / 2][n % 2 * 2 + half]);
      *reinterpret_cast<uint32_t *>(tile + offset(ownRow() + 8 * half, n * 8 + ownColumn())) =
          pack(weight[half] * f.x, weight[half] * f.y);
    }
}

/// An operand's pairs to the rows of this block's queries.
template <int D>
__device__ inline void writeOperand(const uint32_t (&a)[D / 16][4], const Problem &p, const Queries &own, Bf16 *array) {
  writeOwn<D>([&](int n, int half) { return a[n / 2][n % 2 * 2 + half]; }, p.d,
              array + p.gate(own.b, own.begin, own.h) * p.d, static_cast<int64_t>(p.H) * p.d, p.T - own.begin);
}

/// The sum over both warpgroups' weighed features times dh, and the normaliser's.
template <int D>
__device__ inline void stateGradient(const Arguments &x, const Queries &own, const Shared<D> &shared,
                                     const char *features, const char *dh) {
  const Problem &p = x.p;
  int64_t at = (static_cast<int64_t>(own.b) * p.H + own.h) * p.chunks + own.begin / Rows;
  int panel = ownPanel<D>();
  float sum[D / 8][4];
  wgmma::hold(sum);
  wgmma::arrive();
  startTransposed(sum, sharedAddress(features), sharedAddress(dh), false, panel);
  wgmma::commit();
  columnSums<D>(features, shared.parts, [&](int row) { return shared.tally[row]; });
  wgmma::waitProducts<0>();
  wgmma::hold(sum);
  meet();
  if (panel == threadIdx.x / 128)
    writeOwn<D>([&](int n, int half) { return pack(sum[n][2 * half], sum[n][2 * half + 1]); }, p.d,
                x.gradients.S + at * p.d * p.d, p.d, p.d);
  if (threadIdx.x < p.d)
    x.gradients.z[at * p.d + threadIdx.x] = columnSum<D>(shared.parts);
}

/// A tile of queries.
template <int D>
__device__ inline void queryTile(const Arguments &x, const Queries &own, const Shared<D> &shared, Ring<D> &ring,
                                 int turn, RowFacts &rows) {
  const Problem &p = x.p;
  uint32_t q[D / 16][4], plain[8][4], sloped[8][4];
  int tile = ring.next(), map = ring.next();
  { // arrays of their own: a product's accumulator counts as read, so a reused one would stay in registers throughout
    float logits[D / 8][4];
    product(logits,
            [&] { startByRows<D, D>(logits, sharedAddress(ring.at(tile)), sharedAddress(ring.at(map)), false); });
    ring.release(tile), ring.release(map);
    softmaxRows(logits, p.d);
    toOperand(logits, q);
  }
  writeOperand<D>(q, p, own, x.scratch.qFeatures);
  int values = ring.next(), state = ring.next(), keys = ring.next(), others = ring.next();
  uint32_t dh = sharedAddress(ring.at(others));
  tma::await(shared.factsFull, turn);
  const ChunkFacts &facts = *shared.facts;
#pragma unroll
  for (int half = 0; half < 2; ++half)
    rows.open[half] = sigmoid(facts.gate[own.row + 8 * half]),
    rows.shut[half] = sigmoid(-facts.gate[own.row + 8 * half]);
  float2 frames = {facts.frame[own.row], facts.frame[own.row + 8]};
  float2 factors = {facts.carried[own.row], facts.carried[own.row + 8]};
  {
    float slopes[16][4];
    product(slopes, [&] { startByRows<D>(slopes, dh, sharedAddress(ring.at(values)), false); });
    ring.release(values);
    weighChunk(slopes, own, frames, facts.gates, plain, sloped);
  }
  float norm[D / 8][4], slope[D / 8][4], gamma[2];
  product(norm, [&] { startByColumns(norm, plain, sharedAddress(ring.at(keys)), false); });
  product(slope, [&] { startByRows<D, D>(slope, dh, sharedAddress(ring.at(state)), false); });
  ring.release(state);
#pragma unroll
  for (int n = 0; n < D / 8; ++n) {
    float2 z = *reinterpret_cast<const float2 *>(facts.z + n * 8 + ownColumn());
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      float carried = e / 2 ? factors.y : factors.x;
      slope[n][e] *= carried;
      norm[n][e] += carried * (e % 2 ? z.y : z.x);
    }
  }
  warpArrive(shared.factsEmpty);
  product(slope, [&] { startByColumns(slope, sloped, sharedAddress(ring.at(keys)), true); });
  throughSoftmax<D>(x, own, rows, q, norm, slope, gamma);
  meet(); // both warpgroups are done with the keys: their place takes what is summed over both
  weighFeatures<D>(q, rows, factors, gamma, ring.at(keys), shared.tally);
  toOperand(slope, q);
  writeOperand<D>(q, p, own, x.scratch.qLogits);
  wgmma::publish();
  meet();
  stateGradient<D>(x, own, shared, ring.at(keys), ring.at(others));
  ring.release(keys), ring.release(others);
}

#endif // XLSTM_HAS_WGMMA

template <int D>
__global__ void __launch_bounds__(Threads, 1) queries(const __grid_constant__ Arguments x) {
#ifdef XLSTM_HAS_WGMMA
  extern __shared__ char base[];
  Shared<D> shared(base);
  Ring<D> ring(shared.ring, shared.places);
  const Problem &p = x.p;
  int warp = threadIdx.x / 32, turn = 0;
  if (threadIdx.x == 0) {
    ring.init(Warps);
    tma::initBarrier(shared.factsFull, 1), tma::initBarrier(shared.factsEmpty, Warps);
  }
  if (threadIdx.x < Rows)
    shared.facts->z[threadIdx.x] = 0;
  wgmma::publish();
  __syncthreads();
  if (warp < Warps) {
    tma::moreRegisters<240>();
    for (Work work(p); work.more(); work.next(p), turn ^= 1) {
      Queries own(p, work.b, work.h, work.begin);
      RowFacts rows;
#pragma unroll
      for (int half = 0; half < 2; ++half)
        rows.denominator[half] = x.denominator[work.head(p) * p.T + min(own.token(half), p.T - 1)];
      queryTile<D>(x, own, shared, ring, turn, rows);
    }
    return;
  }
  tma::fewerRegisters<24>();
  if (warp == Warps && threadIdx.x % 32 == 0)
    for (Work work(p); work.more(); work.next(p), turn ^= 1) { // the longer held, the later
      ring.template bring<D>(x.q, work.h, work.begin, work.b);
      ring.template bring<D, D>(x.qMap, 0, work.h, 0);
      bringFacts(p, x.facts, x.states.z, work, *shared.facts, shared.factsFull, shared.factsEmpty, turn);
      ring.template bring<D>(x.v, work.h / p.group, work.begin, work.b);
      ring.template bring<D, D>(x.S, 0, static_cast<int>(work.head(p) * p.chunks + work.chunk), 0);
      ring.template bring<D>(x.kFeatures, work.h, work.begin, work.b);
      ring.template bring<D>(x.dh, work.h, work.begin, work.b);
    }
#endif
}

} // namespace

cudaError_t fast::memoryQueryGradients(const Problem &p, const Facts &facts, const HalfStates &states,
                                       const float *denominator, const void *dh, const Scratch &scratch,
                                       const HalfStates &gradients, float *doGate, cudaStream_t stream) {
  Arguments x{p, facts, states, gradients, denominator, scratch, doGate, {}, {}, {}, {}, {}, {}};
  int64_t tiles = static_cast<int64_t>(p.B) * p.H * p.chunks;
  XLSTM_CUDA_TRY(tma::describeTokens(x.q, p.q, p, p.T, p.H));
  XLSTM_CUDA_TRY(tma::describeSquares(x.qMap, p.qMap, p, p.H));
  XLSTM_CUDA_TRY(tma::describeTokens(x.v, p.v, p, p.T, p.Hkv));
  XLSTM_CUDA_TRY(tma::describeSquares(x.S, states.S, p, tiles));
  XLSTM_CUDA_TRY(tma::describeTokens(x.kFeatures, scratch.kFeatures, p, p.T, p.H));
  XLSTM_CUDA_TRY(tma::describeTokens(x.dh, dh, p, p.T, p.H));
  dim3 grid;
  XLSTM_CUDA_TRY(residentGrid(tiles, grid));
  return p.d <= 64 ? launch(queries<64>, grid, Threads, Shared<64>::bytes(), stream, x)
                   : launch(queries<128>, grid, Threads, Shared<128>::bytes(), stream, x);
}
