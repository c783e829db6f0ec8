//===- Mlstm.cu - matrix memory with state, one token or by chunks ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cluster has one text and head, each of its blocks some columns of S, which stay in shared memory from the first
// token to the last. Within a chunk the method is the CPU's (kernels/cpu/Mlstm.cpp): with F the sum of log f and g = i
// - F, the running maximum is F + top, the weight of token s on t is exp(g_s - top_t), and exponents are formed in
// float64.

#include "kernels/cuda/HybridDecodeLaunch.cuh"
#include "kernels/cuda/Ptx.cuh"
#include "kernels/cuda/Types.cuh"
#include "xlstm/Kernels/CudaSteps.h"

#include <algorithm>
#include <type_traits>

namespace xlstm::cuda {
namespace mlstm {

constexpr int Threads = 256, Warps = Threads / 32;
constexpr int Columns = 32;    // of S at a time, a lane each
constexpr int MostTokens = 32; // of a chunk: a lane of the gates' warp each
constexpr int Each = MostTokens / Warps;

struct Args {
  const void *q, *k, *v;
  const float *i, *f;
  float *S, *z, *max;
  void *h;
  int64_t vStride;
  int T, H, Hkv, m, dv;
  int blocks, columns, tokens; // a cluster; of S a block, a multiple of 32; at most of a chunk
};

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
    take(weights, a.tokens * (MostTokens + 1)), take(z, pitch);
    take(carried, a.tokens), take(added, a.tokens), take(denominator, a.tokens);
    take(keep, 1), take(level, a.tokens), take(top, a.tokens), take(max, 1);
    bytes = used;
  }
};

/// Where a block stands.
struct Place {
  int64_t b, state; // state: [B,H] index
  int head, column; // its first
  __device__ explicit Place(const Args &a)
      : b(blockIdx.y), head(blockIdx.x / unsigned(a.blocks)), column(int(clusterRank()) * a.columns) {
    state = b * a.H + head;
  }
};

/// The floor is far below what any input gate makes up for, and keeps sums exact enough to tell later tokens apart.
__device__ inline double logSigmoid(double x) {
  const double y = x < 0 ? x - log1p(exp(x)) : -log1p(exp(-x));
  return y < -1e6 ? -1e6 : y;
}
/// exp(level - top); nothing weighs anything while the maximum is -inf.
__device__ inline float gateWeight(double level, double top) {
  return top == -INFINITY ? 0.0f : expf(float(level - top));
}

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
  if (t == 0)
    *s.max = next, *s.keep = gateWeight(before, after);
}

template <typename T>
__device__ void loadChunk(const Args &a, const Shared &s, const Place &at, int from, int count) {
  const int lane = threadIdx.x % 32;
  for (int t = threadIdx.x / 32; t < count; t += Warps) {
    const int64_t token = at.b * a.T + from + t, own = (token * a.H + at.head) * a.m;
    const T *q = static_cast<const T *>(a.q) + own, *k = static_cast<const T *>(a.k) + own;
    const T *v = static_cast<const T *>(a.v) + token * a.vStride + at.head / (a.H / a.Hkv) * a.dv + at.column;
    for (int c = lane; c < s.pitch; c += 32) {
      s.q[t * s.pitch + c] = c < a.m ? toFloat(q[c]) : 0.0f;
      s.k[t * s.pitch + c] = c < a.m ? toFloat(k[c]) : 0.0f;
    }
    for (int c = lane; c < a.columns; c += 32)
      s.v[t * a.columns + c] = at.column + c < a.dv ? toFloat(v[c]) : 0.0f;
  }
}

__device__ inline float dot(const float4 &x, const float4 &y) { return x.x * y.x + x.y * y.y + x.z * y.z + x.w * y.w; }
__device__ inline const float4 &four(const float *x) { return *reinterpret_cast<const float4 *>(x); }

/// weights [t,s] = exp(g_s - top_t) q_t . k_s, and the denominators; a warp has tokens t = warp, warp + 8, ...
__device__ inline void weigh(const Args &a, const Shared &s, int count) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  float score[Each] = {}, carried[Each] = {};
  const float *k = s.k + min(lane, count - 1) * s.pitch;
  for (int c = 0; c < a.m; c += 4)
#pragma unroll
    for (int n = 0; n < Each; ++n)
      if (warp + n * Warps < count)
        score[n] += dot(four(s.q + (warp + n * Warps) * s.pitch + c), four(k + c));
  for (int c = lane; c < a.m; c += 32)
#pragma unroll
    for (int n = 0; n < Each; ++n)
      if (warp + n * Warps < count)
        carried[n] += s.q[(warp + n * Warps) * s.pitch + c] * s.z[c];
