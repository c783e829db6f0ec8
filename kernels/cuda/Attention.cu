//===- Attention.cu - attention through a ring of keys: plan and C ABI -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/Attention.cuh"
#include "kernels/cuda/Launch.cuh"
#include "xlstm/Kernels/Cuda.h"

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

/// h of a row from the sums of the blocks that shared its keys: block (row, head, b). A warp adds every eighth one's,
/// of which a lane has every 32nd channel; loads of 16 parts of 128 channels are under way at once.
template <typename T>
__global__ void __launch_bounds__(256) combineKernel(const __grid_constant__ Args a) {
  constexpr int Warps = 8, Each = 16, Wide = 4, Lots = MostSplits / 32;
  __shared__ float sums[Warps][32 * Wide];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  waitForPrevious();
  letNextStart();
  const int64_t part = ((int64_t(blockIdx.z) * a.Hkv + blockIdx.y) * a.rows() + blockIdx.x) * a.splits;
  float share[Lots], top = -INFINITY, total = 0;
  float2 own[Lots];
#pragma unroll
  for (int n = 0; n < Lots; ++n) {
    own[n] = lane + 32 * n < a.splits ? a.weights[part + lane + 32 * n] : float2{-INFINITY, 0};
    top = fmaxf(top, own[n].x);
  }
  top = groupMax(top); // finite: a row sees its own key
#pragma unroll
  for (int n = 0; n < Lots; ++n)
    share[n] = exp2f(own[n].x - top), total += share[n] * own[n].y;
  const float scale = 1.0f / groupSum(total);
  const int t = blockIdx.x / a.group, head = blockIdx.y * a.group + blockIdx.x - t * a.group;
  T *h = static_cast<T *>(a.h) + ((int64_t(blockIdx.z) * a.T + t) * a.H + head) * a.dv;
  for (int from = 0; from < a.dv; from += 32 * Wide) {
    float sum[Wide] = {};
#pragma unroll
    for (int first = 0; first < MostSplits / Warps; first += Each) {
      if (first * Warps >= a.splits)
        break;
      float values[Each][Wide];
#pragma unroll
      for (int n = 0; n < Each; ++n)
#pragma unroll
        for (int c = 0; c < Wide; ++c) {
          const int split = warp + (first + n) * Warps, channel = from + lane + 32 * c;
          values[n][c] = split < a.splits && channel < a.dv ? a.out[(part + split) * a.dv + channel] : 0.0f;
        }
#pragma unroll
      for (int n = 0; n < Each; ++n) {
        const float weight = __shfl_sync(~0u, share[(first + n) / 4], warp + n % 4 * Warps);
#pragma unroll
        for (int c = 0; c < Wide; ++c)
          sum[c] += weight * values[n][c];
      }
    }
    __syncthreads();
#pragma unroll
    for (int c = 0; c < Wide; ++c)
      sums[warp][lane + 32 * c] = sum[c];
    __syncthreads();
    if (const int c = threadIdx.x; c < 32 * Wide && from + c < a.dv) {
      float all = 0;
#pragma unroll
      for (int n = 0; n < Warps; ++n)
        all += sums[n][c];
      h[from + c] = fromFloat<T>(all * scale);
    }
  }
}

/// How a call's work is divided. The same on every card and for every way to compute it: a workspace is asked for once.
struct Plan {
  bool isFew = false; // rows: AttentionKeys.cu
  int splits = 1;

  /// For `planned` texts, of those that a call has.
  Plan(int64_t planned, int64_t T, int64_t H, int64_t Hkv, int64_t d, int64_t dv, int64_t W, int64_t S) {
    constexpr int64_t Processors = 132, LeastKeys = 64; // an H100's; what a block's warps have at once
    constexpr int64_t ManyKeys = 1024;                  // that are worth a way through shared memory
    const int64_t rows = T * H / Hkv, pairs = planned * Hkv, blocks = ceilDiv(rows, 4 * TileRows) * pairs, keys = W + S + T,
                  wide = std::max(d, dv);
    isFew = rows <= TileRows || (blocks < Processors && keys < ManyKeys) || rows < 4 * TileRows;
    if (!isFew && blocks >= Processors)
      return;
    const int64_t tiles = isFew ? ceilDiv(rows, TileRows) * pairs : blocks;
    // Blocks that run at the same time: what the fast kernel's registers leave room for.
    const int64_t room = (!isFew                     ? (wide <= 128 ? 2 : 1)
                          : wide <= 64               ? 4
                          : wide <= 128 && rows <= 8 ? 3
                                                     : 2) *
                         Processors;
    const int64_t most = std::min<int64_t>(ceilDiv(keys, isFew ? LeastKeys : 4 * LeastKeys), MostSplits);
    auto idle = [&](int64_t count) { return ceilDiv(tiles * count, room) * room * 8 > tiles * count * 9; };
    int64_t count = std::max<int64_t>(room / tiles, 1);
    if (count < 4) // few turns: the last one had better be full
      for (int64_t n = 1; n <= 4; ++n)
        if (!idle(n)) {
          count = n;
          break;
        }
    splits = int(std::clamp<int64_t>(count, 1, most));
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
  return type == XLSTM_BF16 && isWide && isStrided && isAligned(a.q, a.k, a.v, a.h, a.ringK, a.ringV, a.sinkK, a.sinkV);
}

template <typename T>
static cudaError_t finish(const Args &a, void *stream) {
  const dim3 rows(a.rows(), a.Hkv, a.B);
  if (a.splits > 1)
    if (cudaError_t error = launchEarly(combineKernel<T>, rows, 256, 0, stream, a))
      return error;
  return a.T == 1
             ? cudaSuccess
             : launchEarly(rememberKernel<T>, dim3(std::min(a.T, a.W) + std::min(a.T, a.S), a.B), 128, 0, stream, a);
}

} // namespace attention
} // namespace xlstm::cuda

