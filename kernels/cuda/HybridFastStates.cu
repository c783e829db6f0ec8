//===- HybridFastStates.cu - the states before chunks, on Hopper ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A head's chunks are cut in segments, as many as there are multiprocessors. A block walks one, its state in registers,
// from an empty state on; then the segments' ends are joined, and what came before a segment is added to its chunks'
// states, as far as it is not forgotten.

#include "kernels/cuda/HybridFastRoles.cuh"

using namespace xlstm::cuda;
using namespace xlstm::cuda::roles;

namespace {

constexpr int Places = 4, Ones = 256;

template <int D>
struct Shared {
  char *map, *ring;
  Bf16 *ones;
  uint64_t *mapFull, *places;

  __device__ explicit Shared(char *base) {
    map = aligned(base), ring = map + TileBytes<D>;
    ones = reinterpret_cast<Bf16 *>(ring + Places * TileBytes<D>);
    mapFull = reinterpret_cast<uint64_t *>(ones + Ones), places = mapFull + 1;
  }
  static constexpr size_t bytes() { return (1 + Places) * TileBytes<D> + Ones * 2 + (1 + 2 * Places) * 8 + 1024; }
};

struct Arguments {
  Problem p;
  Gates gates;
  const float *weight;
  Bf16 *kFeatures;
  fast::HalfStates states;
  fast::Segments segments;
  CUtensorMap k, v, kMap; // as tiles
};

/// A block's segment: chunks [first, end) of a head.
struct Segment {
  int b, h, first, end;
  int64_t head, at; // at: of the ends and starts
  __device__ Segment(const Problem &p, const fast::Segments &segments) : b(blockIdx.z), h(blockIdx.y) {
    head = static_cast<int64_t>(b) * p.H + h, at = head * segments.count + blockIdx.x;
    first = blockIdx.x * segments.each, end = min(p.chunks, first + segments.each);
  }
};

#ifdef XLSTM_HAS_WGMMA

template <int D>
using Ring = tma::Ring<TileBytes<D>, Places>;

/// A computing warpgroup, at a chunk: k's map and its softmax, kept in kFeatures and, times its weight, in k's tile.
template <int D>
__device__ inline void features(const Arguments &x, const Segment &segment, int c, const char *map, char *tile) {
  const Problem &p = x.p;
  int begin = c * Rows, count = min(Rows, p.T - begin);
  const float *weights = x.weight + fast::padded(p, segment.head, begin) + ownRow();
  float weight[2] = {weights[0], weights[8]}, features[D / 8][4];
  product(features, [&] { startByRows<D, D>(features, sharedAddress(tile), sharedAddress(map), false); });
  softmaxRows(features, p.d);
  writeOwn<D>([&](int n, int half) { return pack(features[n][2 * half], features[n][2 * half + 1]); }, p.d,
              x.kFeatures + p.gate(segment.b, begin, segment.h) * p.d, static_cast<int64_t>(p.H) * p.d, count);
#pragma unroll
  for (int n = 0; n < D / 8; ++n)
#pragma unroll
    for (int e = 0; e < 4; ++e)
      features[n][e] *= weight[e / 2];
  storeRows(features, tile); // its rows of k are no more needed
}

/// A computing warpgroup: its part of the state, chunk after chunk. The warpgroups meet for the products over all rows.
template <int D>
__device__ inline void compute(const Arguments &x, const Shared<D> &shared, Ring<D> ring) {
  const Problem &p = x.p;
  Segment segment(p, x.segments);
  int panel = ownPanel<D>(), area = p.d * p.d;
  bool keeps = panel == threadIdx.x / 128;
  float S[D / 8][4] = {}, z[2] = {};
  auto writeZ = [&](float *to) {
#pragma unroll
    for (int half = 0; half < 2; ++half)
      if (int row = ownRow() + 8 * half; keeps && row < p.d && threadIdx.x % 4 == 0)
        to[row] = z[half];
  };
  tma::await(shared.mapFull, 0);
  for (int c = segment.first; c < segment.end; ++c) {
    int64_t at = segment.head * p.chunks + c;
    float keep = x.gates.keep[at], sums[1][4];
    if (keeps)
      writeOwn<D>([&](int n, int half) { return pack(S[n][2 * half], S[n][2 * half + 1]); }, p.d,
                  x.states.S + at * area, p.d, p.d);
    writeZ(x.states.z + at * p.d);
    int k = ring.next();
    features<D>(x, segment, c, shared.map, ring.at(k));
#pragma unroll
    for (int n = 0; n < D / 8; ++n)
#pragma unroll
      for (int e = 0; e < 4; ++e)
        S[n][e] *= keep;
    wgmma::publish();
    meet();
    int v = ring.next();
    uint32_t left = sharedAddress(ring.at(k));
    auto start = [&] {
      startTransposed(S, left, sharedAddress(ring.at(v)), true, panel);
      startSums(sums, left, sharedAddress(shared.ones), panel);
    };
    products(start, S, sums);
    ring.release(k), ring.release(v);
    z[0] = keep * z[0] + sums[0][0], z[1] = keep * z[1] + sums[0][2];
  }
  float *to = x.segments.endS + segment.at * area + ownColumn();
#pragma unroll
  for (int n = 0; n < D / 8; ++n)
#pragma unroll
    for (int half = 0; half < 2; ++half)
      if (int row = ownRow() + 8 * half; keeps && row < p.d && n * 8 < p.d)
        *reinterpret_cast<float2 *>(to + row * p.d + n * 8) = {S[n][2 * half], S[n][2 * half + 1]};
  writeZ(x.segments.endZ + segment.at * p.d);
}

#endif // XLSTM_HAS_WGMMA

template <int D>
__global__ void __launch_bounds__(Threads, 1) walk(const __grid_constant__ Arguments x) {
#ifdef XLSTM_HAS_WGMMA
  extern __shared__ char base[];
  Shared<D> shared(base);
  Ring<D> ring(shared.ring, shared.places);
  if (threadIdx.x == 0) {
    ring.init(Warps);
    tma::initBarrier(shared.mapFull, 1);
  }
  if (threadIdx.x < Ones)
    shared.ones[threadIdx.x] = fromFloat<Bf16>(1);
  wgmma::publish();
  __syncthreads();
  if (threadIdx.x < Block)
    compute<D>(x, shared, ring);
  else if (threadIdx.x == Block) {
    Segment segment(x.p, x.segments);
    expectBytes(shared.mapFull, D * D * 2);
    tma::load<D, D>(shared.map, x.kMap, shared.mapFull, 0, segment.h, 0);
    for (int c = segment.first; c < segment.end; ++c) {
      ring.template bring<D>(x.k, segment.h / x.p.group, c * Rows, segment.b);
      ring.template bring<D>(x.v, segment.h / x.p.group, c * Rows, segment.b);
    }
  }
#endif
}

/// What a scan starts from and where its end goes, each null where there is none.
struct Ends {
  const float *S0, *z0;
  float *S1, *z1, *m1;
};

/// The product of keep over chunks [first, end) of a head, by a whole block; every thread gets it.
__device__ float keepOver(const float *keep, int first, int end) {
  __shared__ float parts[Block / 32];
  float product = 1;
  for (int c = first + threadIdx.x; c < end; c += Block)
    product *= keep[c];
  for (int step = 16; step; step /= 2)
    product *= __shfl_xor_sync(FullWarp, product, step);
  __syncthreads();
  if (threadIdx.x % 32 == 0)
    parts[threadIdx.x / 32] = product;
  __syncthreads();
  product = 1;
  for (int w = 0; w < Block / 32; ++w)
    product *= parts[w];
  return product;
}

/// A thread carries a cell of S, or of z behind it, over all segments' ends. S0 may be S1: it is read before.
__global__ void __launch_bounds__(Block) join(Problem p, Gates gates, fast::Segments segments, Ends ends) {
  int n = blockIdx.x * Block + threadIdx.x, area = p.d * p.d, cell = n - area;
  int64_t head = static_cast<int64_t>(blockIdx.z) * p.H + blockIdx.y, at = head * segments.count;
  bool ofS = n < area, ofZ = !ofS && cell < p.d;
  bool empty = gates.mIn[head * (p.chunks + 1)] == -INFINITY; // what stands in an empty state is never read
  float state = 0;
  if (ofS && ends.S0 && !empty)
    state = ends.S0[head * area + n];
  if (ofZ && ends.z0 && !empty)
    state = ends.z0[head * p.d + cell];
  for (int s = 0; s < segments.count; ++s) {
    int first = s * segments.each;
    float keep = keepOver(gates.keep + head * p.chunks, first, min(p.chunks, first + segments.each)), end = 0;
    if (ofS)
      segments.startS[(at + s) * area + n] = state, end = segments.endS[(at + s) * area + n];
    if (ofZ)
      segments.startZ[(at + s) * p.d + cell] = state, end = segments.endZ[(at + s) * p.d + cell];
    state = keep * state + end;
  }
  if (ofS && ends.S1)
    ends.S1[head * area + n] = state;
  if (ofZ && ends.z1)
    ends.z1[head * p.d + cell] = state;
  if (n == 0 && ends.m1)
    ends.m1[head] = static_cast<float>(gates.mIn[head * (p.chunks + 1) + p.chunks]);
}

/// Block (chunk, h, b): adds what came before the segment. Not where less than 2^-30 of it is left: the running
/// maximum's key has weight 1 in every state's normaliser.
__global__ void __launch_bounds__(Block)
    addStarts(Problem p, Gates gates, fast::Segments segments, fast::HalfStates states) {
  int c = blockIdx.x, segment = c / segments.each, area = p.d * p.d;
  int64_t head = static_cast<int64_t>(blockIdx.z) * p.H + blockIdx.y, at = head * segments.count + segment;
  float keep = keepOver(gates.keep + head * p.chunks, segment * segments.each, c);
  if (keep < 0x1p-30f)
    return;
  Bf16 *S = states.S + (head * p.chunks + c) * area;
  for (int n = threadIdx.x * 8; n < area; n += Block * 8) {
    float own[8], start[8];
    loadFloats(S + n, own), loadFloats(segments.startS + at * area + n, start);
#pragma unroll
    for (int e = 0; e < 8; ++e)
      own[e] += keep * start[e];
    storeFloats(S + n, own);
  }
  if (threadIdx.x < p.d)
    states.z[(head * p.chunks + c) * p.d + threadIdx.x] += keep * segments.startZ[at * p.d + threadIdx.x];
}

/// A chunk, eight heads: one thread a token.
__global__ void __launch_bounds__(Rows)
    tokenFacts(Problem p, Gates gates, fast::Facts facts, const float *i, float *max) {
  int c = blockIdx.x, b = blockIdx.z, begin = c * Rows, t = begin + threadIdx.x;
  bool valid = t < p.T;
  int start = valid ? p.start(b, t) : INT_MAX, last = p.start(b, min(begin + Rows, p.T) - 1);
  if (blockIdx.y == 0)
    facts.start[fast::padded(p, b, t)] = start;
  for (int h = blockIdx.y * 8; h < min(p.H, blockIdx.y * 8 + 8); ++h) {
    int64_t head = static_cast<int64_t>(b) * p.H + h, at = fast::padded(p, head, t), chunk = head * p.chunks + c;
    double mIn = start < begin ? gates.mIn[head * (p.chunks + 1) + c] : -INFINITY;
    double a = valid ? gates.a[head * p.T + t] : -INFINITY, top = valid ? fmax(mIn, gates.top[head * p.T + t]) : 0;
    facts.a[at] = static_cast<float>(a) * Log2e;
    facts.frame[at] = static_cast<float>(top) * Log2e;
    facts.carried[at] = valid ? expf(static_cast<float>(mIn - top)) : 0;
    facts.weight[at] = valid && t >= last ? gates.add[chunk] * expf(static_cast<float>(a - gates.last[chunk])) : 0;
    facts.gate[at] = valid ? p.o[p.gate(b, t, h)] : 0;
    if (valid && max)
      max[head * p.T + t] = static_cast<float>(top + (i[p.gate(b, t, h)] - a)); // i - a: the sum of logs
  }
}

} // namespace

