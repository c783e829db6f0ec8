//===- Mlstm.cuh - the matrix memory: arguments, places, gates ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cluster has one text and head, each of its blocks some columns of S, and all of them z.

#ifndef XLSTM_KERNELS_CUDA_MLSTM_CUH
#define XLSTM_KERNELS_CUDA_MLSTM_CUH

#include "kernels/cuda/Ptx.cuh"
#include "kernels/cuda/Types.cuh"

namespace xlstm::cuda::mlstm {

constexpr int Threads = 256, Warps = Threads / 32;
constexpr int Columns = 32; // of S at a time

struct Args {
  const void *q, *k, *v;
  const float *i, *f;
  float *S, *z, *max;
  void *h;
  int64_t vStride;
  int T, H, Hkv, m, dv;
  int blocks, columns, tokens; // a cluster; of S a block, a multiple of 32; at most of a chunk
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
/// What float32 rounds is below 1.
__device__ inline double logSigmoid(float x) {
  return fmax(double(fminf(x, 0.0f)), -1e6) - double(log1pf(expf(-fabsf(x))));
}
/// exp(level - top); nothing weighs anything while the maximum is -inf.
__device__ inline float gateWeight(double level, double top) {
  return top == -INFINITY ? 0.0f : expf(float(level - top));
}

/// One token a text: state and output in one pass over S. `isWide`: 16 bytes at a time are allowed everywhere.
cudaError_t step(const Args &a, int64_t B, xlstm_dtype type, bool isWide, void *stream);

} // namespace xlstm::cuda::mlstm

#endif // XLSTM_KERNELS_CUDA_MLSTM_CUH
