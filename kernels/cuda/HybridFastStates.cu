//===- HybridFastStates.cu - chunk states on Hopper -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/HybridFast.cuh"
#include "kernels/cuda/HybridTiles.cuh"

using namespace xlstm::cuda;
using namespace xlstm::cuda::tiles;

namespace {

/// Sums over a chunk of weight left~_t (x) right_t and tally left~_t, left~ a feature map's output.
struct Sides {
  const void *left, *map, *right;
  int leftHeads, rightHeads;
};

/// Forward: D of a chunk, of its last document. Backward: the gradient that its queries give the state before it.
struct Weights {
  const float *denominator, *gamma; // null: forward
#ifdef XLSTM_HAS_WGMMA
  __device__ float2 of(const Problem &p, const Gates &gates, int b, int h, int c, int t) const {
    int64_t head = static_cast<int64_t>(b) * p.H + h;
    if (t >= p.T)
      return {};
    if (!denominator) {
      bool valid = t >= p.start(b, min((c + 1) * Rows, p.T) - 1);
      float weight = expf(static_cast<float>(gates.a[head * p.T + t] - gates.last[head * p.chunks + c]));
      return valid ? float2{weight, 1} : float2{};
    }
    double mIn = gates.mIn[head * (p.chunks + 1) + c];
    float open = sigmoid(p.o[p.gate(b, t, h)]), bottom = fmaxf(denominator[head * p.T + t], 1e-30f);
    if (p.start(b, t) >= c * Rows || open < 1e-30f)
      return {};
    float carried = expf(static_cast<float>(mIn - fmax(mIn, gates.top[head * p.T + t])));
    return {carried * open / bottom, -gamma[head * p.T + t] * bottom / open};
  }
#endif
};

/// The map, its softmax, weights, and the product with both factors in shared memory.
template <int D>
__global__ void __launch_bounds__(Block)
    localSums(Problem p, Gates gates, Sides sides, Weights weights, fast::HalfStates states) {
#ifdef XLSTM_HAS_WGMMA
  extern __shared__ char shared[];
  char *left = aligned(shared), *right = left + TileBytes<D>, *map = right + TileBytes<D>;
  float *tally = reinterpret_cast<float *>(map + TileBytes<D>), *totals = tally + Rows;
  uint32_t l = sharedAddress(left), r = sharedAddress(right), m = sharedAddress(map);
  int c = blockIdx.x, h = blockIdx.y, b = blockIdx.z, begin = c * Rows, count = min(Rows, p.T - begin);
  int64_t at = (static_cast<int64_t>(b) * p.H + h) * p.chunks + c;
  auto bring = [&](uint32_t tile, const void *array, int heads) {
    loadRows<D>(tile, p.d, tokenRow(array, p, heads, b, begin, h / (p.H / heads)), static_cast<int64_t>(heads) * p.d,
                count);
  };
  bring(l, sides.left, sides.leftHeads);
  loadRows<D, D>(m, p.d, static_cast<const Bf16 *>(sides.map) + static_cast<int64_t>(h) * p.d * p.d, p.d, p.d);
  commitCopies();
  bring(r, sides.right, sides.rightHeads);
  commitCopies();
  float weight[2], sum[D / 8][4];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    float2 both = weights.of(p, gates, b, h, c, begin + ownRow() + 8 * half);
    weight[half] = both.x;
    if (threadIdx.x % 4 == 0)
      tally[ownRow() + 8 * half] = both.y;
  }
  awaitCopies<1>();
  wgmma::publish();
  __syncthreads();
  product(sum, [&] { startByRows<D, D>(sum, l, m, false); });
  softmaxRows(sum, p.d);
#pragma unroll
  for (int n = 0; n < D / 8; ++n)
#pragma unroll
    for (int e = 0; e < 4; ++e)
      sum[n][e] *= weight[e / 2];
  storeRows(sum, left);
  awaitCopies<0>();
  wgmma::publish();
  __syncthreads();
  int panel = D == 128 ? threadIdx.x / 128 : 0; // at 64 both warpgroups do the same, and one keeps it
  wgmma::hold(sum);
  wgmma::arrive();
  startTransposed(sum, l, r, false, panel);
  wgmma::commit();
  // z, two columns and a part of the rows a thread; the parts are added in their order.
  constexpr int Parts = Block / (D / 2);
  int column = threadIdx.x % (D / 2) * 2, part = threadIdx.x / (D / 2);
  float2 total{};
#pragma unroll 8
  for (int row = part * (Rows / Parts); row < (part + 1) * (Rows / Parts); ++row) {
    float2 both = unpack(*reinterpret_cast<const uint32_t *>(left + offset(row, column)));
    total.x += tally[row] * both.x, total.y += tally[row] * both.y;
  }
  totals[part * D + column] = total.x, totals[part * D + column + 1] = total.y;
  wgmma::waitProducts<0>();
  wgmma::hold(sum);
  if (panel == threadIdx.x / 128)
    storeRows(sum, map);
  __syncthreads();
  if (threadIdx.x < p.d) {
    float z = 0;
    for (int n = 0; n < Parts; ++n)
      z += totals[n * D + threadIdx.x];
    states.z[at * p.d + threadIdx.x] = z;
  }
  writeRows<D>(map, p.d, states.S + at * p.d * p.d, p.d, p.d);
#endif
}

