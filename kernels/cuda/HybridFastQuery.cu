//===- HybridFastQuery.cu - gradients that belong to a query, on Hopper ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block has 128 queries of one head: the matrix memory's part first, through the feature map into dq; then the
// window's tiles, half a tile at a time.

#include "kernels/cuda/HybridFast.cuh"
#include "kernels/cuda/HybridFastWindow.cuh"

using namespace xlstm::cuda;
using namespace xlstm::cuda::tiles;

namespace {

template <int D>
struct Shared {
  char *q, *dh, *k[2], *v[2], *sinkK, *sinkV;
  float *gates, *z, *frame, *carried; // frame: M_t times log2 e; carried: e^(mIn - M_t)

  __device__ explicit Shared(char *base) {
    base = aligned(base);
    q = base, dh = base + TileBytes<D>;
    for (int s = 0; s < 2; ++s)
      k[s] = base + (2 + s) * TileBytes<D>, v[s] = base + (4 + s) * TileBytes<D>;
    sinkK = base + 6 * TileBytes<D>, sinkV = sinkK + SinkTile * SinkPitch<D>;
    gates = reinterpret_cast<float *>(sinkV + SinkTile * SinkPitch<D>), z = gates + Rows;
    frame = z + Rows, carried = frame + Rows;
  }
  static constexpr size_t bytes() { return 6 * TileBytes<D> + 2 * SinkTile * SinkPitch<D> + 4 * Rows * 4 + 1024; }
};

struct Arguments {
  Problem p;
  Gates gates;
  fast::HalfStates states;
  xlstm_hybrid_saved saved;
  const Bf16 *dh;
  fast::Scratch scratch;
  Bf16 *dq;
  float *doGate;
};

#ifdef XLSTM_HAS_WGMMA

/// What a thread knows of its two rows.
struct RowFacts {
  float open[2], shut[2], denominator[2], delta[2], lse[2]; // lse times log2 e
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
    rows.denominator[half] = x.saved.denominator[token];
    rows.lse[half] = x.saved.window_lse[token];
  }
  return rows;
}

/// delta from the branch and dh, the rest from what was loaded; keeps what the keys' kernels want.
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
    if (t >= x.p.T || threadIdx.x % 4)
      continue;
    int64_t token = (static_cast<int64_t>(own.b) * x.p.H + own.h) * x.p.T + t;
    x.scratch.delta[token] = rows.delta[half];
    x.scratch.lse[token] = rows.lse[half], x.scratch.shut[token] = rows.shut[half];
  }
}

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

/// From the numerator's gradient to that of the map's logits, in `slope`; writes gamma, delta and the o gate's
/// gradient.
template <int D>
__device__ inline void throughSoftmax(const Arguments &x, const Queries &own, const RowFacts &rows,
                                      const uint32_t (&q)[D / 16][4], const float (&norm)[D / 8][4],
                                      float (&slope)[D / 8][4]) {
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
    float gamma = rows.denominator[half] > 1e-30f ? through / rows.denominator[half] : 0;
#pragma unroll
    for (int n = 0; n < D / 8; ++n) {
      float2 f = unpack(q[n / 2][n % 2 * 2 + half]);
      slope[n][2 * half] -= gamma * norm[n][2 * half], slope[n][2 * half + 1] -= gamma * norm[n][2 * half + 1];
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
    if (t >= x.p.T || threadIdx.x % 4)
      continue;
    int64_t token = (static_cast<int64_t>(own.b) * x.p.H + own.h) * x.p.T + t;
    x.scratch.gamma[token] = gamma;
    if (x.doGate)
      x.doGate[x.p.gate(own.b, t, own.h)] = rows.shut[half] * through - rows.open[half] * rows.delta[half];
  }
}

/// Starts copying tile n of the window's keys and values.
template <int D>
__device__ inline void bringKeys(const Problem &p, const Queries &own, const Shared<D> &shared, const KeyTiles &keys,
                                 int n) {
  int j = keys.first + n * Rows, stage = (n + 1) % 2;
  loadKeys<D>(sharedAddress(shared.k[stage]), p, p.k, p.historyK, own.b, j, own.h / p.group);
  loadKeys<D>(sharedAddress(shared.v[stage]), p, p.v, p.historyV, own.b, j, own.h / p.group);
  commitCopies();
}