fast::HalfStates fast::takeHalfStates(Arena &arena, const Problem &p) {
  int64_t rows = static_cast<int64_t>(p.B) * p.H * p.chunks * p.d;
  return {arena.take<Bf16>(rows * p.d), arena.take<float>(rows)};
}

fast::Facts fast::takeFacts(Arena &arena, const Problem &p) {
  int64_t tokens = static_cast<int64_t>(p.B) * p.chunks * p.chunk;
  auto take = [&] { return arena.take<float>(tokens * p.H); };
  Facts facts;
  facts.a = take(), facts.frame = take(), facts.carried = take(), facts.weight = take(), facts.gate = take();
  facts.start = arena.take<int>(tokens);
  return facts;
}

cudaError_t fast::fillFacts(const Problem &p, const Gates &gates, const Facts &facts, const float *i, float *max,
                            cudaStream_t stream) {
  return launch(tokenFacts, dim3(p.chunks, ceilDiv(p.H, 8), p.B), Rows, 0, stream, p, gates, facts, i, max);
}

fast::Segments fast::takeSegments(Arena &arena, const Problem &p) {
  constexpr int Blocks = 132; // an H100's multiprocessors
  Segments segments;
  int heads = p.B * p.H;
  segments.each = static_cast<int>(ceilDiv(p.chunks, std::max(1, Blocks / std::max(1, heads))));
  segments.count = static_cast<int>(ceilDiv(p.chunks, std::max(1, segments.each)));
  int64_t rows = static_cast<int64_t>(heads) * segments.count * p.d;
  segments.endS = arena.take<float>(rows * p.d), segments.startS = arena.take<float>(rows * p.d);
  segments.endZ = arena.take<float>(rows), segments.startZ = arena.take<float>(rows);
  return segments;
}

