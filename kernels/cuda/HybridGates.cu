//===- HybridGates.cu - scans over gates and chunk states -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/HybridGates.cuh"

using namespace xlstm::cuda;

Gates xlstm::cuda::takeGates(Arena &arena, const Problem &p) {
  int64_t tokens = static_cast<int64_t>(p.B) * p.H * p.T, chunks = static_cast<int64_t>(p.B) * p.H * p.chunks;
  Gates gates;
  gates.a = arena.take<double>(tokens);
  gates.top = arena.take<double>(tokens);
  gates.mIn = arena.take<double>(chunks + static_cast<int64_t>(p.B) * p.H);
  gates.sum = arena.take<double>(chunks);
  gates.last = arena.take<double>(chunks);
  gates.keep = arena.take<float>(chunks);
  gates.add = arena.take<float>(chunks);
  return gates;
}

States xlstm::cuda::takeStates(Arena &arena, const Problem &p) {
  int64_t rows = static_cast<int64_t>(p.B) * p.H * p.chunks * p.d;
  return {arena.take<float>(rows * p.d), arena.take<float>(rows)};
}

namespace {

__device__ double logSigmoid(double x) { return x < 0 ? x - log1p(exp(x)) : -log1p(exp(-x)); }

/// One warp a chunk of one head, `Each` tokens in a row a lane.
template <int Each>
__global__ void scanInChunk(Problem p, Gates gates, const float *i, const float *f) {
  int lane = threadIdx.x % 32, c = blockIdx.x, h = blockIdx.y * (blockDim.x / 32) + threadIdx.x / 32, b = blockIdx.z;
  if (h >= p.H)
    return;
  int64_t head = static_cast<int64_t>(b) * p.H + h;
  int first = c * p.chunk + lane * Each;
  double sum[Each], a[Each], total = 0;
  float input[Each], forget[Each];
  bool fresh[Each];
#pragma unroll
  for (int n = 0; n < Each; ++n) {
    int64_t gate = p.gate(b, min(first + n, p.T - 1), h);
    input[n] = i[gate], forget[n] = f[gate];
  }
#pragma unroll
  for (int n = 0; n < Each; ++n) {
    total += first + n < p.T ? logSigmoid(forget[n]) : 0;
    sum[n] = total;
  }
  double before = total;
  for (int step = 1; step < 32; step *= 2) {
    double other = __shfl_up_sync(FullWarp, before, step);
    before += lane >= step ? other : 0;
  }
  double all = __shfl_sync(FullWarp, before, 31);
  before -= total;
  double top = -INFINITY;
  bool reset = false;
  for (int n = 0; n < Each; ++n) {
    int t = first + n;
    a[n] = t < p.T ? input[n] - (before + sum[n]) : -INFINITY;
    fresh[n] = t < p.T && p.start(b, t) == t;
    reset |= fresh[n];
    top = fresh[n] ? a[n] : fmax(top, a[n]);
  }
  // Maximum over everything to the left that no document border cuts off.
  double left = top;
  int cut = reset;
  for (int step = 1; step < 32; step *= 2) {
    double otherTop = __shfl_up_sync(FullWarp, left, step);
    int otherCut = __shfl_up_sync(FullWarp, cut, step);
    if (lane >= step && !cut) {
      left = fmax(left, otherTop);
      cut = otherCut;
    }
  }
  double last = __shfl_sync(FullWarp, left, 31);
  left = __shfl_up_sync(FullWarp, left, 1);
  top = lane ? left : -INFINITY;
  for (int n = 0; n < Each; ++n) {
    top = fresh[n] ? a[n] : fmax(top, a[n]);
    if (first + n < p.T) {
      gates.a[head * p.T + first + n] = a[n];
      gates.top[head * p.T + first + n] = top;
    }
  }
  if (lane == 0) {
    gates.sum[head * p.chunks + c] = all;
    gates.last[head * p.chunks + c] = last;
  }
}

/// One warp a head: m' = max(m, last) + sum over the chunks, which composes.
__global__ void scanMaxima(Problem p, Gates gates, const float *m0) {
  int lane = threadIdx.x, b = blockIdx.y;
  int64_t head = static_cast<int64_t>(b) * p.H + blockIdx.x;
  double m = m0 ? m0[head] : -INFINITY, *mIn = gates.mIn + head * (p.chunks + 1);
  if (lane == 0)
    mIn[0] = m;
  for (int from = 0; from < p.chunks; from += 32) {
    int c = from + lane;
    bool valid = c < p.chunks;
    double own = valid ? gates.sum[head * p.chunks + c] : 0, last = valid ? gates.last[head * p.chunks + c] : -INFINITY;
    bool cut = valid && p.start(b, min((c + 1) * p.chunk, p.T) - 1) >= c * p.chunk;
    double sum = cut ? -INFINITY : own, top = valid ? last + own : -INFINITY;
    for (int step = 1; step < 32; step *= 2) {
      double otherSum = __shfl_up_sync(FullWarp, sum, step), otherTop = __shfl_up_sync(FullWarp, top, step);
      if (lane >= step) {
        top = fmax(otherTop + sum, top);
        sum += otherSum;
      }
    }
    double after = fmax(m + sum, top), before = __shfl_up_sync(FullWarp, after, 1);
    before = lane ? before : m;
    if (valid) {
      mIn[c + 1] = after;
      double carried = cut ? -INFINITY : before, frame = fmax(carried, last);
      gates.keep[head * p.chunks + c] = static_cast<float>(exp(carried - frame));
      gates.add[head * p.chunks + c] = static_cast<float>(exp(last - frame));
    }
    m = __shfl_sync(FullWarp, after, 31);
  }
}

/// Element `n` of a head's S, or of its z behind it, with the distance from chunk to chunk.
struct Cell {
  float *first;
  int64_t stride;
  __device__ Cell(const Problem &p, const States &states, int64_t head, int n) {
    int area = p.d * p.d;
    stride = n < area ? area : p.d;
    first = n < area ? states.S + head * p.chunks * area + n : states.z + head * p.chunks * p.d + n - area;
  }
};

__device__ float *stateCell(const Problem &p, float *S, float *z, int64_t head, int n) {
  int area = p.d * p.d;
  return n < area ? (S ? S + head * area + n : nullptr) : (z ? z + head * p.d + n - area : nullptr);
}

__global__ void scanForward(Problem p, Gates gates, States states, const float *S0, const float *z0, float *S1,
                            float *z1, float *m1) {
  int n = blockIdx.x * blockDim.x + threadIdx.x;
  int64_t head = static_cast<int64_t>(blockIdx.z) * p.H + blockIdx.y;
  if (n == 0 && m1)
    m1[head] = static_cast<float>(gates.mIn[head * (p.chunks + 1) + p.chunks]);
  if (n >= p.d * p.d + p.d)
    return;
  const float *initial = stateCell(p, const_cast<float *>(S0), const_cast<float *>(z0), head, n);
  Cell cell(p, states, head, n);
  bool empty = gates.mIn[head * (p.chunks + 1)] == -INFINITY; // what stands in an empty state is never read
  float state = initial && !empty ? *initial : 0;
  for (int c = 0; c < p.chunks; ++c) {
    float *at = cell.first + c * cell.stride, added = *at;
    *at = state;
    state = gates.keep[head * p.chunks + c] * state + gates.add[head * p.chunks + c] * added;
  }
  if (float *result = stateCell(p, S1, z1, head, n))
    *result = state;
}

__global__ void scanBackward(Problem p, Gates gates, States states, const float *dS1, const float *dz1, float *dS0,
                             float *dz0) {
  int n = blockIdx.x * blockDim.x + threadIdx.x;
  int64_t head = static_cast<int64_t>(blockIdx.z) * p.H + blockIdx.y;
  if (n >= p.d * p.d + p.d)
    return;
  const float *final = stateCell(p, const_cast<float *>(dS1), const_cast<float *>(dz1), head, n);
  Cell cell(p, states, head, n);
  float gradient = final ? *final : 0;
  for (int c = p.chunks; c-- > 0;) {
    float *at = cell.first + c * cell.stride, added = *at;
    *at = gradient;
    gradient = gates.keep[head * p.chunks + c] * gradient + added;
  }
  if (float *result = stateCell(p, dS0, dz0, head, n))
    *result = gradient;
}

/// One block a head, a fixed order of summation.
__global__ void productOfStates(Problem p, const float *S, const float *z, const float *m, const float *dS,
                                const float *dz, float *total) {
  __shared__ double partial[32];
  int64_t head = static_cast<int64_t>(blockIdx.y) * p.H + blockIdx.x;
  double sum = 0;
  if (m && m[head] == -INFINITY)
    S = nullptr;
  for (int n = threadIdx.x; S && n < p.d * p.d; n += blockDim.x)
    sum += static_cast<double>(S[head * p.d * p.d + n]) * dS[head * p.d * p.d + n];
  for (int n = threadIdx.x; S && n < p.d; n += blockDim.x)
    sum += static_cast<double>(z[head * p.d + n]) * dz[head * p.d + n];
  sum = warpSum(sum);
  if (threadIdx.x % 32 == 0)
    partial[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x < 32) {
    sum = warpSum(threadIdx.x < blockDim.x / 32 ? partial[threadIdx.x] : 0.0);
    if (threadIdx.x == 0)
      total[head] = static_cast<float>(sum);
  }
}

/// One warp a head, from the row's end: dlogf_s = final - sum of da_j over j >= s of the document, whose first token
/// has nothing to forget.
__global__ void gateGradientScan(Problem p, const float *f, const float *da, const float *final, float *di, float *df) {
  int lane = threadIdx.x, h = blockIdx.x, b = blockIdx.y;
  int64_t head = static_cast<int64_t>(b) * p.H + h;
  double carried = final ? final[head] : 0;
  for (int from = (p.T - 1) / 32 * 32; from >= 0; from -= 32) {
    int t = from + lane;
    float own = t < p.T ? da[head * p.T + t] : 0;
    double sum = -own;
    int cut = t + 1 < p.T && p.start(b, t + 1) == t + 1; // nothing from behind the document's last token
    for (int step = 1; step < 32; step *= 2) {
      double other = __shfl_down_sync(FullWarp, sum, step);
      int otherCut = __shfl_down_sync(FullWarp, cut, step);
      if (lane + step < 32 && !cut) {
        sum += other;
        cut = otherCut;
      }
    }
    if (!cut)
      sum += carried;
    if (t < p.T) {
      float x = f[p.gate(b, t, h)];
      if (df)
        df[p.gate(b, t, h)] = p.start(b, t) == t ? 0 : static_cast<float>(sum / (1 + exp(static_cast<double>(x))));
      if (di)
        di[p.gate(b, t, h)] = own;
    }
    carried = __shfl_sync(FullWarp, sum, 0);
  }
}

} // namespace