struct alignas(16) Eight {
  Bf16 at[8];
};

/// z of one head and the last maximum: a block of d threads and more.
template <bool Reverse>
__device__ void scanNorms(const Problem &p, const Gates &gates, const fast::HalfStates &states, int64_t head,
                          const float *first, float *last, float *m1) {
  int n = threadIdx.x;
  if (n == 0 && m1)
    m1[head] = static_cast<float>(gates.mIn[head * (p.chunks + 1) + p.chunks]);
  if (n >= p.d)
    return;
  bool empty = !first || (!Reverse && gates.mIn[head * (p.chunks + 1)] == -INFINITY);
  float state = empty ? 0 : first[head * p.d + n];
  for (int from = 0; from < p.chunks; from += 16) {
    float added[16], keep[16], add[16];
#pragma unroll
    for (int s = 0; s < 16; ++s) {
      int64_t c = head * p.chunks + (Reverse ? max(p.chunks - 1 - from - s, 0) : min(from + s, p.chunks - 1));
      added[s] = states.z[c * p.d + n], keep[s] = gates.keep[c], add[s] = Reverse ? 1 : gates.add[c];
    }
#pragma unroll
    for (int s = 0; s < 16; ++s) {
      if (from + s >= p.chunks)
        break;
      states.z[(head * p.chunks + (Reverse ? p.chunks - 1 - from - s : from + s)) * p.d + n] = state;
      state = keep[s] * state + add[s] * added[s];
    }
  }
  if (last)
    last[head * p.d + n] = state;
}

/// What a scan starts from and where its end goes, each null where there is none.
struct Ends {
  const float *S0, *z0;
  float *S1, *z1, *m1;
};

/// A thread carries eight cells of S over all chunks, eight chunks' loads under way at a time; a head's last block has
/// z. S0 may be S1: a thread reads its cells before it writes them.
template <bool Reverse>
__global__ void scanCells(Problem p, Gates gates, fast::HalfStates states, Ends ends) {
  int n = blockIdx.x * blockDim.x + threadIdx.x, area = p.d * p.d;
  int64_t head = static_cast<int64_t>(blockIdx.z) * p.H + blockIdx.y;
  if (blockIdx.x + 1 == gridDim.x)
    return scanNorms<Reverse>(p, gates, states, head, ends.z0, ends.z1, ends.m1);
  if (n * 8 >= area)
    return;
  const float *first = ends.S0;
  bool empty = !first || (!Reverse && gates.mIn[head * (p.chunks + 1)] == -INFINITY);
  float state[8] = {};
  if (!empty)
    loadFloats(first + head * area + n * 8, state);
  Bf16 *cells = states.S + head * p.chunks * area + n * 8;
  for (int from = 0; from < p.chunks; from += 8) {
    Eight added[8];
#pragma unroll
    for (int s = 0; s < 8; ++s)
      if (from + s < p.chunks)
        added[s] = *reinterpret_cast<Eight *>(
            cells + static_cast<int64_t>(Reverse ? p.chunks - 1 - from - s : from + s) * area);
#pragma unroll
    for (int s = 0; s < 8; ++s) {
      if (from + s >= p.chunks)
        break;
      int c = Reverse ? p.chunks - 1 - from - s : from + s;
      storeFloats(cells + static_cast<int64_t>(c) * area, state);
      float keep = gates.keep[head * p.chunks + c], add = Reverse ? 1 : gates.add[head * p.chunks + c];
#pragma unroll
      for (int e = 0; e < 8; ++e)
        state[e] = keep * state[e] + add * toFloat(added[s].at[e]);
    }
  }
  if (ends.S1)
    storeFloats(ends.S1 + head * area + n * 8, state);
}

