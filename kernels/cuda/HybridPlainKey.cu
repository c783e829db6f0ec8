//===- HybridPlainKey.cu - gradients that belong to a key -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block owns 32 keys of one key head and walks the queries that read them, head by head of its group: sums in a fixed
// order, no atomics. Keys are the piece's, or rows of the state's rings and sinks.

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
  States gradients; // behind each chunk
  xlstm_hybrid_saved saved;
  const T *dh;
  plain::Scratch scratch;
  xlstm_hybrid_gradients out;
};

enum class Source { Piece, Ring, Sinks };

/// Which keys: row r has relative index `first + r`, known to lie in the document that begins at `start` unless Piece.
struct Keys {
  Source source;
  int b, head, first, start;
  __device__ int own(int r) const { return first + threadIdx.x / 32 * Each + r; }
};

/// Four tiles: keys or their features, values, and two of partners.
struct Tiles {
  float *k, *v, *first, *second;
  __device__ explicit Tiles(int d) {
    extern __shared__ float shared[];
    k = shared;
    v = k + Tile * pitch(d);
    first = v + Tile * pitch(d);
    second = first + Tile * pitch(d);
  }
};

template <typename T>
__device__ void loadKeys(const Problem &p, const Keys &keys, const Tokens &piece, const void *history,
                         const void *sinks, float *tile) {
  loadTile<T>(tile, p.d, [&](int r) {
    int j = keys.first + r;
    if (keys.source == Source::Sinks)
      return j < 0 && j - keys.start < p.S ? sinkRow<T>(piece, sinks, p, keys.b, keys.start, j - keys.start, keys.head)
                                           : nullptr;
    bool present = keys.source == Source::Piece ? j >= 0 : j < 0 && j >= keys.start;
    return present ? keyRow<T>(piece, history, p, keys.b, j, keys.head) : nullptr;
  });
}

__device__ bool readsKey(const Problem &p, Source source, int t, int start, int j) {
  if (t >= p.T || j >= p.T || (source != Source::Piece && j >= 0))
    return false;
  return (source != Source::Sinks && inWindow(p, t, start, j)) ||
         (source != Source::Ring && isSinkRead(p, t, start, j));
}

/// dk and dv of the window branch by query head h.
template <typename T, int N>
__device__ void windowPart(const Arguments<T> &x, const Keys &keys, int h, bool sinks, const Tiles &tiles,
                           float (&dk)[Each][N], float (&dv)[Each][N]) {
  const Problem &p = x.p;
  int lane = threadIdx.x % 32, b = keys.b, last = keys.first + Tile - 1;
  float score[Each], slope[Each], own[Each], values[Each];
  for (int from = max(0, keys.first); from < p.T; from += Tile) {
    if (p.start(b, from) > last || (!sinks && from > last + p.W - 1))
      break;
    __syncthreads();
    loadTile<T>(tiles.first, p.d, [&](int n) { return tokenRow<T>(p.q, p, b, from + n, h); });
    loadTile<T>(tiles.second, p.d, [&](int n) { return tokenRow<T>(x.dh, p, p.H, b, from + n, h); });
    __syncthreads();
    scores(tiles.k, tiles.first, p.d, score);
    scores(tiles.v, tiles.second, p.d, slope);
    int t = min(from + lane, p.T - 1), start = p.start(b, t);
    int64_t token = (static_cast<int64_t>(b) * p.H + h) * p.T + t;
    float lse = x.saved.window_lse[token], delta = x.scratch.delta[token], shut = sigmoid(-p.o[p.gate(b, t, h)]);
    for (int r = 0; r < Each; ++r) {
      bool read = readsKey(p, keys.source, from + lane, start, keys.own(r));
      float probability = read ? expf(score[r] * p.scale - lse) : 0;
      values[r] = probability * shut;
      own[r] = probability * (shut * slope[r] - delta) * p.scale;
    }
    accumulate(own, tiles.first, p.d, dk);
    accumulate(values, tiles.second, p.d, dv);
  }
}