/// Memory's share of dq; the logits' gradients go to the scratch. Leaves the window's first tile under way.
template <int D>
__device__ inline void memoryPart(const Arguments &x, const Queries &own, const Shared<D> &shared,
                                  const RowFacts &facts, const KeyTiles &window, float (&dq)[D / 8][4]) {
  const Problem &p = x.p;
  int64_t at = (static_cast<int64_t>(own.b) * p.H + own.h) * p.chunks + own.begin / Rows;
  uint32_t queries = sharedAddress(shared.q), dh = sharedAddress(shared.dh), qMap = sharedAddress(shared.k[0]);
  uint32_t keys = sharedAddress(shared.k[1]), kMap = sharedAddress(shared.v[0]), values = sharedAddress(shared.v[1]);
  uint32_t q[D / 16][4], plain[8][4], sloped[8][4];
  { // arrays of their own: a product's accumulator counts as read, so a reused one would stay in registers throughout
    float logits[D / 8][4];
    product(logits, [&] { startByRows<D, D>(logits, queries, qMap, false); });
    softmaxRows(logits, p.d);
    toOperand(logits, q);
  }
  awaitCopies<0>();
  wgmma::publish();
  __syncthreads();
  {
    float logits[D / 8][4];
    product(logits, [&] { startByRows<D, D>(logits, keys, kMap, false); });
    softmaxRows(logits, p.d);
    storeRows(logits, shared.k[1]);
  }
  wgmma::publish();
  __syncthreads();
  loadRows<D, D>(kMap, p.d, x.states.S + at * p.d * p.d, p.d, p.d); // the state, where the map was
  commitCopies();
  float2 frames = {shared.frame[own.row], shared.frame[own.row + 8]};
  float2 factors = {shared.carried[own.row], shared.carried[own.row + 8]};
  {
    float slopes[16][4];
    product(slopes, [&] { startByRows<D>(slopes, dh, values, false); });
    weighChunk(slopes, own, frames, shared.gates, plain, sloped);
  }
  float norm[D / 8][4], slope[D / 8][4];
  product(norm, [&] { startByColumns(norm, plain, keys, false); });
  awaitCopies<0>();
  wgmma::publish();
  __syncthreads();
  product(slope, [&] { startByRows<D, D>(slope, dh, kMap, false); });
#pragma unroll
  for (int n = 0; n < D / 8; ++n) {
    float2 z = *reinterpret_cast<const float2 *>(shared.z + n * 8 + ownColumn());
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      float carried = e / 2 ? factors.y : factors.x;
      slope[n][e] *= carried;
      norm[n][e] += carried * (e % 2 ? z.y : z.x);
    }
  }
  product(slope, [&] { startByColumns(slope, sloped, keys, true); });
  throughSoftmax<D>(x, own, facts, q, norm, slope);
  toOperand(slope, q);
  __syncthreads();
  bringKeys<D>(p, own, shared, window, 0);
  storeRows(slope, shared.v[0]);
  product(dq, [&] { startByColumns<D>(dq, q, qMap, false); });
  __syncthreads();
  writeRows<D>(shared.v[0], p.d, x.scratch.qLogits + p.gate(own.b, own.begin, own.h) * p.d,
               static_cast<int64_t>(p.H) * p.d, p.T - own.begin);
  __syncthreads();
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
__device__ inline void windowPart(const Arguments &x, const Queries &own, const Shared<D> &shared, const RowFacts &rows,
                                  const KeyTiles &keys, float (&dq)[D / 8][4]) {
  const Problem &p = x.p;
  uint32_t q = sharedAddress(shared.q), dh = sharedAddress(shared.dh);
  float s[8][4], slope[8][4];
  uint32_t weights[4][4];
  for (int n = 0; n < keys.count; ++n) {
    awaitCopies<0>();
    wgmma::publish();
    __syncthreads();
    if (n + 1 < keys.count)
      bringKeys<D>(p, own, shared, keys, n + 1);
    uint32_t k = sharedAddress(shared.k[(n + 1) % 2]), v = sharedAddress(shared.v[(n + 1) % 2]);
#pragma unroll
    for (int part = 0; part < Rows; part += 64) {
      wgmma::hold(s), wgmma::hold(slope);
      wgmma::arrive();
      startByRows<D>(s, q, k, false, part);
      startByRows<D>(slope, dh, v, false, part);
      wgmma::commit();
      wgmma::waitProducts<0>(); // the last part's sum too
      wgmma::hold(s), wgmma::hold(slope), wgmma::hold(dq);
      if (int j = keys.first + n * Rows; !keys.isSafe(j))
        maskWindow(s, p, own, j + part);
      toGradients(s, slope, p, rows);
      toOperand(s, weights);
      wgmma::hold(dq);
      wgmma::arrive();
      startByColumns(dq, weights, k, true, part);
      wgmma::commit();
    }
    wgmma::waitProducts<0>();
    wgmma::hold(dq);
  }
}

