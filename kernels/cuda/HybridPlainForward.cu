//===- HybridPlainForward.cu - the mixer forward, any width and type ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/HybridPlain.cuh"
#include "kernels/cuda/HybridRows.cuh"

using namespace xlstm::cuda;
using namespace xlstm::cuda::rows;

namespace {

/// softmax over a of map[h][a] . x for 32 tokens of a head; the logits wait in the result's own rows.
template <typename T>
__global__ void __launch_bounds__(Block) features(Problem p, Tokens x, int heads, const void *map, float *result) {
  extern __shared__ float shared[];
  float *rows = shared, *tile = shared + Tile * pitch(p.d);
  int h = blockIdx.y, b = blockIdx.z, lane = threadIdx.x % 32;
  Place place{b, h, static_cast<int>(blockIdx.x) * Tile, p.T};
  const T *weights = static_cast<const T *>(map) + static_cast<int64_t>(h) * p.d * p.d;
  loadTile<T>(rows, p.d, [&](int r) { return tokenRow<T>(x, p, b, place.first + r, h / (p.H / heads)); });
  float most[Each], total[Each] = {};
  for (int r = 0; r < Each; ++r)
    most[r] = -INFINITY;
  auto to = [&](int r) { return result + p.gate(b, place.own(r), h) * p.d; };
  for (int a = 0; a < p.d; a += Tile) {
    __syncthreads();
    loadTile<T>(tile, p.d, [&](int n) { return a + n < p.d ? weights + static_cast<int64_t>(a + n) * p.d : nullptr; });
    __syncthreads();
    float logit[Each];
    scores(rows, tile, p.d, logit);
    for (int r = 0; r < Each; ++r)
      if (place.own(r) < p.T && a + lane < p.d) {
        to(r)[a + lane] = logit[r];
        most[r] = fmaxf(most[r], logit[r]);
      }
  }
  for (int r = 0; r < Each; ++r) {
    if (place.own(r) >= p.T)
      return;
    most[r] = warpMax(most[r]);
    for (int a = lane; a < p.d; a += 32)
      total[r] += expf(to(r)[a] - most[r]);
    total[r] = warpSum(total[r]);
    for (int a = lane; a < p.d; a += 32)
      to(r)[a] = expf(to(r)[a] - most[r]) / total[r];
  }
}

/// The matrix memory's numerator and denominator of this warp's rows; `rows` are their q features.
template <typename T, int N>
__device__ void memory(const Problem &p, const Gates &gates, const float *kFeatures, const States &states,
                       const Place &place, const float *rows, float *tileK, float *tileV, float (&sum)[Each][N],
                       float (&denominator)[Each]) {
  int lane = threadIdx.x % 32, c = place.first / p.chunk, b = place.b, h = place.h, begin = c * p.chunk;
  int64_t head = static_cast<int64_t>(b) * p.H + h, at = head * p.chunks + c;
  double frame[Each];
  float carried[Each], score[Each], weight[Each];
  int start[Each];
  for (int r = 0; r < Each; ++r) {
    int t = min(place.own(r), p.T - 1);
    start[r] = p.start(b, t);
    double mIn = start[r] < begin ? gates.mIn[head * (p.chunks + 1) + c] : -INFINITY;
    frame[r] = fmax(mIn, gates.top[head * p.T + t]);
    carried[r] = static_cast<float>(exp(mIn - frame[r]));
    denominator[r] = 0;
  }
  int end = min(place.first + Tile, p.T);
  for (int j = begin; j < end; j += Tile) {
    __syncthreads();
    loadTile<float>(tileK, p.d, [&](int n) { return tokenRow<float>(kFeatures, p, p.H, b, j + n, h); });
    loadTile<T>(tileV, p.d, [&](int n) { return tokenRow<T>(p.v, p, b, j + n, h / p.group); });
    __syncthreads();
    scores(rows, tileK, p.d, score);
    for (int r = 0; r < Each; ++r) {
      bool valid = j + lane <= place.own(r) && j + lane >= start[r] && j + lane < p.T;
      weight[r] = valid ? score[r] * expf(static_cast<float>(gates.a[head * p.T + j + lane] - frame[r])) : 0;
      denominator[r] += weight[r];
    }
    accumulate(weight, tileV, p.d, sum);
  }
  for (int a = 0; a < p.d; a += Tile) {
    __syncthreads();
    loadTile<float>(tileV, p.d, [&](int n) { return a + n < p.d ? states.S + (at * p.d + a + n) * p.d : nullptr; });
    __syncthreads();
    bool valid = a + lane < p.d;
    float z = valid ? states.z[at * p.d + a + lane] : 0;
    for (int r = 0; r < Each; ++r) {
      int row = threadIdx.x / 32 * Each + r;
      weight[r] = valid ? carried[r] * rows[row * pitch(p.d) + a + lane] : 0;
      denominator[r] += weight[r] * z;
    }
    accumulate(weight, tileV, p.d, sum);
  }
  for (int r = 0; r < Each; ++r)
    denominator[r] = warpSum(denominator[r]);
}

/// The window branch of this warp's rows, normalised, and the log of its sum; `rows` are their queries.
template <typename T, int N>
__device__ void window(const Problem &p, const Place &place, const float *rows, float *tileK, float *tileV,
                       float (&sum)[Each][N], float (&lse)[Each]) {
  float most[Each], total[Each] = {}, score[Each], weight[Each];
  for (int r = 0; r < Each; ++r)
    most[r] = -INFINITY;
  forKeyTiles<T>(p, place, tileK, tileV, [&](int j, int of) {
    scores(rows, tileK, p.d, score);
    for (int r = 0; r < Each; ++r) {
      float own = reads(p, place.b, place.own(r), j, of) ? score[r] * p.scale : -INFINITY;
      float top = fmaxf(most[r], warpMax(own));
      float shrink = top == -INFINITY ? 1 : expf(most[r] - top);
      weight[r] = own == -INFINITY ? 0 : expf(own - top);
      total[r] = total[r] * shrink + weight[r];
      most[r] = top;
      for (int g = 0; g < N; ++g)
        sum[r][g] *= shrink;
    }
    accumulate(weight, tileV, p.d, sum);
  });
  for (int r = 0; r < Each; ++r) {
    total[r] = warpSum(total[r]);
    lse[r] = total[r] > 0 ? most[r] + logf(total[r]) : -INFINITY;
    for (int g = 0; g < N; ++g)
      sum[r][g] = total[r] > 0 ? sum[r][g] / total[r] : 0;
  }
}

template <typename T, int N>
__global__ void __launch_bounds__(Block) output(Problem p, Gates gates, plain::Features features, States states, T *h,
                                                const float *i, xlstm_hybrid_saved saved) {
  extern __shared__ float shared[];
  float *rows = shared, *tileK = rows + Tile * pitch(p.d), *tileV = tileK + Tile * pitch(p.d);
  Place place{static_cast<int>(blockIdx.z), static_cast<int>(blockIdx.y), static_cast<int>(blockIdx.x) * Tile, p.T};
  int b = place.b, head = place.h, lane = threadIdx.x % 32;
  float memorySum[Each][N], windowSum[Each][N], denominator[Each], lse[Each];
  clear(memorySum);
  clear(windowSum);
  loadTile<float>(rows, p.d, [&](int r) { return tokenRow<float>(features.q, p, p.H, b, place.first + r, head); });
  memory<T>(p, gates, features.k, states, place, rows, tileK, tileV, memorySum, denominator);
  __syncthreads();
  loadTile<T>(rows, p.d, [&](int r) { return tokenRow<T>(p.q, p, b, place.first + r, head); });
  window<T>(p, place, rows, tileK, tileV, windowSum, lse);
  for (int r = 0; r < Each; ++r) {
    int t = place.own(r);
    if (t >= p.T)
      return;
    float open = sigmoid(p.o[p.gate(b, t, head)]), shut = sigmoid(-p.o[p.gate(b, t, head)]);
    int64_t at = p.gate(b, t, head) * p.d, token = (static_cast<int64_t>(b) * p.H + head) * p.T + t;
    for (int g = 0, c = lane; g < N && c < p.d; ++g, c += 32) {
      h[at + c] = fromFloat<T>(open * memorySum[r][g] / fmaxf(denominator[r], 1e-30f) + shut * windowSum[r][g]);
      if (saved.window_out)
        static_cast<T *>(saved.window_out)[at + c] = fromFloat<T>(windowSum[r][g]);
    }
    if (lane == 0 && saved.window_lse)
      saved.window_lse[token] = lse[r];
    if (lane == 0 && saved.denominator)
      saved.denominator[token] = denominator[r];
    if (lane == 0 && saved.max) {
      int c = t / p.chunk;
      double mIn = p.start(b, t) < c * p.chunk ? gates.mIn[token / p.T * (p.chunks + 1) + c] : -INFINITY;
      double sumOfLogs = i[p.gate(b, t, head)] - gates.a[token];
      saved.max[token] = static_cast<float>(fmax(mIn, gates.top[token]) + sumOfLogs);
    }
  }
}

dim3 tokenGrid(const Problem &p) { return dim3(ceilDiv(p.T, Tile), p.H, p.B); }

} // namespace

cudaError_t plain::featureMaps(const Problem &p, const Features &to, bool half, cudaStream_t stream) {
  auto *kernel = half ? features<Bf16> : features<float>;
  XLSTM_CUDA_TRY(launch(kernel, tokenGrid(p), Block, 2 * tileBytes(p.d), stream, p, p.q, p.H, p.qMap, to.q));
  return launch(kernel, tokenGrid(p), Block, 2 * tileBytes(p.d), stream, p, p.k, p.Hkv, p.kMap, to.k);
}

cudaError_t plain::outputs(const Problem &p, const Gates &gates, const Features &features, const States &states,
                           void *h, const float *i, const xlstm_hybrid_saved &saved, bool half, cudaStream_t stream) {
  return withGroups(p.d, [&](auto n) {
    if (half)
      return launch(output<Bf16, n.value>, tokenGrid(p), Block, 3 * tileBytes(p.d), stream, p, gates, features, states,
                    static_cast<Bf16 *>(h), i, saved);
    return launch(output<float, n.value>, tokenGrid(p), Block, 3 * tileBytes(p.d), stream, p, gates, features, states,
                  static_cast<float *>(h), i, saved);
  });
}