#pragma unroll
  for (int n = 0; n < Each; ++n) {
    const int t = warp + n * Warps;
    if (t >= count)
      break;
    const float gate = lane <= t ? gateWeight(s.level[lane], s.top[t]) : 0.0f;
    const float weight = gate == 0.0f ? 0.0f : gate * score[n]; // a later token may hold anything
    s.weights[t * (MostTokens + 1) + lane] = weight;
    const float sum = groupSum(weight + s.carried[t] * carried[n]);
    if (lane == 0)
      s.denominator[t] = sum;
  }
}

/// h of the chunk's tokens and the block's columns.
template <typename T>
__device__ void read(const Args &a, const Shared &s, const Place &at, int from, int count) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  for (int column = lane; column < a.columns; column += Columns) {
    float memory[Each] = {}, values[Each] = {};
    for (int c = 0; c < a.m; c += 4) {
      float4 own = {};
      own.x = s.S[c * a.columns + column];
      own.y = c + 1 < a.m ? s.S[(c + 1) * a.columns + column] : 0.0f;
      own.z = c + 2 < a.m ? s.S[(c + 2) * a.columns + column] : 0.0f;
      own.w = c + 3 < a.m ? s.S[(c + 3) * a.columns + column] : 0.0f;
#pragma unroll
      for (int n = 0; n < Each; ++n)
        if (warp + n * Warps < count)
          memory[n] += dot(four(s.q + (warp + n * Warps) * s.pitch + c), own);
    }
    for (int j = 0; j < count; ++j)
#pragma unroll
      for (int n = 0; n < Each; ++n)
        if (warp + n * Warps < count)
          values[n] += s.weights[(warp + n * Warps) * (MostTokens + 1) + j] * s.v[j * a.columns + column];
#pragma unroll
    for (int n = 0; n < Each; ++n)
      if (const int t = warp + n * Warps; t < count && at.column + column < a.dv)
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

/// The block's columns of S, and z, between memory and shared memory; none is read while the maximum is -inf.
template <bool IsLoad>
__device__ void moveState(const Args &a, const Shared &s, const Place &at, bool isEmpty) {
  const int lane = threadIdx.x % 32;
  for (int c = threadIdx.x / 32; c < a.m; c += Warps)
    for (int column = lane; column < a.columns; column += Columns) {
      float &own = s.S[c * a.columns + column];
      float *state = a.S + (at.state * a.m + c) * a.dv + at.column + column;
      const bool is = at.column + column < a.dv;
      if (IsLoad)
        own = is && !isEmpty ? *state : 0.0f;
      else if (is)
        *state = own;
    }
  for (int c = threadIdx.x; c < a.m; c += Threads) {
    if (IsLoad)
      s.z[c] = isEmpty ? 0.0f : a.z[at.state * a.m + c];
    else if (at.column == 0)
      a.z[at.state * a.m + c] = s.z[c];
  }
}

template <typename T>
__global__ void __launch_bounds__(Threads) kernel(const __grid_constant__ Args a) {
  extern __shared__ __align__(16) char memory[];
  const Shared s(memory, a);
  const Place at(a);
  waitForPrevious();
  letNextStart();
  const float first = a.max[at.state];
  moveState<true>(a, s, at, first == -INFINITY);
  if (threadIdx.x == 0)
    *s.max = first;
  clusterArrive();
  for (int from = 0; from < a.T; from += a.tokens) {
    const int count = min(a.tokens, a.T - from);
    __syncthreads();
    loadChunk<T>(a, s, at, from, count);
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
  moveState<false>(a, s, at, false);
  if (threadIdx.x == 0 && at.column == 0)
    a.max[at.state] = float(*s.max);
}

template <typename T>
static int run(Args &a, int64_t B, int64_t chunk, void *stream) {
  const decode::Device device;
  const int strips = int(ceilDiv(a.dv, Columns));
  for (a.blocks = 1; device.hasClusters() && a.blocks < 8 && a.blocks < strips;)
    a.blocks *= 2;
  a.columns = int(ceilDiv(strips, a.blocks)) * Columns;
  for (a.tokens = int(std::clamp<int64_t>(std::min(chunk, int64_t(a.T)), 1, MostTokens)); a.tokens > 0; a.tokens /= 2)
    if (const size_t bytes = Shared(nullptr, a).bytes; bytes <= size_t(device.sharedBytes))
      return decode::launchClusters(kernel<T>, a, dim3(a.H * a.blocks, B), Threads, a.blocks, bytes,
                                    device.hasClusters(), cudaStream_t(stream));
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
  return type == XLSTM_F32 ? run<float>(a, B, chunk, stream) : run<xlstm::cuda::Bf16>(a, B, chunk, stream);
}