template <int D>
__device__ inline void sinkPart(const Arguments &x, const Queries &own, const Shared<D> &shared, const RowFacts &rows,
                                float (&dq)[D / 8][4]) {
  const Problem &p = x.p;
  int head = own.h / p.group;
  forSinkTiles(p, own.b, own.begin, [&](int start, int position) {
    __syncthreads();
    loadSinks<D>(shared.sinkK, p, p.k, p.sinkK, own.b, start, position, head);
    loadSinks<D>(shared.sinkV, p, p.v, p.sinkV, own.b, start, position, head);
    __syncthreads();
    float s[2][4], slope[2][4];
    uint32_t weights[1][4];
    sinkScores<D>(s, shared.q, shared.sinkK);
    sinkScores<D>(slope, shared.dh, shared.sinkV);
    maskSinks(s, p, own, start, position);
    toGradients(s, slope, p, rows);
    toOperand<1>(s, weights);
    addSinks<D>(dq, weights[0], shared.sinkK);
  });
}

#endif // XLSTM_HAS_WGMMA

template <int D>
__global__ void __launch_bounds__(Block, 1) queries(const __grid_constant__ Arguments x) {
#ifdef XLSTM_HAS_WGMMA
  extern __shared__ char base[];
  Shared<D> shared(base);
  const Problem &p = x.p;
  Queries own(p, blockIdx.z, blockIdx.y, blockIdx.x * Rows);
  int64_t head = static_cast<int64_t>(own.b) * p.H + own.h, area = static_cast<int64_t>(own.h) * p.d * p.d;
  int64_t stride = static_cast<int64_t>(p.H) * p.d, keyStride = static_cast<int64_t>(p.Hkv) * p.d;
  int count = p.T - own.begin, keyHead = own.h / p.group;
  loadRows<D>(sharedAddress(shared.q), p.d, tokenRow(p.q, p, p.H, own.b, own.begin, own.h), stride, count);
  loadRows<D>(sharedAddress(shared.dh), p.d, tokenRow(x.dh, p, p.H, own.b, own.begin, own.h), stride, count);
  loadRows<D, D>(sharedAddress(shared.k[0]), p.d, static_cast<const Bf16 *>(p.qMap) + area, p.d, p.d);
  commitCopies();
  loadRows<D>(sharedAddress(shared.k[1]), p.d, tokenRow(p.k, p, p.Hkv, own.b, own.begin, keyHead), keyStride, count);
  loadRows<D, D>(sharedAddress(shared.v[0]), p.d, static_cast<const Bf16 *>(p.kMap) + area, p.d, p.d);
  loadRows<D>(sharedAddress(shared.v[1]), p.d, tokenRow(p.v, p, p.Hkv, own.b, own.begin, keyHead), keyStride, count);
  commitCopies();
  uint32_t branch[2][D / 8];
  RowFacts facts = loadFacts<D>(x, own, branch);
  if (int n = threadIdx.x; n < Rows) {
    int j = own.begin + n;
    shared.gates[n] = j < p.T ? static_cast<float>(x.gates.a[head * p.T + j]) * Log2e : -INFINITY;
    shared.z[n] = n < p.d ? x.states.z[(head * p.chunks + blockIdx.x) * p.d + n] : 0;
    j = min(j, p.T - 1);
    double mIn = p.start(own.b, j) < own.begin ? x.gates.mIn[head * (p.chunks + 1) + blockIdx.x] : -INFINITY;
    double top = fmax(mIn, x.gates.top[head * p.T + j]);
    shared.frame[n] = static_cast<float>(top) * Log2e;
    shared.carried[n] = expf(static_cast<float>(mIn - top));
  }
  awaitCopies<1>();
  wgmma::publish();
  __syncthreads();
  finishFacts<D>(x, own, shared, branch, facts);
  KeyTiles window(p, own.b, own.begin);
  float dq[D / 8][4];
  memoryPart<D>(x, own, shared, facts, window, dq);
  if (!x.dq)
    return;
  sinkPart<D>(x, own, shared, facts, dq);
  windowPart<D>(x, own, shared, facts, window, dq);
  storeRows(dq, shared.q);
  __syncthreads();
  writeRows<D>(shared.q, p.d, x.dq + p.gate(own.b, own.begin, own.h) * p.d, stride, count);
#endif
}

} // namespace

cudaError_t fast::queryGradients(const Problem &p, const Gates &gates, const HalfStates &states,
                                 const xlstm_hybrid_saved &saved, const void *dh, const Scratch &scratch,
                                 const xlstm_hybrid_gradients &out, cudaStream_t stream) {
  Arguments x{p, gates, states, saved, static_cast<const Bf16 *>(dh), scratch, static_cast<Bf16 *>(out.q), out.o_gate};
  dim3 grid(p.chunks, p.H, p.B);
  return p.d <= 64 ? launch(queries<64>, grid, Block, Shared<64>::bytes(), stream, x)
                   : launch(queries<128>, grid, Block, Shared<128>::bytes(), stream, x);
}
