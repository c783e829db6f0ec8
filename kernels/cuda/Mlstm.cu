//===- Mlstm.cu - the matrix memory, by chunks, and its C ABI ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cluster has one text and head, each of its blocks some columns of S, which stay in shared memory from the first
// token to the last. Within a chunk the method is the CPU's (kernels/cpu/Mlstm.cpp): with F the sum of log f and g = i
// - F, the running maximum is F + top, the weight of token s on t is exp(g_s - top_t), and exponents are formed in
// float64.

#include "kernels/cuda/HybridDecodeLaunch.cuh"
#include "kernels/cuda/Mlstm.cuh"
#include "xlstm/Kernels/Cuda.h"

#include <algorithm>
#include <type_traits>

namespace xlstm::cuda {
namespace mlstm {

constexpr int MostTokens = 32; // of a chunk: a lane of the gates' warp each
constexpr int Each = MostTokens / Warps, WeightPitch = MostTokens + 1;

/// Shared memory; rows of features are padded with zeros to a multiple of four, and then by four: 16 bytes of eight
/// rows lie in different banks.
struct Shared {
  float *S, *q, *k, *v, *weights, *z;   // [m,columns], [tokens,pitch] twice, [tokens,columns], [tokens,33], [pitch]
  float *carried, *added, *denominator; // [tokens]: exp(before - top), exp(g - after)
  float *keep;                          // what is left of S
  double *level, *top;                  // [tokens]
  double *max;                          // as stored, before the next chunk
  int pitch;
  size_t bytes;

