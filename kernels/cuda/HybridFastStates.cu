//===- HybridFastStates.cu - chunk states on Hopper -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/HybridFast.cuh"
#include "kernels/cuda/HybridTiles.cuh"

using namespace xlstm::cuda;
using namespace xlstm::cuda::tiles;

namespace {

/// D of one chunk: the map, its softmax, weights, and k~^T v with both factors in shared memory.
template <int D>
__global__ void __launch_bounds__(Block) localStates(Problem p, Gates gates, fast::HalfStates states) {
#ifdef XLSTM_HAS_WGMMA
  extern __shared__ char shared[];
  char *keys = aligned(shared), *values = keys + TileBytes<D>, *map = values + TileBytes<D>;
  uint32_t k = sharedAddress(keys), v = sharedAddress(values), m = sharedAddress(map);
  int c = blockIdx.x, h = blockIdx.y, b = blockIdx.z, begin = c * Rows, count = min(Rows, p.T - begin);
  int64_t head = static_cast<int64_t>(b) * p.H + h, at = head * p.chunks + c, stride = p.Hkv * p.d;
  loadRows<D>(k, p.d, tokenRow(p.k, p, p.Hkv, b, begin, h / p.group), stride, count);
  loadRows<D, D>(m, p.d, static_cast<const Bf16 *>(p.kMap) + static_cast<int64_t>(h) * p.d * p.d, p.d, p.d);
  commitCopies();
  loadRows<D>(v, p.d, tokenRow(p.v, p, p.Hkv, b, begin, h / p.group), stride, count);
  commitCopies();
  float weight[2];
  int start = p.start(b, begin + count - 1);
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    int t = begin + ownRow() + 8 * half;
    bool valid = t >= start && t < p.T;
    weight[half] = valid ? expf(static_cast<float>(gates.a[head * p.T + t] - gates.last[at])) : 0;
  }
  float sum[D / 8][4];
  awaitCopies<1>();
  wgmma::publish();
  __syncthreads();
  wgmma::arrive();
  startByRows<D, D>(sum, k, m, false);
  wgmma::commit();
  wgmma::waitProducts<0>();
  wgmma::hold(sum);
  softmaxRows(sum, p.d);
#pragma unroll
  for (int n = 0; n < D / 8; ++n)
#pragma unroll
    for (int e = 0; e < 4; ++e)
      sum[n][e] *= weight[e / 2];
  storeRows(sum, keys);
  awaitCopies<0>();
  wgmma::publish();
  __syncthreads();
  int panel = D == 128 ? threadIdx.x / 128 : 0; // at 64 both warpgroups do the same, and one keeps it
  wgmma::hold(sum);
  wgmma::arrive();
  startTransposed(sum, k, v, false, panel);
  wgmma::commit();
  if (threadIdx.x < p.d) {
    float total = 0;
    for (int r = 0; r < Rows; ++r)
      total += toFloat(*reinterpret_cast<const Bf16 *>(keys + offset(r, threadIdx.x)));
    states.z[at * p.d + threadIdx.x] = total;
  }
  wgmma::waitProducts<0>();
  wgmma::hold(sum);
  if (panel == threadIdx.x / 128)
    storeRows(sum, map);
  __syncthreads();
  writeRows<D>(map, p.d, states.S + at * p.d * p.d, p.d, p.d);
#endif
}

struct alignas(16) Eight {
  Bf16 at[8];
};

/// A thread carries eight cells of S over all chunks, eight chunks' loads under way at a time.
template <bool Reverse>
__global__ void scanCells(Problem p, Gates gates, fast::HalfStates states, const float *first, float *last) {
  int n = blockIdx.x * blockDim.x + threadIdx.x, area = p.d * p.d;
  int64_t head = static_cast<int64_t>(blockIdx.z) * p.H + blockIdx.y;
  if (n * 8 >= area)
    return;
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
        added[s] = *reinterpret_cast<Eight *>(cells + static_cast<int64_t>(Reverse ? p.chunks - 1 - from - s : from + s) * area);
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
  if (last)
    storeFloats(last + head * area + n * 8, state);
}

/// The same for z, and the last maximum.
template <bool Reverse>
__global__ void scanNorms(Problem p, Gates gates, fast::HalfStates states, const float *first, float *last, float *m1) {
  int64_t head = static_cast<int64_t>(blockIdx.y) * p.H + blockIdx.x;
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

template <bool Reverse>
cudaError_t scan(const Problem &p, const Gates &gates, const fast::HalfStates &states, const float *S0, const float *z0,
                 float *S1, float *z1, float *m1, cudaStream_t stream) {
  // S0 may be S1: a thread reads its cells before it writes them. The maximum goes last: states share its memory with m0.
  XLSTM_CUDA_TRY(launch(scanCells<Reverse>, dim3(ceilDiv(p.d * p.d / 8, 128), p.H, p.B), 128, 0, stream, p, gates,
                        states, S0, S1));
  return launch(scanNorms<Reverse>, dim3(p.H, p.B), 128, 0, stream, p, gates, states, z0, z1, m1);
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

cudaError_t fast::chunkStates(const Problem &p, const Gates &gates, const HalfStates &states, cudaStream_t stream) {
  auto run = [&](auto kernel, size_t tile) {
    return launch(kernel, dim3(p.chunks, p.H, p.B), Block, 3 * tile + 1024, stream, p, gates, states);
  };
  return p.d <= 64 ? run(localStates<64>, TileBytes<64>) : run(localStates<128>, TileBytes<128>);
}

cudaError_t fast::scanHalfStates(const Problem &p, const Gates &gates, const HalfStates &states, const float *S0,
                                 const float *z0, float *S1, float *z1, float *m1, cudaStream_t stream) {
  return scan<false>(p, gates, states, S0, z0, S1, z1, m1, stream);
}