/// A chunk of one head: the state's product with its gradient behind it, then the sums over its keys from the end.
__global__ void __launch_bounds__(Block)
    chunkGates(Problem p, fast::HalfStates states, fast::HalfStates gradients, const float *f, const float *da,
               const float *final, float *di, float *df) {
  __shared__ double sums[Block / 32];
  int c = blockIdx.x, h = blockIdx.y, b = blockIdx.z, lane = threadIdx.x % 32, area = p.d * p.d;
  int64_t head = static_cast<int64_t>(b) * p.H + h, at = head * p.chunks + c;
  float part = 0;
  if (c + 1 < p.chunks) {
    for (int n = threadIdx.x * 8; n < area; n += Block * 8) {
      float x[8], y[8];
      loadFloats(states.S + (at + 1) * area + n, x), loadFloats(gradients.S + at * area + n, y);
#pragma unroll
      for (int e = 0; e < 8; ++e)
        part += x[e] * y[e];
    }
    if (threadIdx.x < p.d)
      part += states.z[(at + 1) * p.d + threadIdx.x] * gradients.z[at * p.d + threadIdx.x];
  }
  double all = warpSum(static_cast<double>(part));
  if (lane == 0)
    sums[threadIdx.x / 32] = all;
  __syncthreads();
  if (threadIdx.x >= 32)
    return;
  double carried = c + 1 == p.chunks && final ? final[head] : 0;
  for (int w = 0; w < Block / 32; ++w)
    carried += sums[w];
  for (int from = (min((c + 1) * Rows, p.T) - 1) / 32 * 32; from >= c * Rows; from -= 32) {
    int t = from + lane;
    float own = t < p.T ? da[head * p.T + t] : 0;
    double sum = -own;
    int cut = t + 1 < p.T && p.start(b, t + 1) == t + 1; // nothing from behind the document's last token
    for (int step = 1; step < 32; step *= 2) {
      double other = __shfl_down_sync(FullWarp, sum, step);
      int otherCut = __shfl_down_sync(FullWarp, cut, step);
      if (lane + step < 32 && !cut)
        sum += other, cut = otherCut;
    }
    sum += cut ? 0 : carried;
    if (t < p.T && df)
      df[p.gate(b, t, h)] =
          p.start(b, t) == t ? 0 : static_cast<float>(sum / (1 + exp(static_cast<double>(f[p.gate(b, t, h)]))));
    if (t < p.T && di)
      di[p.gate(b, t, h)] = own;
    carried = __shfl_sync(FullWarp, sum, 0);
  }
}

template <bool Reverse>
cudaError_t scan(const Problem &p, const Gates &gates, const fast::HalfStates &states, const Ends &ends,
                 cudaStream_t stream) {
  dim3 grid(ceilDiv(p.d * p.d / 8, 128) + 1, p.H, p.B);
  return launch(scanCells<Reverse>, grid, 128, 0, stream, p, gates, states, ends);
}

} // namespace

fast::HalfStates fast::takeHalfStates(Arena &arena, const Problem &p) {
  int64_t rows = static_cast<int64_t>(p.B) * p.H * p.chunks * p.d;
  return {arena.take<Bf16>(rows * p.d), arena.take<float>(rows)};
}

bool fast::isFast(const xlstm_hybrid_shape &shape) {
  int device = 0, major = 0;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
  return shape.type == XLSTM_BF16 && shape.d <= 128 && major == 9;
}

static cudaError_t launchSums(const Problem &p, const Gates &gates, const Sides &sides, const Weights &weights,
                              const fast::HalfStates &states, cudaStream_t stream) {
  auto run = [&](auto kernel, size_t tile) {
    size_t shared = 3 * tile + (Rows + 2 * Block) * sizeof(float) + 1024;
    return launch(kernel, dim3(p.chunks, p.H, p.B), Block, shared, stream, p, gates, sides, weights, states);
  };
  return p.d <= 64 ? run(localSums<64>, TileBytes<64>) : run(localSums<128>, TileBytes<128>);
}

cudaError_t fast::chunkStates(const Problem &p, const Gates &gates, const HalfStates &states, cudaStream_t stream) {
  return launchSums(p, gates, {p.k, p.kMap, p.v, p.Hkv, p.Hkv}, {}, states, stream);
}

cudaError_t fast::chunkStateGradients(const Problem &p, const Gates &gates, const void *dh, const float *denominator,
                                      const float *gamma, const HalfStates &gradients, cudaStream_t stream) {
  return launchSums(p, gates, {p.q, p.qMap, dh, p.H, p.H}, {denominator, gamma}, gradients, stream);
}

cudaError_t fast::scanHalfGradients(const Problem &p, const Gates &gates, const HalfStates &gradients, const float *dS1,
                                    const float *dz1, float *dS0, float *dz0, cudaStream_t stream) {
  return scan<true>(p, gates, gradients, {dS1, dz1, dS0, dz0, nullptr}, stream);
}

cudaError_t fast::scanHalfStates(const Problem &p, const Gates &gates, const HalfStates &states, const float *S0,
                                 const float *z0, float *S1, float *z1, float *m1, cudaStream_t stream) {
  return scan<false>(p, gates, states, {S0, z0, S1, z1, m1}, stream);
}

cudaError_t fast::gateGradients(const Problem &p, const HalfStates &states, const HalfStates &gradients,
                                const Scratch &scratch, const float *f, const float *final, float *di, float *df,
                                cudaStream_t stream) {
  return launch(chunkGates, dim3(p.chunks, p.H, p.B), Block, 0, stream, p, states, gradients, f, scratch.da, final, di,
                df);
}