bool fast::isFast(const xlstm_hybrid_shape &shape) {
  int device = 0, major = 0;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
  return shape.type == XLSTM_BF16 && shape.d <= 128 && major == 9;
}

cudaError_t fast::chunkStates(const Problem &p, const Gates &gates, const Facts &facts, Bf16 *kFeatures,
                              const HalfStates &states, const Segments &segments, const float *S0, const float *z0,
                              float *S1, float *z1, float *m1, cudaStream_t stream) {
  Arguments x{p, gates, facts.weight, kFeatures, states, segments, {}, {}, {}};
  XLSTM_CUDA_TRY(tma::describeTokens(x.k, p.k, p, p.T, p.Hkv));
  XLSTM_CUDA_TRY(tma::describeTokens(x.v, p.v, p, p.T, p.Hkv));
  XLSTM_CUDA_TRY(tma::describeSquares(x.kMap, p.kMap, p, p.H));
  dim3 grid(segments.count, p.H, p.B);
  XLSTM_CUDA_TRY(p.d <= 64 ? launch(walk<64>, grid, Threads, Shared<64>::bytes(), stream, x)
                           : launch(walk<128>, grid, Threads, Shared<128>::bytes(), stream, x));
  XLSTM_CUDA_TRY(launch(join, dim3(ceilDiv(p.d * p.d + p.d, Block), p.H, p.B), Block, 0, stream, p, gates, segments,
                        Ends{S0, z0, S1, z1, m1}));
  if (segments.count == 1 && !S0)
    return cudaSuccess;
  return launch(addStarts, dim3(p.chunks, p.H, p.B), Block, 0, stream, p, gates, segments, states);
}
