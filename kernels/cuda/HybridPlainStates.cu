//===- HybridPlainStates.cu - sums of outer products over tokens ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chunk states, their gradients and the maps' gradients: sums of left_t (x) right_t over a range of tokens.

#include "kernels/cuda/HybridPlain.cuh"
#include "kernels/cuda/HybridRows.cuh"

using namespace xlstm::cuda;
using namespace xlstm::cuda::rows;

namespace {

/// A block's share: 32 features `part` of a head's left array [B,T,H,d], tokens [from, end).
struct Share {
  int b, h, part, from, end;
};

/// sum[r] += factor(t) left_t[feature r] right_t; count[r] += weigh(t) left_t[feature r].
template <typename T, int N, typename Right, typename Factor, typename Weigh>
__device__ void addProducts(const Problem &p, const Share &share, const float *left, Right right, Factor factor,
                            Weigh weigh, float (&sum)[Each][N], float (&count)[Each]) {
  extern __shared__ float shared[];
  float *tileRight = shared, *tileLeft = shared + Tile * pitch(p.d);
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, a = share.part * 32 + lane;
  for (int from = share.from; from < share.end; from += Tile) {
    __syncthreads();
    loadTile<T>(tileRight, p.d, [&](int n) { return from + n < share.end ? right(from + n) : nullptr; });
    for (int n = warp; n < Tile; n += Block / 32)
      tileLeft[n * 33 + lane] =
          from + n < share.end && a < p.d ? left[p.gate(share.b, from + n, share.h) * p.d + a] : 0;
    __syncthreads();
    bool valid = from + lane < share.end;
    float scale = valid ? factor(from + lane) : 0, tally = valid ? weigh(from + lane) : 0, weight[Each];
    for (int r = 0; r < Each; ++r) {
      float x = tileLeft[lane * 33 + warp * Each + r];
      count[r] += tally * x;
      weight[r] = scale * x;
    }
    accumulate(weight, tileRight, p.d, sum);
  }
}

/// Features 32 part .. of the result to [d,d] and, where z is not null, [d].
template <int N>
__device__ void store(const Problem &p, const Share &share, float *S, float *z, const float (&sum)[Each][N],
                      const float (&count)[Each]) {
  int lane = threadIdx.x % 32;
  for (int r = 0; r < Each; ++r) {
    int a = share.part * 32 + threadIdx.x / 32 * Each + r;
    float all = warpSum(count[r]);
    if (a >= p.d)
      continue;
    for (int g = 0; g < N; ++g)
      if (g * 32 + lane < p.d)
        S[a * p.d + g * 32 + lane] = sum[r][g];
    if (lane == 0 && z)
      z[a] = all;
  }
}

__device__ Share shareOfChunk(const Problem &p) {
  int parts = (p.d + 31) / 32, c = blockIdx.x / parts;
  return {static_cast<int>(blockIdx.z), static_cast<int>(blockIdx.y), static_cast<int>(blockIdx.x) % parts, c * p.chunk,
          min((c + 1) * p.chunk, p.T)};
}

/// D = sum over a chunk's last document of e^(a_j - last) k~_j (x) [v_j, 1].
template <typename T, int N>
__global__ void __launch_bounds__(Block) localStates(Problem p, Gates gates, const float *features, States states) {
  Share share = shareOfChunk(p);
  int64_t head = static_cast<int64_t>(share.b) * p.H + share.h, at = head * p.chunks + share.from / p.chunk;
  share.from = max(share.from, p.start(share.b, share.end - 1));
  float sum[Each][N], count[Each] = {};
  clear(sum);
  auto right = [&](int t) { return tokenRow<T>(p.v, p, share.b, t, share.h / p.group); };
  auto factor = [&](int t) { return expf(static_cast<float>(gates.a[head * p.T + t] - gates.last[at])); };
  addProducts<T>(p, share, features, right, factor, factor, sum, count);
  store(p, share, states.S + at * p.d * p.d, states.z + at * p.d, sum, count);
}

/// Sum over the chunk's first document, if it began before, of e^(mIn - M_t) q~_t (x) [o_t dh_t / den_t, -gamma_t].
template <typename T, int N>
__global__ void __launch_bounds__(Block)
    localStateGradients(Problem p, Gates gates, const float *features, const void *dh, const float *denominator,
                        const float *gamma, States states) {
  Share share = shareOfChunk(p);
  int64_t head = static_cast<int64_t>(share.b) * p.H + share.h, token = head * p.T;
  int c = share.from / p.chunk;
  double mIn = gates.mIn[head * (p.chunks + 1) + c];
  float sum[Each][N], count[Each] = {};
  clear(sum);
  auto carried = [&](int t) {
    return p.start(share.b, t) < c * p.chunk ? expf(static_cast<float>(mIn - fmax(mIn, gates.top[token + t]))) : 0;
  };
  auto right = [&](int t) { return tokenRow<T>(dh, p, p.H, share.b, t, share.h); };
  auto factor = [&](int t) {
    return carried(t) * sigmoid(p.o[p.gate(share.b, t, share.h)]) / fmaxf(denominator[token + t], 1e-30f);
  };
  auto weigh = [&](int t) { return -carried(t) * gamma[token + t]; };
  addProducts<T>(p, share, features, right, factor, weigh, sum, count);
  int64_t at = head * p.chunks + c;
  store(p, share, states.S + at * p.d * p.d, states.z + at * p.d, sum, count);
}

/// One segment's part of a map's gradient: logits' gradients (x) the map's input x [B,T,heads,d].
template <typename T, int N>
__global__ void __launch_bounds__(Block)
    localMapGradients(Problem p, const float *logits, Tokens x, int heads, float *partial) {
  int parts = (p.d + 31) / 32, segment = blockIdx.x / parts, segments = gridDim.x / parts;
  Share share{static_cast<int>(blockIdx.z), static_cast<int>(blockIdx.y), static_cast<int>(blockIdx.x) % parts,
              segment * plain::MapSegment, min((segment + 1) * plain::MapSegment, p.T)};
  float sum[Each][N], count[Each] = {};
  clear(sum);
  auto one = [](int) { return 1.0f; };
  auto right = [&](int t) { return tokenRow<T>(x, p, share.b, t, share.h / (p.H / heads)); };
  addProducts<T>(p, share, logits, right, one, one, sum, count);
  int64_t head = static_cast<int64_t>(share.b) * p.H + share.h;
  store(p, share, partial + (head * segments + segment) * p.d * p.d, nullptr, sum, count);
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

size_t sharedBytes(const Problem &p) { return tileBytes(p.d) + Tile * 33 * sizeof(float); }
dim3 chunkGrid(const Problem &p) { return dim3(p.chunks * ceilDiv(p.d, 32), p.H, p.B); }

} // namespace

cudaError_t plain::chunkStates(const Problem &p, const Gates &gates, const Features &features, const States &states,
                               bool half, cudaStream_t stream) {
  return withGroups(p.d, [&](auto n) {
    auto *kernel = half ? localStates<Bf16, n.value> : localStates<float, n.value>;
    return launch(kernel, chunkGrid(p), Block, sharedBytes(p), stream, p, gates, features.k, states);
  });
}

cudaError_t plain::chunkStateGradients(const Problem &p, const Gates &gates, const Features &features, const void *dh,
                                       const xlstm_hybrid_saved &saved, const Scratch &scratch, const States &gradients,
                                       bool half, cudaStream_t stream) {
  return withGroups(p.d, [&](auto n) {
    auto *kernel = half ? localStateGradients<Bf16, n.value> : localStateGradients<float, n.value>;
    return launch(kernel, chunkGrid(p), Block, sharedBytes(p), stream, p, gates, features.q, dh, saved.denominator,
                  scratch.gamma, gradients);
  });
}

cudaError_t plain::mapGradients(const Problem &p, const Scratch &scratch, float *partial, float *dqMap, float *dkMap,
                                bool half, cudaStream_t stream) {
  int segments = static_cast<int>(ceilDiv(p.T, MapSegment));
  auto one = [&](const float *logits, const Tokens &x, int heads, float *map) {
    if (!map)
      return cudaSuccess;
    XLSTM_CUDA_TRY(withGroups(p.d, [&](auto n) {
      auto *kernel = half ? localMapGradients<Bf16, n.value> : localMapGradients<float, n.value>;
      return launch(kernel, dim3(segments * ceilDiv(p.d, 32), p.H, p.B), Block, sharedBytes(p), stream, p, logits, x,
                    heads, partial);
    }));
    return launch(addSegments, dim3(ceilDiv(p.d * p.d, 256), p.H), 256, 0, stream, p, partial, segments, map);
  };
  XLSTM_CUDA_TRY(one(scratch.qLogits, p.q, p.H, dqMap));
  return one(scratch.kLogits, p.k, p.Hkv, dkMap);
}
