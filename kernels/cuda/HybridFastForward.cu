//===- HybridFastForward.cu - the mixer's outputs on Hopper ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block makes 128 tokens of one head: sinks and window, then the matrix memory (both feature maps, the chunk's own
// products, the state before it) on the window's last tile, which is the chunk's own. While one tile's softmax is
// computed this tile's sum of values is under way.

#include "kernels/cuda/HybridFast.cuh"
#include "kernels/cuda/HybridFastWindow.cuh"

using namespace xlstm::cuda;
using namespace xlstm::cuda::tiles;

namespace {

/// Shared memory: queries, two stages of keys and values, sinks, a chunk's gates and what its rows are to them.
template <int D>
struct Shared {
  char *q, *k[2], *v[2], *sinkK, *sinkV;
  float *gates, *z, *frame, *carried,
      *gate; // frame: M_t times log2 e; carried: e^(mIn - M_t); gate: o's pre-activation

  __device__ explicit Shared(char *base) {
    base = aligned(base);
    q = base;
    for (int s = 0; s < 2; ++s)
      k[s] = base + (1 + s) * TileBytes<D>, v[s] = base + (3 + s) * TileBytes<D>;
    sinkK = base + 5 * TileBytes<D>, sinkV = sinkK + SinkTile * SinkPitch<D>;
    gates = reinterpret_cast<float *>(sinkV + SinkTile * SinkPitch<D>), z = gates + Rows;
    frame = z + Rows, carried = frame + Rows, gate = carried + Rows;
  }
  static constexpr size_t bytes() { return 5 * TileBytes<D> + 2 * SinkTile * SinkPitch<D> + 5 * Rows * 4 + 1024; }
};

struct Arguments {
  Problem p;
  Gates gates;
  fast::HalfStates states;
  Bf16 *h;
  const float *i;
  xlstm_hybrid_saved saved;
};

#ifdef XLSTM_HAS_WGMMA

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

/// Keeps what backward needs of a row's memory.
__device__ inline void saveMemory(const Arguments &x, const Queries &own, int64_t head, int half, float denominator) {
  int t = own.token(half), c = own.begin / Rows;
  if (t >= x.p.T || threadIdx.x % 4)
    return;
  int64_t token = head * x.p.T + t;
  if (x.saved.denominator)
    x.saved.denominator[token] = denominator;
  if (!x.saved.max)
    return;
  double mIn = own.start[half] < own.begin ? x.gates.mIn[head * (x.p.chunks + 1) + c] : -INFINITY;
  double sumOfLogs = x.i[x.p.gate(own.b, t, own.h)] - x.gates.a[token];
  x.saved.max[token] = static_cast<float>(fmax(mIn, x.gates.top[token]) + sumOfLogs);
}

/// Adds o_t times the matrix memory's output to `mixed`. `last` is the stage that holds the chunk's own keys and
/// values; the maps are under way to the other.
template <int D>
__device__ inline void memoryPart(const Arguments &x, const Queries &own, const Shared<D> &shared, int last,
                                  float (&mixed)[D / 8][4]) {
  const Problem &p = x.p;
  int64_t head = static_cast<int64_t>(own.b) * p.H + own.h, at = head * p.chunks + own.begin / Rows;
  uint32_t keys = sharedAddress(shared.k[last]), values = sharedAddress(shared.v[last]),
           states = sharedAddress(shared.q);
  uint32_t qMap = sharedAddress(shared.k[1 - last]), kMap = sharedAddress(shared.v[1 - last]), q[D / 16][4],
           weights[8][4];
  float sum[D / 8][4];
  awaitCopies<0>();
  wgmma::publish();
  __syncthreads();
  product(sum, [&] { startByRows<D, D>(sum, sharedAddress(shared.q), qMap, false); });
  softmaxRows(sum, p.d);
  toOperand(sum, q);
  __syncthreads(); // both warpgroups are done with the queries
  loadRows<D, D>(states, p.d, x.states.S + at * p.d * p.d, p.d, p.d);
  commitCopies();
  product(sum, [&] { startByRows<D, D>(sum, keys, kMap, false); });
  softmaxRows(sum, p.d);
  storeRows(sum, shared.k[last]);
  awaitCopies<0>();
  wgmma::publish();
  __syncthreads();
  float2 frames = {shared.frame[own.row], shared.frame[own.row + 8]};
  float2 factors = {shared.carried[own.row], shared.carried[own.row + 8]};
  {
    float scores[16][4];
    product(scores, [&] { startByRows(scores, q, keys, false); });
    weighChunk(scores, own, frames, shared.gates);
    toOperand(scores, weights);
  }
  float2 carried = dotVector(q, shared.z), inChunk = sumRows(weights);
  float denominator[2] = {rowSum(inChunk.x + factors.x * carried.x), rowSum(inChunk.y + factors.y * carried.y)};
  product(sum, [&] { startByColumns<D>(sum, q, states, false); });
#pragma unroll
  for (int n = 0; n < D / 8; ++n)
#pragma unroll
    for (int e = 0; e < 4; ++e)
      sum[n][e] *= e / 2 ? factors.y : factors.x;
  product(sum, [&] { startByColumns(sum, weights, values, true); });
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    float gate = shared.gate[own.row + 8 * half];
    float open = sigmoid(gate) / fmaxf(denominator[half], 1e-30f), shut = sigmoid(-gate);
#pragma unroll
    for (int n = 0; n < D / 8; ++n)
#pragma unroll
      for (int e = 2 * half; e < 2 * half + 2; ++e)
        mixed[n][e] = shut * mixed[n][e] + open * sum[n][e];
    saveMemory(x, own, head, half, denominator[half]);
  }
}