using namespace xlstm::cuda;
using namespace xlstm::cuda::attention;

static size_t workspaceOf(const Plan &plan, int64_t B, int64_t T, int64_t H, int64_t dv) {
  return plan.splits == 1 ? 0 : plan.outBytes(B, T, H, dv) + size_t(B * T * H) * plan.splits * sizeof(float2);
}

size_t xlstm_cuda_attention_workspace(xlstm_dtype, int64_t B, int64_t T, int64_t H, int64_t Hkv, int64_t d, int64_t dv,
                                      int64_t W, int64_t S) {
  if (!isSupported(B, T, H, Hkv, d, dv, W, S))
    return 0;
  size_t most = 0; // of texts that are rows, and of such that are apart
  for (int64_t planned : {B, B <= FewTexts ? 1 : B})
    most = std::max(most, workspaceOf(Plan(planned, T, H, Hkv, d, dv, W, S), B, T, H, dv));
  return most;
}

int xlstm_cuda_attention_apart(xlstm_dtype type, const void *q, const void *k, const void *v, const int32_t *pos,
                               void *ring_k, void *ring_v, void *sink_k, void *sink_v, void *h, int64_t B, int64_t T,
                               int64_t H, int64_t Hkv, int64_t d, int64_t dv, int64_t W, int64_t S, int64_t q_stride,
                               int64_t k_stride, int64_t v_stride, float scale, const int64_t *apart, void *workspace,
                               void *stream) {
  if (!isSupported(B, T, H, Hkv, d, dv, W, S) || q_stride < H * d || k_stride < Hkv * d || v_stride < Hkv * dv ||
      (type != XLSTM_F32 && type != XLSTM_BF16))
    return cudaErrorInvalidValue;
  if (B == 0 || T == 0)
    return cudaSuccess;
  const Plan plan(plannedTexts(B, apart), T, H, Hkv, d, dv, W, S);
  constexpr float Log2E = 1.442695041f;
  Args a = {q,        k,        v,      pos,    ring_k, ring_v,           sink_k,  sink_v, h,      B,           q_stride,
            k_stride, v_stride, int(T), int(H), int(Hkv), int(H / Hkv),   int(d),  int(dv), int(W), int(S),
            scale * Log2E, plan.splits, nullptr, nullptr, apart};
  if (plan.splits > 1) {
    a.out = static_cast<float *>(workspace);
    a.weights = reinterpret_cast<float2 *>(static_cast<char *>(workspace) + plan.outBytes(B, T, H, dv));
  }
  if (cudaError_t error = !isFast(a, type) ? attendPlain(a, type, stream)
                          : plan.isFew     ? attendKeys(a, stream)
                                           : attendRows(a, stream))
    return error;
  return type == XLSTM_F32 ? finish<float>(a, stream) : finish<Bf16>(a, stream);
}

int xlstm_cuda_attention(xlstm_dtype type, const void *q, const void *k, const void *v, const int32_t *pos,
                         void *ring_k, void *ring_v, void *sink_k, void *sink_v, void *h, int64_t B, int64_t T,
                         int64_t H, int64_t Hkv, int64_t d, int64_t dv, int64_t W, int64_t S, int64_t q_stride,
                         int64_t k_stride, int64_t v_stride, float scale, void *workspace, void *stream) {
  return xlstm_cuda_attention_apart(type, q, k, v, pos, ring_k, ring_v, sink_k, sink_v, h, B, T, H, Hkv, d, dv, W, S,
                                    q_stride, k_stride, v_stride, scale, nullptr, workspace, stream);
}
