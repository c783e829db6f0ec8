//===- HybridFastKeyMemory.cu - the matrix memory's gradients by key ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block has a chunk's 128 keys of one query head: what the chunk's own queries and, through the state behind the
// chunk, all later ones ask of the key's features and of its value.

#include "kernels/cuda/HybridFast.cuh"
#include "kernels/cuda/HybridFastWindow.cuh"

using namespace xlstm::cuda;
using namespace xlstm::cuda::tiles;

namespace {

template <int D>
struct Shared {
  char *k, *v, *q, *dh, *map, *state; // state: q's map before
  float *frame, *factor, *gamma, *dz;
  int *start;

  __device__ explicit Shared(char *base) {
    base = aligned(base);
    k = base, v = k + TileBytes<D>, q = v + TileBytes<D>, dh = q + TileBytes<D>, map = dh + TileBytes<D>;
    state = map + TileBytes<D>;
    frame = reinterpret_cast<float *>(state + TileBytes<D>);
    factor = frame + Rows, gamma = factor + Rows, dz = gamma + Rows, start = reinterpret_cast<int *>(dz + Rows);
  }
  static constexpr size_t bytes() { return 6 * TileBytes<D> + 5 * Rows * 4 + 1024; }
};

struct Arguments {
  Problem p;
  Gates gates;
  fast::HalfStates gradients; // behind each chunk
  xlstm_hybrid_saved saved;
  const Bf16 *dh;
  fast::Scratch scratch;
};

#ifdef XLSTM_HAS_WGMMA

/// What the chunk's queries are to its keys, one thread a query.
template <int D>
__device__ inline void loadQueries(const Arguments &x, const Shared<D> &shared, int b, int h, int c) {
  int n = threadIdx.x, t = c * Rows + n;
  if (n >= Rows)
    return;
  int64_t head = static_cast<int64_t>(b) * x.p.H + h, token = head * x.p.T + t;
  bool valid = t < x.p.T;
  int start = valid ? x.p.start(b, t) : INT_MAX;
  double mIn = start < c * Rows ? x.gates.mIn[head * (x.p.chunks + 1) + c] : -INFINITY;
  shared.start[n] = start;
  shared.frame[n] = valid ? static_cast<float>(fmax(mIn, x.gates.top[token])) * Log2e : 0;
  shared.factor[n] = valid ? sigmoid(x.p.o[x.p.gate(b, t, h)]) / fmaxf(x.saved.denominator[token], 1e-30f) : 0;
  shared.gamma[n] = valid ? x.scratch.gamma[token] : 0;
  shared.dz[n] = n < x.p.d ? x.gradients.z[(head * x.p.chunks + c) * x.p.d + n] : 0;
}

/// From scores k~ . q~ and slopes v . dh of 64 queries to the weights of dh (for dv) and of q~ (for the features).
template <int D>
__device__ inline void weighQueries(float (&s)[8][4], float (&slope)[8][4], const Shared<D> &shared,
                                    const float (&a)[2], int begin, int part) {
#pragma unroll
  for (int n = 0; n < 8; ++n) {
    int column = part + n * 8 + ownColumn();
    float2 frame = *reinterpret_cast<const float2 *>(shared.frame + column);
    float2 factor = *reinterpret_cast<const float2 *>(shared.factor + column);
    float2 gamma = *reinterpret_cast<const float2 *>(shared.gamma + column);
    int2 start = *reinterpret_cast<const int2 *>(shared.start + column);
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
__device__ inline void ownChunk(const Shared<D> &shared, const float (&a)[2], int begin, float (&features)[D / 8][4],
                                float (&values)[D / 8][4]) {
  uint32_t k = sharedAddress(shared.k), v = sharedAddress(shared.v), q = sharedAddress(shared.q);
  uint32_t dh = sharedAddress(shared.dh), ofValues[4][4], ofFeatures[4][4];
#pragma unroll
  for (int part = 0; part < Rows; part += 64) {
    float s[8][4], slope[8][4];
    wgmma::hold(s), wgmma::hold(slope);
    wgmma::arrive();
    startByRows<D>(s, k, q, false, part);
    startByRows<D>(slope, v, dh, false, part);
    wgmma::commit();
    wgmma::waitProducts<0>();
    wgmma::hold(s), wgmma::hold(slope);
    weighQueries(s, slope, shared, a, begin, part);
    toOperand(s, ofValues);
    toOperand(slope, ofFeatures);
    wgmma::hold(values), wgmma::hold(features);
    wgmma::arrive();
    startByColumns(values, ofValues, dh, true, part);
    startByColumns(features, ofFeatures, q, true, part);
    wgmma::commit();
    wgmma::waitProducts<0>();
    wgmma::hold(values), wgmma::hold(features);
  }
}

/// Through the softmax of k's map; writes da, leaves the logits' gradient in `features`.
template <int D>
__device__ inline void throughSoftmax(const Arguments &x, const Shared<D> &shared, int64_t head, int begin,
                                      float (&features)[D / 8][4]) {
  float dot[2] = {};
  forStored<D / 8>(shared.k, [&](int n, int e, float f) { dot[e / 2] += f * features[n][e]; });
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    int j = begin + ownRow() + 8 * half;
    dot[half] = rowSum(dot[half]);
    if (j < x.p.T && threadIdx.x % 4 == 0)
      x.scratch.da[head * x.p.T + j] = dot[half];
  }
  forStored<D / 8>(shared.k, [&](int n, int e, float f) { features[n][e] = f * (features[n][e] - dot[e / 2]); });
}

#endif // XLSTM_HAS_WGMMA

template <int D>
__global__ void __launch_bounds__(Block, 1) keys(const __grid_constant__ Arguments x) {
#ifdef XLSTM_HAS_WGMMA
  extern __shared__ char base[];
  Shared<D> shared(base);
  const Problem &p = x.p;
  int c = blockIdx.x, h = blockIdx.y, b = blockIdx.z, begin = c * Rows, count = p.T - begin, keyHead = h / p.group;
  int64_t head = static_cast<int64_t>(b) * p.H + h, at = head * p.chunks + c, area = static_cast<int64_t>(p.d) * p.d;
  int64_t stride = static_cast<int64_t>(p.H) * p.d, keyStride = static_cast<int64_t>(p.Hkv) * p.d;
  uint32_t k = sharedAddress(shared.k), v = sharedAddress(shared.v), q = sharedAddress(shared.q);
  uint32_t map = sharedAddress(shared.map), state = sharedAddress(shared.state);
  loadRows<D>(q, p.d, tokenRow(p.q, p, p.H, b, begin, h), stride, count);
  loadRows<D, D>(state, p.d, static_cast<const Bf16 *>(p.qMap) + h * area, p.d, p.d);
  loadRows<D>(k, p.d, tokenRow(p.k, p, p.Hkv, b, begin, keyHead), keyStride, count);
  loadRows<D, D>(map, p.d, static_cast<const Bf16 *>(p.kMap) + h * area, p.d, p.d);
  commitCopies();
  loadRows<D>(v, p.d, tokenRow(p.v, p, p.Hkv, b, begin, keyHead), keyStride, count);
  loadRows<D>(sharedAddress(shared.dh), p.d, tokenRow(x.dh, p, p.H, b, begin, h), stride, count);
  commitCopies();
  loadQueries(x, shared, b, h, c);
  float features[D / 8][4], values[D / 8][4], a[2], carried[2];
  int start = p.start(b, min(begin + Rows, p.T) - 1);
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    int j = begin + ownRow() + 8 * half;
    double own = j < p.T ? x.gates.a[head * p.T + j] : -INFINITY;
    a[half] = static_cast<float>(own) * Log2e;
    carried[half] = j >= start && j < p.T ? x.gates.add[at] * expf(static_cast<float>(own - x.gates.last[at])) : 0;
  }
  awaitCopies<1>();
  wgmma::publish();
  __syncthreads();
  product(features, [&] { startByRows<D, D>(features, q, state, false); });
  softmaxRows(features, p.d);
  storeRows(features, shared.q);
  __syncthreads(); // both warpgroups are done with q's map
  loadRows<D, D>(state, p.d, x.gradients.S + at * area, p.d, p.d);
  commitCopies();
  product(features, [&] { startByRows<D, D>(features, k, map, false); });
  softmaxRows(features, p.d);
  storeRows(features, shared.k);
  awaitCopies<0>();
  wgmma::publish();
  __syncthreads();
  product(values, [&] { startByColumns<D, D>(values, k, state, false); });
  product(features, [&] { startByRows<D, D>(features, v, state, false); });
#pragma unroll
  for (int n = 0; n < D / 8; ++n) {
    float2 dz = *reinterpret_cast<const float2 *>(shared.dz + n * 8 + ownColumn());
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      values[n][e] *= carried[e / 2];
      features[n][e] = carried[e / 2] * (features[n][e] + (e % 2 ? dz.y : dz.x));
    }
  }
  ownChunk(shared, a, begin, features, values);
  throughSoftmax(x, shared, head, begin, features);
  __syncthreads();
  storeRows(features, shared.q);
  storeRows(values, shared.v);
  __syncthreads();
  int64_t first = p.gate(b, begin, h) * p.d;
  writeRows<D>(shared.q, p.d, x.scratch.kLogits + first, stride, count);
  writeRows<D>(shared.v, p.d, x.scratch.values + first, stride, count);
#endif
}

