//===- SparseLossRows.cuh - a row of logits becomes losses and its gradient ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The stored tokens' logits are taken out of the row first, so that the others are summed without them: one minus their
// sum would lose a small tail. The row is read twice, the second time from the cache.

#ifndef XLSTM_KERNELS_CUDA_SPARSELOSSROWS_CUH
#define XLSTM_KERNELS_CUDA_SPARSELOSSROWS_CUH

#include "kernels/cuda/Types.cuh"
#include "xlstm/Kernels/SparseLoss.h"

namespace xlstm::cuda::sparse {

constexpr int Threads = 1024;
constexpr int InFlight = 4; // 16-byte loads of a thread

/// log of a sum of exponentials: exp(top) sum.
struct LogSum {
  float top = -INFINITY, sum = 0;
  __device__ float value() const { return top + logf(sum); }
  __device__ void merge(float otherTop, float otherSum) {
    const float both = fmaxf(top, otherTop);
    if (both == -INFINITY)
      return;
    sum = sum * expf(top - both) + otherSum * expf(otherTop - both);
    top = both;
  }
};

__device__ inline float blockSum(float x, float *scratch) {
  x = groupSum(x);
  __syncthreads();
  if (threadIdx.x % 32 == 0)
    scratch[threadIdx.x / 32] = x;
  __syncthreads();
  return groupSum(threadIdx.x % 32 < Threads / 32 ? scratch[threadIdx.x % 32] : 0.0f);
}

__device__ inline float blockMax(float x, float *scratch) {
  x = groupMax(x);
  __syncthreads();
  if (threadIdx.x % 32 == 0)
    scratch[threadIdx.x / 32] = x;
  __syncthreads();
  return groupMax(threadIdx.x % 32 < Threads / 32 ? scratch[threadIdx.x % 32] : -INFINITY);
}

__device__ inline LogSum blockLogSum(LogSum own, float *scratch) {
  const float top = blockMax(own.top, scratch);
  return {top, blockSum(own.sum > 0 ? own.sum * expf(own.top - top) : 0.0f, scratch)};
}

/// Calls body(n, values) for every 8 neighbours of the row.
template <typename T, typename Body>
__device__ void forRow(T *row, int64_t V, Body body) {
  for (int64_t from = threadIdx.x * 8; from < V; from += int64_t(Threads) * 8 * InFlight) {
    float values[InFlight][8];
#pragma unroll
    for (int n = 0; n < InFlight; ++n)
      if (from + int64_t(n) * Threads * 8 < V)
        loadFloats(row + from + int64_t(n) * Threads * 8, values[n]);
#pragma unroll
    for (int n = 0; n < InFlight; ++n)
      if (from + int64_t(n) * Threads * 8 < V)
        body(from + int64_t(n) * Threads * 8, values[n]);
  }
}

struct RowArgs {
  int64_t V;
  int K;
  bool withTail, wantsGradient;
  float gamma, beta, scale; // weights of the losses; of the gradient
  const int32_t *labels, *ids;
  const float *logprobs, *tail;
  const float *share;       // one over the number of labelled tokens
  float *crossEntropy, *kl; // [rows]
};

/// What is known of a row before its gradient is written.
struct Row {
  int label;
  float labelLogit;
  bool isLabelChosen, hasRepeats; // an id that is stored several times
  LogSum others, all;             // of the student's logits without the chosen ones, and with them
  float logTeacher, logStudent;   // what normalises the buckets
};

/// A number of at most 15 bits as an element, to be told apart by its bits alone.
template <typename T>
__device__ T fromBits(int bits);
template <>
__device__ inline float fromBits<float>(int bits) {
  return __int_as_float(bits);
}
template <>
__device__ inline Bf16 fromBits<Bf16>(int bits) {
  return __ushort_as_bfloat16(static_cast<unsigned short>(bits));
}
__device__ inline int toBits(float x) { return __float_as_int(x); }
__device__ inline int toBits(Bf16 x) { return __bfloat16_as_ushort(x); }

/// Whether no place of the token before `k` has the id there.
__device__ inline bool isFirst(const RowArgs &a, int64_t token, int k) {
  const int *ids = a.ids + token * a.K;
  for (int j = 0; j < k; ++j)
    if (ids[j] == ids[k])
      return false;
  return true;
}

/// Takes the chosen logits out of the row: chosen [K] (minus infinity where an id is none), logits minus infinity.
template <typename T>
__device__ Row takeChosen(const RowArgs &a, T *row, int64_t token, float *chosen) {
  Row r = {a.labels[token], -INFINITY, false, false, {}, {}, 0, 0};
  r.labelLogit = r.label < a.V ? toFloat(row[r.label]) : -INFINITY;
  int found = 0;
  for (int k = threadIdx.x; k < a.K; k += Threads) {
    const int id = a.ids[token * a.K + k];
    const bool isThere = id >= 0 && id < a.V;
    chosen[k] = isThere ? toFloat(row[id]) : -INFINITY;
    found |= isThere && id == r.label;
  }
  r.isLabelChosen = __syncthreads_or(found);
  // Each place writes its number: where another's is found, both have one id.
  for (int k = threadIdx.x; k < a.K; k += Threads)
    if (chosen[k] > -INFINITY)
      row[a.ids[token * a.K + k]] = fromBits<T>(k);
  __syncthreads();
  int others = 0;
  for (int k = threadIdx.x; k < a.K; k += Threads)
    others |= chosen[k] > -INFINITY && toBits(row[a.ids[token * a.K + k]]) != k;
  r.hasRepeats = __syncthreads_or(others);
  for (int k = threadIdx.x; k < a.K; k += Threads)
    if (chosen[k] > -INFINITY)
      row[a.ids[token * a.K + k]] = fromFloat<T>(-INFINITY);
  __syncthreads();
  return r;
}

/// Sums over the row and the chosen; teacher [K] becomes what its tokens' normalised logarithms are.
template <typename T>
__device__ void sumRow(const RowArgs &a, T *row, int64_t token, Row &r, const float *chosen, float *teacher,
                       float *scratch) {
  LogSum own;
  forRow(row, a.V, [&](int64_t, const float(&x)[8]) {
    float top = x[0], sum = 0;
#pragma unroll
    for (int n = 1; n < 8; ++n)
      top = fmaxf(top, x[n]);
    if (top > own.top) {
      own.sum *= expf(own.top - top);
      own.top = top;
    }
    if (own.top == -INFINITY)
      return;
#pragma unroll
    for (int n = 0; n < 8; ++n)
      sum += __expf(x[n] - own.top);
    own.sum += sum;
  });
  r.others = blockLogSum(own, scratch);
  LogSum mine, once, theirs; // `once`: each id at one place
  for (int k = threadIdx.x; k < a.K; k += Threads) {
    teacher[k] = chosen[k] > -INFINITY ? a.logprobs[token * a.K + k] : -INFINITY;
    mine.merge(chosen[k], 1);
    if (r.hasRepeats && isFirst(a, token, k))
      once.merge(chosen[k], 1);
    theirs.merge(teacher[k], 1);
  }
  mine = blockLogSum(mine, scratch);
  theirs = blockLogSum(theirs, scratch);
  r.all = r.hasRepeats ? blockLogSum(once, scratch) : mine;
  r.all.merge(r.others.top, r.others.sum);
  if (a.withTail)
    theirs.merge(a.tail[token], 1);
  r.logTeacher = theirs.value();
  if (a.withTail)
    mine.merge(r.others.top, r.others.sum);
  r.logStudent = mine.value();
}

/// p (log p - log q), nothing where p is nothing.
__device__ inline float divergence(float logP, float logQ) {
  const float p = expf(logP);
  return p > 0 ? p * (logP - logQ) : 0.0f;
}

/// One block a row: losses of the row, and in place of the logits their gradient.
template <typename T>
__global__ void __launch_bounds__(Threads, 1) rowKernel(T *logits, const RowArgs a, int64_t firstToken) {
  extern __shared__ float chosen[]; // [K], then the teacher's [K]
  __shared__ float scratch[32];
  float *teacher = chosen + a.K;
  const int64_t token = firstToken + blockIdx.x;
  T *row = logits + blockIdx.x * a.V;
  if (a.labels[token] < 0) {
    if (threadIdx.x == 0)
      a.crossEntropy[token] = a.kl[token] = 0;
    const float nothing[8] = {};
    if (a.wantsGradient)
      for (int64_t n = threadIdx.x * 8; n < a.V; n += Threads * 8)
        storeFloats(row + n, nothing);
    return;
  }
  Row r = takeChosen(a, row, token, chosen);
  sumRow(a, row, token, r, chosen, teacher, scratch);
  float kl = 0;
  for (int k = threadIdx.x; k < a.K; k += Threads)
    kl += divergence(teacher[k] - r.logTeacher, chosen[k] - r.logStudent);
  kl = a.K ? blockSum(kl, scratch) : 0.0f;
  const float logTail = a.withTail ? a.tail[token] - r.logTeacher : -INFINITY;
  const float logRest = r.others.value() - r.logStudent;
  if (a.withTail)
    kl += divergence(logTail, logRest);
  if (threadIdx.x == 0) {
    a.crossEntropy[token] = r.all.value() - r.labelLogit;
    a.kl[token] = kl;
  }
  if (!a.wantsGradient)
    return;

  const float scale = a.scale * *a.share, everyone = a.gamma * expf(r.others.top - r.all.value());
  const bool hasOthers = r.others.sum > 0; // not all of the vocabulary is chosen
  const float rest = a.withTail && hasOthers ? a.beta * (expf(logRest) - expf(logTail)) / r.others.sum : 0.0f;
  const float factor = scale * (everyone + rest), top = hasOthers ? r.others.top : 0.0f;
  forRow(row, a.V, [&](int64_t at, const float(&x)[8]) {
    float gradient[8];
#pragma unroll
    for (int n = 0; n < 8; ++n)
      gradient[n] = factor * __expf(x[n] - top);
    storeFloats(row + at, gradient);
  });
  __syncthreads();
  for (int k = threadIdx.x; k < a.K; k += Threads) {
    if (chosen[k] == -INFINITY || (r.hasRepeats && !isFirst(a, token, k)))
      continue;
    const int id = a.ids[token * a.K + k];
    const float q = expf(chosen[k] - r.logStudent);
    float bucket = q - expf(teacher[k] - r.logTeacher);
    for (int j = r.hasRepeats ? k + 1 : a.K; j < a.K; ++j)
      if (a.ids[token * a.K + j] == id)
        bucket += q - expf(teacher[j] - r.logTeacher);
    const float softmax = expf(chosen[k] - r.all.value()) - (id == r.label ? 1.0f : 0.0f);
    row[id] = fromFloat<T>(scale * (a.gamma * softmax + a.beta * bucket));
  }
  if (threadIdx.x == 0 && !r.isLabelChosen && r.label < a.V)
    row[r.label] = fromFloat<T>(factor * expf(r.labelLogit - top) - scale * a.gamma);
}

/// share = 1 / max(1, labelled tokens).
__global__ void __launch_bounds__(Threads) countKernel(const int32_t *labels, int64_t N, float *share) {
  __shared__ float scratch[32];
  float own = 0;
  for (int64_t n = threadIdx.x; n < N; n += Threads)
    own += labels[n] >= 0;
  const float count = blockSum(own, scratch);
  if (threadIdx.x == 0)
    *share = 1.0f / fmaxf(count, 1.0f);
}

/// The means, summed in one order always.
__global__ void __launch_bounds__(Threads) meanKernel(const float *crossEntropy, const float *kl, int64_t N,
                                                      const float *share, float gamma, float beta, float *losses) {
  __shared__ float scratch[32];
  float own[2] = {};
  for (int64_t n = threadIdx.x; n < N; n += Threads)
    own[0] += crossEntropy[n], own[1] += kl[n];
  const float a = blockSum(own[0], scratch) * *share, b = blockSum(own[1], scratch) * *share;
  if (threadIdx.x == 0)
    losses[0] = gamma * a + beta * b, losses[1] = a, losses[2] = b;
}

} // namespace xlstm::cuda::sparse

#endif // XLSTM_KERNELS_CUDA_SPARSELOSSROWS_CUH