/// Gradient of k~ and of v from the queries of the keys' own chunk.
template <typename T, int N>
__device__ void chunkPart(const Arguments<T> &x, const Keys &keys, int h, const Tiles &tiles, float (&slope)[Each][N],
                          float (&dv)[Each][N]) {
  const Problem &p = x.p;
  int lane = threadIdx.x % 32, c = keys.first / p.chunk, b = keys.b, end = min((c + 1) * p.chunk, p.T);
  int64_t head = static_cast<int64_t>(b) * p.H + h;
  float score[Each], along[Each], own[Each], values[Each];
  for (int from = keys.first; from < end; from += Tile) {
    __syncthreads();
    loadTile<float>(tiles.first, p.d, [&](int n) { return tokenRow<float>(x.features.q, p, p.H, b, from + n, h); });
    loadTile<T>(tiles.second, p.d, [&](int n) { return tokenRow<T>(x.dh, p, p.H, b, from + n, h); });
    __syncthreads();
    scores(tiles.k, tiles.first, p.d, score);
    scores(tiles.v, tiles.second, p.d, along);
    int t = min(from + lane, p.T - 1), start = p.start(b, t);
    int64_t token = head * p.T + t;
    double mIn = start < c * p.chunk ? x.gates.mIn[head * (p.chunks + 1) + c] : -INFINITY;
    double frame = fmax(mIn, x.gates.top[token]);
    float factor = sigmoid(p.o[p.gate(b, t, h)]) / fmaxf(x.saved.denominator[token], 1e-30f);
    float gamma = x.scratch.gamma[token];
    for (int r = 0; r < Each; ++r) {
      int j = keys.own(r);
      bool valid = j <= from + lane && from + lane < p.T && j >= start;
      float weight = valid ? expf(static_cast<float>(x.gates.a[head * p.T + j] - frame)) : 0;
      values[r] = weight * score[r] * factor;
      own[r] = weight * (along[r] * factor - gamma);
    }
    accumulate(own, tiles.first, p.d, slope);
    accumulate(values, tiles.second, p.d, dv);
  }
}

/// The same from everything behind the chunk, through its state.
template <typename T, int N>
__device__ void statePart(const Arguments<T> &x, const Keys &keys, int h, const Tiles &tiles, float (&slope)[Each][N],
                          float (&dv)[Each][N]) {
  const Problem &p = x.p;
  int lane = threadIdx.x % 32, c = keys.first / p.chunk, b = keys.b, end = min((c + 1) * p.chunk, p.T);
  int64_t head = static_cast<int64_t>(b) * p.H + h, at = head * p.chunks + c;
  int start = p.start(b, end - 1);
  float carried[Each], score[Each], weight[Each];
  for (int r = 0; r < Each; ++r) {
    int j = keys.own(r);
    bool valid = j >= start && j < end;
    carried[r] = valid ? x.gates.add[at] * expf(static_cast<float>(x.gates.a[head * p.T + j] - x.gates.last[at])) : 0;
  }
#pragma unroll
  for (int g = 0; g < N; ++g) {
    int a = g * 32;
    if (a >= p.d)
      break;
    __syncthreads();
    loadTile<float>(tiles.first, p.d,
                    [&](int n) { return a + n < p.d ? x.gradients.S + (at * p.d + a + n) * p.d : nullptr; });
    __syncthreads();
    scores(tiles.v, tiles.first, p.d, score);
    float dz = a + lane < p.d ? x.gradients.z[at * p.d + a + lane] : 0;
    for (int r = 0; r < Each; ++r) {
      const float *feature = tiles.k + (threadIdx.x / 32 * Each + r) * pitch(p.d);
      slope[r][g] += carried[r] * (score[r] + dz);
      weight[r] = a + lane < p.d ? carried[r] * feature[a + lane] : 0;
    }
    accumulate(weight, tiles.first, p.d, dv);
  }
}

/// Writes da, and the gradient of the map's logits; adds what goes through the map to dk.
template <typename T, int N>
__device__ void logitsPart(const Arguments<T> &x, const Keys &keys, int h, const Tiles &tiles, float (&slope)[Each][N],
                           float (&dk)[Each][N]) {
  const Problem &p = x.p;
  int lane = threadIdx.x % 32;
  for (int r = 0; r < Each; ++r) {
    int j = keys.own(r);
    const float *feature = tiles.k + (threadIdx.x / 32 * Each + r) * pitch(p.d);
    float dot = 0;
    for (int g = 0; g < N && g * 32 + lane < p.d; ++g)
      dot += feature[g * 32 + lane] * slope[r][g];
    dot = warpSum(dot);
    for (int g = 0; g < N; ++g) {
      bool valid = g * 32 + lane < p.d;
      slope[r][g] = valid ? feature[g * 32 + lane] * (slope[r][g] - dot) : 0;
      if (valid && j < p.T)
        x.scratch.kLogits[p.gate(keys.b, j, h) * p.d + g * 32 + lane] = slope[r][g];
    }
    if (lane == 0 && j < p.T)
      x.scratch.da[(static_cast<int64_t>(keys.b) * p.H + h) * p.T + j] = dot;
  }
  accumulateMap(slope, static_cast<const T *>(p.kMap) + static_cast<int64_t>(h) * p.d * p.d, tiles.first, p.d, dk);
}