cudaError_t xlstm::cuda::scanGates(const Problem &p, const Gates &gates, const float *i, const float *f,
                                   const float *m0, cudaStream_t stream) {
  dim3 grid(p.chunks, ceilDiv(p.H, 4), p.B);
  auto *kernel = p.chunk == 64 ? scanInChunk<2> : scanInChunk<4>;
  XLSTM_CUDA_TRY(launch(kernel, grid, 128, 0, stream, p, gates, i, f));
  return launch(scanMaxima, dim3(p.H, p.B), 32, 0, stream, p, gates, m0);
}

cudaError_t xlstm::cuda::scanStates(const Problem &p, const Gates &gates, const States &states, const float *S0,
                                    const float *z0, float *S1, float *z1, float *m1, cudaStream_t stream) {
  dim3 grid(ceilDiv(p.d * p.d + p.d, 256), p.H, p.B);
  return launch(scanForward, grid, 256, 0, stream, p, gates, states, S0, z0, S1, z1, m1);
}

cudaError_t xlstm::cuda::scanStateGradients(const Problem &p, const Gates &gates, const States &gradients,
                                            const float *dS1, const float *dz1, float *dS0, float *dz0,
                                            cudaStream_t stream) {
  dim3 grid(ceilDiv(p.d * p.d + p.d, 256), p.H, p.B);
  return launch(scanBackward, grid, 256, 0, stream, p, gates, gradients, dS1, dz1, dS0, dz0);
}

cudaError_t xlstm::cuda::stateProduct(const Problem &p, const float *S, const float *z, const float *m, const float *dS,
                                      const float *dz, float *total, cudaStream_t stream) {
  return launch(productOfStates, dim3(p.H, p.B), 256, 0, stream, p, S, z, m, dS, dz, total);
}

cudaError_t xlstm::cuda::gateGradients(const Problem &p, const float *f, const float *da, const float *final, float *di,
                                       float *df, cudaStream_t stream) {
  return launch(gateGradientScan, dim3(p.H, p.B), 32, 0, stream, p, f, da, final, di, df);
}