/// The window's sum of values, not yet divided; leaves the maps under way and returns the stage of the last tile.
template <int D>
__device__ inline int windowPart(const Problem &p, const Queries &own, const Shared<D> &shared, const KeyTiles &keys,
                                 Softmax &softmax, float (&sum)[D / 8][4]) {
  int head = own.h / p.group, last = (keys.count - 1) % 2;
  float scale = p.scale * Log2e, s[16][4];
  uint32_t weights[8][4], q = sharedAddress(shared.q);
  auto loadK = [&](int n) {
    loadKeys<D>(sharedAddress(shared.k[n % 2]), p, p.k, p.historyK, own.b, keys.first + n * Rows, head);
  };
  auto loadV = [&](int n) {
    loadKeys<D>(sharedAddress(shared.v[n % 2]), p, p.v, p.historyV, own.b, keys.first + n * Rows, head);
  };
  auto weigh = [&](int n) {
    if (!keys.isSafe(keys.first + n * Rows))
      maskWindow(s, p, own, keys.first + n * Rows);
    return softmax.add(s, scale);
  };
  auto shrink = [&](float2 by) {
#pragma unroll
    for (int n = 0; n < D / 8; ++n)
      sum[n][0] *= by.x, sum[n][1] *= by.x, sum[n][2] *= by.y, sum[n][3] *= by.y;
    toOperand(s, weights);
    softmax.count(weights);
  };
  loadV(0);
  if (keys.count > 1)
    loadK(1);
  commitCopies();
  product(s, [&] { startByRows<D>(s, q, sharedAddress(shared.k[0]), false); });
  shrink(weigh(0));
  for (int n = 0; n + 1 < keys.count; ++n) {
    awaitCopies<0>();
    wgmma::publish();
    __syncthreads();
    if (n + 2 < keys.count)
      loadK(n + 2);
    loadV(n + 1);
    commitCopies();
    wgmma::hold(s), wgmma::hold(sum);
    wgmma::arrive();
    startByRows<D>(s, q, sharedAddress(shared.k[(n + 1) % 2]), false);
    wgmma::commit();
    startByColumns(sum, weights, sharedAddress(shared.v[n % 2]), true);
    wgmma::commit();
    wgmma::waitProducts<1>();
    wgmma::hold(s);
    float2 by = weigh(n + 1);
    wgmma::waitProducts<0>();
    wgmma::hold(sum);
    shrink(by);
  }
  awaitCopies<0>();
  wgmma::publish();
  __syncthreads();
  int64_t area = static_cast<int64_t>(own.h) * p.d * p.d;
  loadRows<D, D>(sharedAddress(shared.k[1 - last]), p.d, static_cast<const Bf16 *>(p.qMap) + area, p.d, p.d);
  loadRows<D, D>(sharedAddress(shared.v[1 - last]), p.d, static_cast<const Bf16 *>(p.kMap) + area, p.d, p.d);
  commitCopies();
  product(sum, [&] { startByColumns(sum, weights, sharedAddress(shared.v[last]), true); });
  return last;
}

