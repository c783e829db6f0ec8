//===- HybridPlainQuery.cu - gradients that belong to a query -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/HybridPlain.cuh"
#include "kernels/cuda/HybridRows.cuh"

using namespace xlstm::cuda;
using namespace xlstm::cuda::rows;

namespace {

template <typename T>
struct Arguments {
  Problem p;
  Gates gates;
  plain::Features features;
  States states;
  xlstm_hybrid_saved saved;
  const T *dh;
  plain::Scratch scratch;
  T *dq;
  float *doGate;
};

/// Four tiles: the block's queries (then their features), its rows of dh, and the partners.
struct Tiles {
  float *q, *dh, *first, *second;
  __device__ explicit Tiles(int d) {
    extern __shared__ float shared[];
    q = shared;
    dh = q + Tile * pitch(d);
    first = dh + Tile * pitch(d);
    second = first + Tile * pitch(d);
  }
};

/// dq of the window branch: P (dP - delta) k, with delta = (1 - o) <dh, branch>.
template <typename T, int N>
__device__ void windowPart(const Arguments<T> &x, const Place &place, const Tiles &tiles, float (&dq)[Each][N],
                           float (&delta)[Each]) {
  const Problem &p = x.p;
  float lse[Each], shut[Each], score[Each], slope[Each], weight[Each];
  for (int r = 0; r < Each; ++r) {
    int t = min(place.own(r), p.T - 1);
    const T *branch = tokenRow<T>(x.saved.window_out, p, p.H, place.b, t, place.h);
    const float *dh = tiles.dh + (threadIdx.x / 32 * Each + r) * pitch(p.d);
    float dot = 0;
    for (int c = threadIdx.x % 32; c < p.d; c += 32)
      dot += toFloat(branch[c]) * dh[c];
    shut[r] = sigmoid(-p.o[p.gate(place.b, t, place.h)]);
    delta[r] = shut[r] * warpSum(dot);
    lse[r] = x.saved.window_lse[(static_cast<int64_t>(place.b) * p.H + place.h) * p.T + t];
  }
  forKeyTiles<T>(p, place, tiles.first, tiles.second, [&](int j, int of) {
    scores(tiles.q, tiles.first, p.d, score);
    scores(tiles.dh, tiles.second, p.d, slope);
    for (int r = 0; r < Each; ++r) {
      bool read = reads(p, place.b, place.own(r), j, of);
      weight[r] = read ? expf(score[r] * p.scale - lse[r]) * (shut[r] * slope[r] - delta[r]) * p.scale : 0;
    }
    accumulate(weight, tiles.first, p.d, dq);
  });
}

/// Gradient of the numerator to q~, and sum of weight k~ (the denominator's), in the frame of M_t.
template <typename T, int N>
__device__ void memoryPart(const Arguments<T> &x, const Place &place, const Tiles &tiles, const float (&factor)[Each],
                           float (&slope)[Each][N], float (&norm)[Each][N]) {
  const Problem &p = x.p;
  int lane = threadIdx.x % 32, c = place.first / p.chunk, begin = c * p.chunk, b = place.b, h = place.h, start[Each];
  int64_t head = static_cast<int64_t>(b) * p.H + h, at = head * p.chunks + c;
  double frame[Each];
  float carried[Each], score[Each], weight[Each], plainWeight[Each];
  for (int r = 0; r < Each; ++r) {
    int t = min(place.own(r), p.T - 1);
    start[r] = p.start(b, t);
    double mIn = start[r] < begin ? x.gates.mIn[head * (p.chunks + 1) + c] : -INFINITY;
    frame[r] = fmax(mIn, x.gates.top[head * p.T + t]);
    carried[r] = static_cast<float>(exp(mIn - frame[r]));
  }
  for (int j = begin; j < min(place.first + Tile, p.T); j += Tile) {
    __syncthreads();
    loadTile<float>(tiles.first, p.d, [&](int n) { return tokenRow<float>(x.features.k, p, p.H, b, j + n, h); });
    loadTile<T>(tiles.second, p.d, [&](int n) { return tokenRow<T>(p.v, p, b, j + n, h / p.group); });
    __syncthreads();
    scores(tiles.dh, tiles.second, p.d, score);
    for (int r = 0; r < Each; ++r) {
      bool valid = j + lane <= place.own(r) && j + lane >= start[r] && j + lane < p.T;
      plainWeight[r] = valid ? expf(static_cast<float>(x.gates.a[head * p.T + j + lane] - frame[r])) : 0;
      weight[r] = plainWeight[r] * score[r] * factor[r];
    }
    accumulate(weight, tiles.first, p.d, slope);
    accumulate(plainWeight, tiles.first, p.d, norm);
  }
#pragma unroll
  for (int g = 0; g < N; ++g) {
    if (g * 32 >= p.d)
      break;
    int a = g * 32;
    __syncthreads();
    loadTile<float>(tiles.first, p.d,
                    [&](int n) { return a + n < p.d ? x.states.S + (at * p.d + a + n) * p.d : nullptr; });
    __syncthreads();
    scores(tiles.dh, tiles.first, p.d, score);
    float z = a + lane < p.d ? x.states.z[at * p.d + a + lane] : 0;
    for (int r = 0; r < Each; ++r) {
      slope[r][g] += carried[r] * factor[r] * score[r];
      norm[r][g] += carried[r] * z;
    }
  }
}

/// Through the softmax of the feature map: slope becomes the logits' gradient. Writes gamma and the o gate's gradient.
template <typename T, int N>
__device__ void logitsPart(const Arguments<T> &x, const Place &place, const Tiles &tiles,
                           const float (&denominator)[Each], const float (&delta)[Each], float (&slope)[Each][N],
                           const float (&norm)[Each][N]) {
  const Problem &p = x.p;
  int lane = threadIdx.x % 32;
#pragma unroll
  for (int r = 0; r < Each; ++r) {
    int t = place.own(r);
    const float *feature = tiles.q + (threadIdx.x / 32 * Each + r) * pitch(p.d);
    float through = 0, dot = 0;
    for (int g = 0; g < N && g * 32 + lane < p.d; ++g)
      through += feature[g * 32 + lane] * slope[r][g];
    through = warpSum(through); // o <dh, memory branch>
    float gamma = denominator[r] > 1e-30f ? through / denominator[r] : 0;
    for (int g = 0; g < N && g * 32 + lane < p.d; ++g) {
      slope[r][g] -= gamma * norm[r][g];
      dot += feature[g * 32 + lane] * slope[r][g];
    }
    dot = warpSum(dot);
    for (int g = 0; g < N; ++g)
      slope[r][g] = g * 32 + lane < p.d ? feature[g * 32 + lane] * (slope[r][g] - dot) : 0;
    if (t >= p.T)
      continue;
    int64_t gate = p.gate(place.b, t, place.h), token = (static_cast<int64_t>(place.b) * p.H + place.h) * p.T + t;
    for (int g = 0; g < N && g * 32 + lane < p.d; ++g)
      x.scratch.qLogits[gate * p.d + g * 32 + lane] = slope[r][g];
    if (lane == 0) {
      x.scratch.gamma[token] = gamma;
      x.scratch.delta[token] = delta[r];
      if (x.doGate)
        x.doGate[gate] = sigmoid(-p.o[gate]) * through - sigmoid(p.o[gate]) * delta[r];
    }
  }
}

template <typename T, int N>
__global__ void __launch_bounds__(Block) queries(Arguments<T> x) {
  const Problem &p = x.p;
  Tiles tiles(p.d);
  Place place{static_cast<int>(blockIdx.z), static_cast<int>(blockIdx.y), static_cast<int>(blockIdx.x) * Tile, p.T};
  int b = place.b, h = place.h, lane = threadIdx.x % 32;
  float dq[Each][N], slope[Each][N], norm[Each][N], delta[Each], denominator[Each], factor[Each];
  clear(dq), clear(slope), clear(norm);
  loadTile<T>(tiles.q, p.d, [&](int r) { return tokenRow<T>(p.q, p, b, place.first + r, h); });
  loadTile<T>(tiles.dh, p.d, [&](int r) { return tokenRow<T>(x.dh, p, p.H, b, place.first + r, h); });
  __syncthreads();
  windowPart(x, place, tiles, dq, delta);
  __syncthreads();
  loadTile<float>(tiles.q, p.d, [&](int r) { return tokenRow<float>(x.features.q, p, p.H, b, place.first + r, h); });
  for (int r = 0; r < Each; ++r) {
    int t = min(place.own(r), p.T - 1);
    denominator[r] = x.saved.denominator[(static_cast<int64_t>(b) * p.H + h) * p.T + t];
    factor[r] = sigmoid(p.o[p.gate(b, t, h)]) / fmaxf(denominator[r], 1e-30f);
  }
  memoryPart(x, place, tiles, factor, slope, norm);
  logitsPart(x, place, tiles, denominator, delta, slope, norm);
  if (!x.dq)
    return;
  accumulateMap(slope, static_cast<const T *>(p.qMap) + static_cast<int64_t>(h) * p.d * p.d, tiles.first, p.d, dq);
  for (int r = 0; r < Each; ++r)
    for (int g = 0; g < N && g * 32 + lane < p.d; ++g)
      if (place.own(r) < p.T)
        x.dq[p.gate(b, place.own(r), h) * p.d + g * 32 + lane] = fromFloat<T>(dq[r][g]);
}

template <typename T>
cudaError_t launchQueries(const Arguments<T> &x, cudaStream_t stream) {
  const Problem &p = x.p;
  return withGroups(p.d, [&](auto n) {
    return launch(queries<T, n.value>, dim3(ceilDiv(p.T, Tile), p.H, p.B), Block, 4 * tileBytes(p.d), stream, x);
  });
}

} // namespace

cudaError_t plain::queryGradients(const Problem &p, const Gates &gates, const Features &features, const States &states,
                                  const xlstm_hybrid_saved &saved, const void *dh, const Scratch &scratch,
                                  const xlstm_hybrid_gradients &out, bool half, cudaStream_t stream) {
  if (half)
    return launchQueries<Bf16>({p, gates, features, states, saved, static_cast<const Bf16 *>(dh), scratch,
                                static_cast<Bf16 *>(out.q), out.o_gate},
                               stream);
  return launchQueries<float>({p, gates, features, states, saved, static_cast<const float *>(dh), scratch,
                               static_cast<float *>(out.q), out.o_gate},
                              stream);
}
