//===- HybridFastScans.cu - from states' gradients to the gates' ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/HybridFast.cuh"
#include "kernels/cuda/HybridTiles.cuh"

using namespace xlstm::cuda;
using namespace xlstm::cuda::tiles;

namespace {

constexpr int Threads = 128;

struct Arguments {
  Problem p;
  Gates gates;
  fast::HalfStates states, gradients;
  const float *dS1, *dz1; // of the last state, null: zero
  float *dS0, *dz0;       // of the first
  float *products;        // [B,H,chunks,warps of a head]
};

/// Where a warp leaves its part of <S, dS> behind chunk c.
__device__ void leave(const Arguments &x, int64_t head, int c, float part) {
  int warps = gridDim.x * (Threads / 32), warp = blockIdx.x * (Threads / 32) + threadIdx.x / 32;
  part = warpSum(part);
  if (threadIdx.x % 32 == 0)
    x.products[(head * x.p.chunks + c) * warps + warp] = part;
}

/// z's gradient of one head: a block of d threads and more.
__device__ void scanNorms(const Arguments &x, int64_t head) {
  constexpr int Step = 16;
  int n = min(static_cast<int>(threadIdx.x), x.p.d - 1), chunks = x.p.chunks;
  bool valid = threadIdx.x < x.p.d;
  float gradient = x.dz1 ? x.dz1[head * x.p.d + n] : 0;
  for (int from = chunks - 1; from >= 0; from -= Step) {
    float added[Step], behind[Step], keep[Step];
#pragma unroll
    for (int s = 0; s < Step; ++s) {
      int c = max(from - s, 0);
      added[s] = x.gradients.z[(head * chunks + c) * x.p.d + n], keep[s] = x.gates.keep[head * chunks + c];
      behind[s] = x.states.z[(head * chunks + min(c + 1, chunks - 1)) * x.p.d + n];
    }
#pragma unroll
    for (int s = 0; s < Step; ++s) {
      int c = from - s;
      if (c < 0)
        break;
      leave(x, head, c, valid && c + 1 < chunks ? behind[s] * gradient : 0);
      if (valid)
        x.gradients.z[(head * chunks + c) * x.p.d + n] = gradient;
      gradient = keep[s] * gradient + added[s];
    }
  }
  if (valid && x.dz0)
    x.dz0[head * x.p.d + n] = gradient;
}

/// From the row's end: a thread carries eight cells of S's gradient over all chunks, some chunks' loads under way at a
/// time; a head's last block has z. Beside it the products with the states.
__global__ void __launch_bounds__(Threads, 5) scanCells(const __grid_constant__ Arguments x) {
  constexpr int Step = 4;
  using Eight = Vec<Bf16, 8>;
  int64_t head = static_cast<int64_t>(blockIdx.z) * x.p.H + blockIdx.y;
  if (blockIdx.x + 1 == gridDim.x)
    return scanNorms(x, head);
  int area = x.p.d * x.p.d, chunks = x.p.chunks, n = (blockIdx.x * Threads + threadIdx.x) * 8;
  bool valid = n < area;
  n = valid ? n : 0;
  float gradient[8] = {};
  if (x.dS1)
    loadFloats(x.dS1 + head * area + n, gradient);
  auto cells = [&](const fast::HalfStates &of, int c) {
    return reinterpret_cast<Eight *>(of.S + (head * chunks + c) * area + n);
  };
  for (int from = chunks - 1; from >= 0; from -= Step) {
    Eight added[Step], behind[Step];
#pragma unroll
    for (int s = 0; s < Step; ++s) {
      int c = max(from - s, 0);
      added[s] = *cells(x.gradients, c), behind[s] = *cells(x.states, min(c + 1, chunks - 1));
    }
#pragma unroll
    for (int s = 0; s < Step; ++s) {
      int c = from - s;
      if (c < 0)
        break;
      float keep = x.gates.keep[head * chunks + c], product = 0;
      Eight stored;
#pragma unroll
      for (int e = 0; e < 8; ++e) {
        product += toFloat(behind[s].at[e]) * gradient[e];
        stored.at[e] = fromFloat<Bf16>(gradient[e]);
        gradient[e] = keep * gradient[e] + toFloat(added[s].at[e]);
      }
      if (valid)
        *cells(x.gradients, c) = stored;
      leave(x, head, c, valid && c + 1 < chunks ? product : 0);
    }
  }
  if (valid && x.dS0)
    storeFloats(x.dS0 + head * area + n, gradient);
}

/// One warp a chunk of one head: the state's product with its gradient behind it, then the sums over its keys from the
/// end.
__global__ void __launch_bounds__(Threads) chunkGates(Problem p, const float *products, int warps, const float *f,
                                                      const float *da, const float *final, float *di, float *df) {
  int c = blockIdx.x * (Threads / 32) + threadIdx.x / 32, h = blockIdx.y, b = blockIdx.z, lane = threadIdx.x % 32;
  if (c >= p.chunks)
    return;
  int64_t head = static_cast<int64_t>(b) * p.H + h, at = head * p.chunks + c;
  double part = 0;
  for (int w = lane; w < warps; w += 32)
    part += products[at * warps + w];
  double carried = warpSum(part) + (c + 1 == p.chunks && final ? final[head] : 0);
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

dim3 cellGrid(const Problem &p) { return dim3(ceilDiv(p.d * p.d / 8, Threads) + 1, p.H, p.B); }

} // namespace

float *fast::takeProducts(Arena &arena, const Problem &p) {
  return arena.take<float>(static_cast<int64_t>(p.B) * p.H * p.chunks * cellGrid(p).x * (Threads / 32));
}

cudaError_t fast::scanHalfGradients(const Problem &p, const Gates &gates, const HalfStates &states,
                                    const HalfStates &gradients, const float *dS1, const float *dz1, float *dS0,
                                    float *dz0, float *products, cudaStream_t stream) {
  Arguments x{p, gates, states, gradients, dS1, dz1, dS0, dz0, products};
  return launch(scanCells, cellGrid(p), Threads, 0, stream, x);
}

cudaError_t fast::gateGradients(const Problem &p, const float *products, const float *da, const float *f,
                                const float *final, float *di, float *df, cudaStream_t stream) {
  return launch(chunkGates, dim3(ceilDiv(p.chunks, Threads / 32), p.H, p.B), Threads, 0, stream, p, products,
                static_cast<int>(cellGrid(p).x) * (Threads / 32), f, da, final, di, df);
}