template <int D>
__device__ inline void sinkPart(const Problem &p, const Queries &own, const Shared<D> &shared, int early,
                                Softmax &softmax, float (&sum)[D / 8][4]) {
  int head = own.h / p.group;
  forSinkTiles(p, own.b, own.begin, [&](int start, int position) {
    if (start != early || position) {
      __syncthreads();
      loadSinks<D>(shared.sinkK, p, p.k, p.sinkK, own.b, start, position, head);
      loadSinks<D>(shared.sinkV, p, p.v, p.sinkV, own.b, start, position, head);
      __syncthreads();
    }
    float s[2][4];
    uint32_t weights[1][4];
    sinkScores<D>(s, shared.q, shared.sinkK);
    maskSinks(s, p, own, start, position);
    float2 by = softmax.add(s, p.scale * Log2e);
#pragma unroll
    for (int n = 0; n < D / 8; ++n)
      sum[n][0] *= by.x, sum[n][1] *= by.x, sum[n][2] *= by.y, sum[n][3] *= by.y;
    toOperand<1>(s, weights);
    softmax.count(weights);
    addSinks<D>(sum, weights[0], shared.sinkV);
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

#endif // XLSTM_HAS_WGMMA

template <int D>
__global__ void __launch_bounds__(Block, 1) output(const __grid_constant__ Arguments x) {
#ifdef XLSTM_HAS_WGMMA
  extern __shared__ char base[];
  Shared<D> shared(base);
  const Problem &p = x.p;
  Queries own(p, blockIdx.z, blockIdx.y, blockIdx.x * Rows);
  KeyTiles keys(p, own.b, own.begin);
  float sum[D / 8][4] = {};
  Softmax softmax;
  int64_t first = p.gate(own.b, own.begin, own.h) * p.d, stride = static_cast<int64_t>(p.H) * p.d;
  int64_t head = static_cast<int64_t>(own.b) * p.H + own.h;
  loadRows<D>(sharedAddress(shared.q), p.d, tokenRow(p.q, p, p.H, own.b, own.begin, own.h), stride, p.T - own.begin);
  loadKeys<D>(sharedAddress(shared.k[0]), p, p.k, p.historyK, own.b, keys.first, own.h / p.group);
  commitCopies();
  if (int n = threadIdx.x; n < Rows) {
    int j = own.begin + n;
    shared.gates[n] = j < p.T ? static_cast<float>(x.gates.a[head * p.T + j]) * Log2e : -INFINITY;
    shared.z[n] = n < p.d ? x.states.z[(head * p.chunks + blockIdx.x) * p.d + n] : 0;
    j = min(j, p.T - 1);
    double mIn = p.start(own.b, j) < own.begin ? x.gates.mIn[head * (p.chunks + 1) + blockIdx.x] : -INFINITY;
    double top = fmax(mIn, x.gates.top[head * p.T + j]);
    shared.frame[n] = static_cast<float>(top) * Log2e;
    shared.carried[n] = expf(static_cast<float>(mIn - top));
    shared.gate[n] = p.o[p.gate(own.b, j, own.h)];
  }
  int early = p.start(own.b, own.begin); // its sinks are the only ones that most tiles read
  loadSinks<D>(shared.sinkK, p, p.k, p.sinkK, own.b, early, 0, own.h / p.group);
  loadSinks<D>(shared.sinkV, p, p.v, p.sinkV, own.b, early, 0, own.h / p.group);
  awaitCopies<0>();
  wgmma::publish();
  __syncthreads();
  sinkPart<D>(p, own, shared, early, softmax, sum);
  int last = windowPart<D>(p, own, shared, keys, softmax, sum);
  divide<D>(x, own, softmax, sum);
  memoryPart<D>(x, own, shared, last, sum);
  storeRows(sum, shared.k[1 - last]);
  __syncthreads();
  writeRows<D>(shared.k[1 - last], p.d, x.h + first, stride, p.T - own.begin);
#endif
}

} // namespace

cudaError_t fast::outputs(const Problem &p, const Gates &gates, const HalfStates &states, void *h, const float *i,
                          const xlstm_hybrid_saved &saved, cudaStream_t stream) {
  Arguments x{p, gates, states, static_cast<Bf16 *>(h), i, saved};
  dim3 grid(p.chunks, p.H, p.B);
  return p.d <= 64 ? launch(output<64>, grid, Block, Shared<64>::bytes(), stream, x)
                   : launch(output<128>, grid, Block, Shared<128>::bytes(), stream, x);
}