/// Where row r's gradients go; rings and sinks are float32, and rows that hold no key yet get zeros.
template <typename T, int N>
__device__ void storeKeys(const Arguments<T> &x, const Keys &keys, const float (&dk)[Each][N],
                          const float (&dv)[Each][N]) {
  const Problem &p = x.p;
  auto put = [&](auto *to, int64_t row, const float(&sum)[N]) {
    using Stored = std::remove_pointer_t<decltype(to)>;
    if (to)
      for (int g = 0, c = threadIdx.x % 32; g < N && c < p.d; ++g, c += 32)
        to[(row * p.Hkv + keys.head) * p.d + c] = fromFloat<Stored>(sum[g]);
  };
  for (int r = 0; r < Each; ++r) {
    int j = keys.own(r), position = j - keys.start;
    if (keys.source == Source::Piece && j < p.T) {
      put(static_cast<T *>(x.out.k), static_cast<int64_t>(keys.b) * p.T + j, dk[r]);
      put(static_cast<T *>(x.out.v), static_cast<int64_t>(keys.b) * p.T + j, dv[r]);
    } else if (keys.source == Source::Ring && j < 0) {
      int64_t row = static_cast<int64_t>(keys.b) * p.W + (position + p.W) % p.W;
      put(x.out.ring_k, row, dk[r]);
      put(x.out.ring_v, row, dv[r]);
    } else if (keys.source == Source::Sinks && position < p.S) {
      int64_t row = static_cast<int64_t>(keys.b) * p.S + position;
      put(x.out.sink_k, row, dk[r]);
      put(x.out.sink_v, row, dv[r]);
    }
  }
}

template <typename T, int N>
__global__ void __launch_bounds__(Block) keys(Arguments<T> x, Source source) {
  const Problem &p = x.p;
  Tiles tiles(p.d);
  int b = blockIdx.z, begin = p.pos && source != Source::Piece ? -p.pos[b] : 0;
  int first = blockIdx.x * Tile + (source == Source::Ring ? -p.W : source == Source::Sinks ? begin : 0);
  Keys own{source, b, static_cast<int>(blockIdx.y), first, begin};
  float dk[Each][N], dv[Each][N], slope[Each][N];
  clear(dk), clear(dv);
  loadKeys<T>(p, own, p.v, p.historyV, p.sinkV, tiles.v);
  int mine = first + threadIdx.x % 32;
  bool isSink = source == Source::Piece && mine < p.T && mine - p.start(b, max(mine, 0)) < p.S;
  bool sinks = __syncthreads_or(isSink) || source == Source::Sinks;
  for (int h = own.head * p.group; h < (own.head + 1) * p.group; ++h) {
    __syncthreads();
    loadKeys<T>(p, own, p.k, p.historyK, p.sinkK, tiles.k);
    windowPart(x, own, h, sinks, tiles, dk, dv);
    if (source != Source::Piece)
      continue;
    __syncthreads();
    loadTile<float>(tiles.k, p.d, [&](int r) { return tokenRow<float>(x.features.k, p, p.H, b, first + r, h); });
    clear(slope);
    chunkPart(x, own, h, tiles, slope, dv);
    statePart(x, own, h, tiles, slope, dv);
    logitsPart(x, own, h, tiles, slope, dk);
  }
  storeKeys(x, own, dk, dv);
}

template <typename T>
cudaError_t launchKeys(const Arguments<T> &x, bool piece, cudaStream_t stream) {
  const Problem &p = x.p;
  return withGroups(p.d, [&](auto n) {
    auto run = [&](Source source, int count) {
      return launch(keys<T, n.value>, dim3(ceilDiv(count, Tile), p.Hkv, p.B), Block, 4 * tileBytes(p.d), stream, x,
                    source);
    };
    if (piece)
      XLSTM_CUDA_TRY(run(Source::Piece, p.T));
    if (p.pos && (x.out.ring_k || x.out.ring_v))
      XLSTM_CUDA_TRY(run(Source::Ring, p.W));
    return p.pos && (x.out.sink_k || x.out.sink_v) ? run(Source::Sinks, p.S) : cudaSuccess;
  });
}

} // namespace

cudaError_t plain::keyGradients(const Problem &p, const Gates &gates, const Features &features, const States &gradients,
                                const xlstm_hybrid_saved &saved, const void *dh, const Scratch &scratch,
                                const xlstm_hybrid_gradients &out, bool half, cudaStream_t stream) {
  if (half)
    return launchKeys<Bf16>({p, gates, features, gradients, saved, static_cast<const Bf16 *>(dh), scratch, out}, true,
                            stream);
  return launchKeys<float>({p, gates, features, gradients, saved, static_cast<const float *>(dh), scratch, out}, true,
                           stream);
}

cudaError_t plain::stateKeyGradients(const Problem &p, const xlstm_hybrid_saved &saved, const void *dh,
                                     const Scratch &scratch, const xlstm_hybrid_gradients &out, cudaStream_t stream) {
  return launchKeys<Bf16>({p, {}, {}, {}, saved, static_cast<const Bf16 *>(dh), scratch, out}, false, stream);
}