  __host__ __device__ Shared(char *base, const Args &a) : pitch((a.m + 3) / 4 * 4 + 4) {
    size_t used = 0;
    auto take = [&](auto *&array, int count) {
      array = reinterpret_cast<std::remove_reference_t<decltype(array)>>(base + used);
      used += (count * sizeof(*array) + 15) / 16 * 16;
    };
    take(S, a.m * a.columns), take(q, a.tokens * pitch), take(k, a.tokens * pitch), take(v, a.tokens * a.columns);
    take(weights, a.tokens * WeightPitch), take(z, pitch);
    take(carried, a.tokens), take(added, a.tokens), take(denominator, a.tokens);
    take(keep, 1), take(level, a.tokens), take(top, a.tokens), take(max, 1);
    bytes = used;
  }
};

/// One warp, a token a lane: the chunk's gates from the maximum before it, which moves on.
__device__ inline void openGates(const Args &a, const Shared &s, const Place &at, int from, int count) {
  const int t = threadIdx.x % 32;
  const double before = *s.max;
  const int64_t gate = ((at.b * a.T + from + t) * a.H + at.head);
  const bool is = t < count;
  double F = is && a.f ? logSigmoid(a.f[gate]) : 0.0;
#pragma unroll
  for (int step = 1; step < 32; step *= 2)
    if (const double other = __shfl_up_sync(~0u, F, step); t >= step)
      F += other;
  const double level = (is && a.i ? double(a.i[gate]) : 0.0) - F;
  double top = is ? fmax(before, level) : before;
#pragma unroll
  for (int step = 1; step < 32; step *= 2)
    if (const double other = __shfl_up_sync(~0u, top, step); t >= step)
      top = fmax(top, other);
  const double lastF = __shfl_sync(~0u, F, count - 1);
  const float next = float(lastF + __shfl_sync(~0u, top, count - 1));
  const double after = next - lastF; // of the rounded maximum: the state is scaled by that one
  if (is) {
    s.level[t] = level, s.top[t] = top;
    s.carried[t] = gateWeight(before, top), s.added[t] = gateWeight(level, after);
  }
  __syncwarp(); // every lane has read the maximum
  if (t == 0)
    *s.max = next, *s.keep = gateWeight(before, after);
}

/// Width: neighbours a thread and access, a divisor of m and dv. All loads of two turns are under way at once.
template <int Width, typename T>
__device__ void loadChunk(const Args &a, const Shared &s, const Place &at, int from, int count) {
  constexpr int Turns = 2;
  const int wide = a.m / Width, wideV = a.columns / Width;
  const int64_t token = at.b * a.T + from, own = (token * a.H + at.head) * a.m;
  const T *q = static_cast<const T *>(a.q) + own, *k = static_cast<const T *>(a.k) + own;
  const T *v = static_cast<const T *>(a.v) + token * a.vStride + at.head / (a.H / a.Hkv) * a.dv + at.column;
  for (int first = threadIdx.x; first < count * max(wide, wideV); first += Turns * Threads) {
    float ofQ[Turns][Width], ofK[Turns][Width], ofV[Turns][Width] = {};
    auto visit = [&](auto features, auto values) {
#pragma unroll
      for (int turn = 0; turn < Turns; ++turn) {
        const int n = first + turn * Threads, t = n / wide, tV = n / wideV;
        if (t < count)
          features(turn, t, (n - t * wide) * Width);
        if (tV < count)
          values(turn, tV, (n - tV * wideV) * Width);
      }
    };
    visit(
        [&](int turn, int t, int c) {
          loadFloats(q + int64_t(t) * a.H * a.m + c, ofQ[turn]);
          loadFloats(k + int64_t(t) * a.H * a.m + c, ofK[turn]);
        },
        [&](int turn, int t, int c) {
          if (at.column + c < a.dv)
            loadFloats(v + t * a.vStride + c, ofV[turn]);
        });
    visit(
        [&](int turn, int t, int c) {
          storeFloats(s.q + t * s.pitch + c, ofQ[turn]);
          storeFloats(s.k + t * s.pitch + c, ofK[turn]);
        },
        [&](int turn, int t, int c) { storeFloats(s.v + t * a.columns + c, ofV[turn]); });
  }
}

/// Zeros behind each row of features.
__device__ inline void clearPadding(const Args &a, const Shared &s) {
  const int behind = s.pitch - a.m;
  for (int n = threadIdx.x; n < a.tokens * behind; n += Threads)
    s.q[n / behind * s.pitch + a.m + n % behind] = s.k[n / behind * s.pitch + a.m + n % behind] = 0;
}

__device__ inline float dot(const float4 &x, const float4 &y) { return x.x * y.x + x.y * y.y + x.z * y.z + x.w * y.w; }
__device__ inline const float4 &four(const float *x) { return *reinterpret_cast<const float4 *>(x); }

/// A warp has tokens t = warp, warp + 8, ...; past the last there is the last again, which is not written.
__device__ inline int ownToken(int n, int count) { return min(int(threadIdx.x) / 32 + n * Warps, count - 1); }

/// weights [t,s] = exp(g_s - top_t) q_t . k_s, and the denominators.
__device__ inline void weigh(const Args &a, const Shared &s, int count) {
  const int lane = threadIdx.x % 32;
  float score[Each] = {}, carried[Each] = {};
  const float *k = s.k + min(lane, count - 1) * s.pitch, *q[Each];
#pragma unroll
  for (int n = 0; n < Each; ++n)
    q[n] = s.q + ownToken(n, count) * s.pitch;
#pragma unroll 4
  for (int c = 0; c < a.m; c += 4)
#pragma unroll
    for (int n = 0; n < Each; ++n)
      score[n] += dot(four(q[n] + c), four(k + c));
  for (int c = lane; c < a.m; c += 32)
#pragma unroll
    for (int n = 0; n < Each; ++n)
      carried[n] += q[n][c] * s.z[c];
#pragma unroll
  for (int n = 0; n < Each; ++n) {
    const int t = threadIdx.x / 32 + n * Warps;
    if (t >= count)
      break;
    const float gate = lane <= t ? gateWeight(s.level[lane], s.top[t]) : 0.0f;
    const float weight = gate == 0.0f ? 0.0f : gate * score[n]; // a later token may hold anything
    s.weights[t * WeightPitch + lane] = weight;
    const float sum = groupSum(weight + s.carried[t] * carried[n]);
    if (lane == 0)
      s.denominator[t] = sum;
  }
}

/// h of the chunk's tokens and the block's columns.
template <typename T>
__device__ void read(const Args &a, const Shared &s, const Place &at, int from, int count) {
  const int lane = threadIdx.x % 32;
  const float *q[Each], *weights[Each];
#pragma unroll
  for (int n = 0; n < Each; ++n)
    q[n] = s.q + ownToken(n, count) * s.pitch, weights[n] = s.weights + ownToken(n, count) * WeightPitch;
  for (int column = lane; column < a.columns; column += Columns) {
    float memory[Each] = {}, values[Each] = {};
    const float *own = s.S + column;
    int c = 0;
#pragma unroll 2
    for (; c + 4 <= a.m; c += 4) {
      const float *x = own + c * a.columns;
      const float4 state = {x[0], x[a.columns], x[2 * a.columns], x[3 * a.columns]};
#pragma unroll
      for (int n = 0; n < Each; ++n)
        memory[n] += dot(four(q[n] + c), state);
    }
    for (; c < a.m; ++c)
#pragma unroll
      for (int n = 0; n < Each; ++n)
        memory[n] += q[n][c] * own[c * a.columns];
#pragma unroll 4
    for (int j = 0; j < count; ++j) {
      const float value = s.v[j * a.columns + column];
#pragma unroll
      for (int n = 0; n < Each; ++n)
        values[n] += weights[n][j] * value;
    }
#pragma unroll
    for (int n = 0; n < Each; ++n)
      if (const int t = threadIdx.x / 32 + n * Warps; t < count && at.column + column < a.dv)
        static_cast<T *>(a.h)[((at.b * a.T + from + t) * a.H + at.head) * a.dv + at.column + column] =
            fromFloat<T>((s.carried[t] * memory[n] + values[n]) / fmaxf(s.denominator[t], 1e-30f));
  }
}

/// S and z after the chunk; the weights and q are used up.
__device__ inline void update(const Args &a, const Shared &s, int count) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const float keep = *s.keep;
  for (int column = lane; column < a.columns; column += Columns)
    for (int c = warp * 4; c < a.m; c += Warps * 4) {
      float sum[4] = {};
#pragma unroll 4
      for (int j = 0; j < count; ++j) {
        const float4 key = four(s.k + j * s.pitch + c);
        const float value = s.added[j] * s.v[j * a.columns + column];
        sum[0] += key.x * value, sum[1] += key.y * value, sum[2] += key.z * value, sum[3] += key.w * value;
      }
#pragma unroll
      for (int n = 0; n < 4; ++n)
        if (float *own = s.S + (c + n) * a.columns + column; c + n < a.m)
          *own = keep * *own + sum[n];
    }
  for (int c = threadIdx.x; c < a.m; c += Threads) {
    float sum = 0;
    for (int j = 0; j < count; ++j)
      sum += s.added[j] * s.k[j * s.pitch + c];
    s.z[c] = keep * s.z[c] + sum;
  }
}

/// Visits the pieces of the block's columns of S, four a thread at a time: body(turn, in shared memory, in memory).
template <int Width, typename Load, typename Store>
__device__ void eachPiece(const Args &a, const Shared &s, const Place &at, Load load, Store store) {
  constexpr int Turns = 4;
  const int wide = a.columns / Width;
  for (int first = threadIdx.x; first < a.m * wide; first += Turns * Threads) {
    auto visit = [&](auto body) {
#pragma unroll
      for (int turn = 0; turn < Turns; ++turn) {
        const int n = first + turn * Threads, row = n / wide, c = (n - row * wide) * Width;
        if (row < a.m)
          body(turn, s.S + row * a.columns + c, a.S + (at.state * a.m + row) * a.dv + at.column + c,
               at.column + c < a.dv);
      }
    };
    visit(load), visit(store);
  }
}

/// The block's columns of S, and z, to shared memory: zeros where the state is empty, whatever it holds.
template <int Width>
__device__ void loadState(const Args &a, const Shared &s, const Place &at, bool isEmpty) {
  constexpr int Each = Width < 4 ? Width : 4;
  float values[4][Each];
  eachPiece<Each>(
      a, s, at,
      [&](int turn, float *, const float *state, bool is) {
#pragma unroll
        for (float &value : values[turn])
          value = 0;
        if (is && !isEmpty)
          loadFloats(state, values[turn]);
      },
      [&](int turn, float *own, float *, bool) { storeFloats(own, values[turn]); });
  for (int c = threadIdx.x; c < a.m; c += Threads)
    s.z[c] = isEmpty ? 0.0f : a.z[at.state * a.m + c];
}

/// And back; z by the first block.
template <int Width>
__device__ void storeState(const Args &a, const Shared &s, const Place &at) {
  constexpr int Each = Width < 4 ? Width : 4;
  eachPiece<Each>(
      a, s, at, [](int, float *, float *, bool) {},
      [&](int, float *own, float *state, bool is) {
        float values[Each];
        loadFloats(own, values);
        if (is)
          storeFloats(state, values);
      });
  for (int c = threadIdx.x; c < a.m && at.column == 0; c += Threads)
    a.z[at.state * a.m + c] = s.z[c];
}

template <int Width, typename T>
__global__ void __launch_bounds__(Threads) kernel(const __grid_constant__ Args a) {
  extern __shared__ __align__(16) char memory[];
  const Shared s(memory, a);
  const Place at(a);
  waitForPrevious();
  letNextStart();
  const float first = a.max[at.state];
  loadState<Width>(a, s, at, first == -INFINITY);
  clearPadding(a, s);
  if (threadIdx.x == 0)
    *s.max = first;
  clusterArrive();
  for (int from = 0; from < a.T; from += a.tokens) {
    const int count = min(a.tokens, a.T - from);
    __syncthreads();
    loadChunk<Width, T>(a, s, at, from, count);
    if (threadIdx.x < 32)
      openGates(a, s, at, from, count);
    __syncthreads();
    weigh(a, s, count);
    __syncthreads();
    read<T>(a, s, at, from, count);
    __syncthreads();
    update(a, s, count);
  }
  clusterWait(); // every block has read z and the maximum
  __syncthreads();
  storeState<Width>(a, s, at);
  if (threadIdx.x == 0 && at.column == 0)
    a.max[at.state] = float(*s.max);
}

template <typename T>
static int run(Args &a, int64_t B, xlstm_dtype type, int64_t chunk, void *stream) {
  const decode::Device device;
  const bool isWide = a.m % 8 == 0 && a.dv % 8 == 0 && a.vStride % 8 == 0 && isAligned(a.q, a.k, a.v, a.S);
  const int strips = int(ceilDiv(a.dv, Columns));
  for (a.blocks = 1; device.hasClusters() && a.blocks < 8 && a.blocks < strips;)
    a.blocks *= 2;
  a.columns = int(ceilDiv(strips, a.blocks)) * Columns;
  if (a.T == 1)
    return step(a, B, type, isWide, stream);
  for (a.tokens = int(std::clamp<int64_t>(std::min(chunk, int64_t(a.T)), 1, MostTokens)); a.tokens > 0; a.tokens /= 2)
    if (const size_t bytes = Shared(nullptr, a).bytes; bytes <= size_t(device.sharedBytes))
      return decode::launchClusters(isWide ? kernel<8, T> : kernel<1, T>, a, dim3(a.H * a.blocks, B), Threads, a.blocks,
                                    bytes, device.hasClusters(), cudaStream_t(stream));
  return cudaErrorInvalidValue;
}

} // namespace mlstm
} // namespace xlstm::cuda

int xlstm_cuda_mlstm(xlstm_dtype type, const void *q, const void *k, const void *v, const float *i, const float *f,
                     float *S, float *z, float *max, void *h, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t m,
                     int64_t dv, int64_t v_stride, int64_t chunk, void *stream) {
  using namespace xlstm::cuda::mlstm;
  constexpr int64_t Most = 1 << 15; // of a width
  if (B < 0 || B > 65535 || T < 0 || T >= (1 << 30) || Hkv < 1 || H < 1 || H > (1 << 20) || H % Hkv || m < 1 ||
      m > Most || dv < 1 || dv > Most || v_stride < Hkv * dv || !i != !f || (type != XLSTM_F32 && type != XLSTM_BF16))
    return cudaErrorInvalidValue;
  if (B == 0 || T == 0)
    return cudaSuccess;
  Args a = {q, k, v, i, f, S, z, max, h, v_stride, int(T), int(H), int(Hkv), int(m), int(dv), 0, 0, 0};
  return type == XLSTM_F32 ? run<float>(a, B, type, chunk, stream) : run<xlstm::cuda::Bf16>(a, B, type, chunk, stream);
}
