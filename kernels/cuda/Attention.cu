//===- Attention.cu - attention through a ring of keys: plan and C ABI -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/Attention.cuh"
#include "kernels/cuda/Launch.cuh"
#include "xlstm/Kernels/CudaSteps.h"

#include <algorithm>

namespace xlstm::cuda {
namespace attention {

/// The last tokens of the call into the ring, the text's first ones into the sinks: block (n, b).
template <typename T>
__global__ void rememberKernel(const __grid_constant__ Args a) {
  waitForPrevious();
  letNextStart();
  const int kept = min(a.T, a.W), n = blockIdx.x;
  const bool inRing = n < kept;
  for (int head = 0; head < a.Hkv; ++head)
    remember<T>(a, blockIdx.y, head, inRing ? a.T - kept + n : n - kept, inRing, !inRing);
}

/// h of a row from the sums of the blocks that shared its keys: block (row, head, b).
template <typename T>
__global__ void combineKernel(const __grid_constant__ Args a) {
  __shared__ float share[MostSplits];
  waitForPrevious();
  letNextStart();
  const int64_t part = ((int64_t(blockIdx.z) * a.Hkv + blockIdx.y) * a.rows() + blockIdx.x) * a.splits;
  const int lane = threadIdx.x;
  if (lane < 32) {
    constexpr int Each = MostSplits / 32;
    float2 own[Each];
    float top = -INFINITY, total = 0;
#pragma unroll
    for (int n = 0; n < Each; ++n) {
      own[n] = lane + 32 * n < a.splits ? a.weights[part + lane + 32 * n] : float2{-INFINITY, 0};
      top = fmaxf(top, own[n].x);
    }
    top = groupMax(top); // finite: a row sees its own key
#pragma unroll
    for (int n = 0; n < Each; ++n)
      own[n].x = exp2f(own[n].x - top), total += own[n].x * own[n].y;
    total = groupSum(total);
#pragma unroll
    for (int n = 0; n < Each; ++n)
      share[lane + 32 * n] = own[n].x / total;
  }
  __syncthreads();
  const int t = blockIdx.x / a.group, head = blockIdx.y * a.group + blockIdx.x - t * a.group;
  T *h = static_cast<T *>(a.h) + ((int64_t(blockIdx.z) * a.T + t) * a.H + head) * a.dv;
  for (int c = threadIdx.x; c < a.dv; c += blockDim.x) {
    float sum = 0;
#pragma unroll 8
    for (int s = 0; s < a.splits; ++s)
      sum += share[s] * a.out[(part + s) * a.dv + c];
    h[c] = fromFloat<T>(sum);
  }
}

/// How a call's work is divided. The same on every card and for every way to compute it: a workspace is asked for once.
struct Plan {
  bool isSplit = false;
  int splits = 1;

  Plan(int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t W, int64_t S) {
    constexpr int64_t Few = 132, Wanted = 512,
                      LeastKeys = 64; // blocks: less than an H100 has room for; what keeps it busy
    const int64_t rows = T * H / Hkv, pairs = B * Hkv;
    isSplit = rows <= TileRows || ceilDiv(rows, 4 * TileRows) * pairs < Few;
    if (isSplit)
      splits = int(std::clamp<int64_t>(
          std::min(Wanted / (ceilDiv(rows, TileRows) * pairs), ceilDiv(W + S + T, LeastKeys)), 1, MostSplits));
  }
  size_t outBytes(int64_t B, int64_t T, int64_t H, int64_t dv) const { return size_t(B * T * H) * splits * dv * 4; }
};

static bool isSupported(int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t d, int64_t dv, int64_t W, int64_t S) {
  constexpr int64_t Most = 1 << 30;
  return B >= 0 && B < 65536 && T >= 0 && Hkv > 0 && Hkv < 65536 && H > 0 && H < Most && H % Hkv == 0 && d > 0 &&
         dv > 0 && d < 65536 && dv < 65536 && W > 0 && W < Most && S >= 0 && S < Most && T * (H / Hkv) < Most &&
         W + S + T < Most;
}

static bool isFast(const Args &a, xlstm_dtype type) {
  const bool isWide = a.d % 8 == 0 && a.dv % 8 == 0 && a.d <= 256 && a.dv <= 256;
  const bool isStrided = a.qStride % 8 == 0 && a.kStride % 8 == 0 && a.vStride % 8 == 0;
  return type == XLSTM_BF16 && isWide && isStrided && isAligned(a.q) && isAligned(a.k) && isAligned(a.v);
}

template <typename T>
static cudaError_t finish(const Args &a, void *stream) {
  const dim3 rows(a.rows(), a.Hkv, a.B);
  if (a.splits > 1)
    if (cudaError_t error = launchEarly(combineKernel<T>, rows, a.dv <= 64 ? 64 : 128, 0, stream, a))
      return error;
  return a.T == 1
             ? cudaSuccess
             : launchEarly(rememberKernel<T>, dim3(std::min(a.T, a.W) + std::min(a.T, a.S), a.B), 128, 0, stream, a);
}

} // namespace attention
} // namespace xlstm::cuda

using namespace xlstm::cuda;
using namespace xlstm::cuda::attention;

size_t xlstm_cuda_attention_workspace(xlstm_dtype, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t d, int64_t dv,
                                      int64_t W, int64_t S) {
  if (!isSupported(B, T, H, Hkv, d, dv, W, S))
    return 0;
  const Plan plan(B, T, H, Hkv, W, S);
  return plan.splits == 1 ? 0 : plan.outBytes(B, T, H, dv) + size_t(B * T * H) * plan.splits * sizeof(float2);
}

int xlstm_cuda_attention(xlstm_dtype type, const void *q, const void *k, const void *v, const int32_t *pos,
                         void *ring_k, void *ring_v, void *sink_k, void *sink_v, void *h, int64_t B, int64_t T,
                         int64_t H, int64_t Hkv, int64_t d, int64_t dv, int64_t W, int64_t S, int64_t q_stride,
                         int64_t k_stride, int64_t v_stride, float scale, void *workspace, void *stream) {
  if (!isSupported(B, T, H, Hkv, d, dv, W, S) || q_stride < H * d || k_stride < Hkv * d || v_stride < Hkv * dv ||
      (type != XLSTM_F32 && type != XLSTM_BF16))
    return cudaErrorInvalidValue;
  if (B == 0 || T == 0)
    return cudaSuccess;
  const Plan plan(B, T, H, Hkv, W, S);
  constexpr float Log2E = 1.442695041f;
  Args a = {q,       k,        v,        pos,           ring_k,      ring_v,  sink_k,   sink_v,       h,
            B,       q_stride, k_stride, v_stride,      int(T),      int(H),  int(Hkv), int(H / Hkv), int(d),
            int(dv), int(W),   int(S),   scale * Log2E, plan.splits, nullptr, nullptr};
  if (plan.splits > 1) {
    a.out = static_cast<float *>(workspace);
    a.weights = reinterpret_cast<float2 *>(static_cast<char *>(workspace) + plan.outBytes(B, T, H, dv));
  }
  if (cudaError_t error = isFast(a, type) ? attendFast(a, plan.isSplit, stream) : attendPlain(a, type, stream))
    return error;
  return type == XLSTM_F32 ? finish<float>(a, stream) : finish<Bf16>(a, stream);
}