/// Sum over a segment's tokens of logits (x) x, of one map.
template <int D>
__global__ void __launch_bounds__(Block)
    mapSums(Problem p, const Bf16 *logits, const void *x, int heads, float *partial) {
#ifdef XLSTM_HAS_WGMMA
  extern __shared__ char base[];
  char *tiles = aligned(base);
  int segment = blockIdx.x, h = blockIdx.y, b = blockIdx.z, first = segment * fast::MapChunks;
  int count = min(fast::MapChunks, p.chunks - first), panel = D == 128 ? threadIdx.x / 128 : 0;
  auto bring = [&](int n) {
    int t = (first + n) * Rows;
    uint32_t to = sharedAddress(tiles + n % 2 * 2 * TileBytes<D>);
    loadRows<D>(to, p.d, tokenRow(logits, p, p.H, b, t, h), static_cast<int64_t>(p.H) * p.d, p.T - t);
    loadRows<D>(to + TileBytes<D>, p.d, tokenRow(x, p, heads, b, t, h / (p.H / heads)),
                static_cast<int64_t>(heads) * p.d, p.T - t);
    commitCopies();
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

cudaError_t fast::memoryKeyGradients(const Problem &p, const Gates &gates, const HalfStates &gradients,
                                     const xlstm_hybrid_saved &saved, const void *dh, const Scratch &scratch,
                                     cudaStream_t stream) {
  Arguments x{p, gates, gradients, saved, static_cast<const Bf16 *>(dh), scratch};
  dim3 grid(p.chunks, p.H, p.B);
  return p.d <= 64 ? launch(keys<64>, grid, Block, Shared<64>::bytes(), stream, x)
                   : launch(keys<128>, grid, Block, Shared<128>::bytes(), stream, x);
}

cudaError_t fast::mapGradients(const Problem &p, const Scratch &scratch, float *partial, float *dqMap, float *dkMap,
                               cudaStream_t stream) {
  int segments = static_cast<int>(ceilDiv(p.chunks, MapChunks));
  auto one = [&](const Bf16 *logits, const void *x, int heads, float *map) {
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
