//===- Hybrid.cuh - what the fused mixer's CUDA kernels share -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A row of tokens is cut in chunks. Inside a chunk the gates are a_j = i_j - b_j with b the sum of log f from the
// chunk's start, and the running maximum is M_t = max(mIn, max of a_j so far): both small whatever the row's length,
// and both known before any matrix product, so that no accumulator is ever rescaled.

#ifndef XLSTM_KERNELS_CUDA_HYBRID_CUH
#define XLSTM_KERNELS_CUDA_HYBRID_CUH

#include "kernels/cuda/Types.cuh"

namespace xlstm::cuda {

/// An array [B,T,heads,d] whose tokens lie `stride` elements apart.
struct Tokens {
  const void *array;
  int64_t stride;
};

/// Shape, documents and where keys before this piece are found.
struct Problem {
  int B, T, H, Hkv, d, W, S, group;
  int chunk, chunks; // tokens a chunk, chunks a row
  float scale;
  const int *docStart, *pos; // as in the C ABI; either may be null
  Tokens q, k, v;
  const void *qMap, *kMap;
  const void *historyK, *historyV; // [B,W,Hkv,d] in q's type: row W + j holds relative index j < 0
  const void *sinkK, *sinkV;       // [B,S,Hkv,d] in q's type
  const float *o;

  /// Index in the piece where the document of token t begins; negative where that was before the piece.
  __device__ int start(int b, int t) const {
    int from = docStart ? docStart[static_cast<int64_t>(b) * T + t] : -1;
    return from >= 0 ? from : pos ? -pos[b] : 0;
  }
  __device__ int64_t gate(int b, int t, int h) const { return (static_cast<int64_t>(b) * T + t) * H + h; }
  template <typename E>
  __device__ const E *row(const Tokens &of, int b, int t, int h) const {
    return static_cast<const E *>(of.array) + (static_cast<int64_t>(b) * T + t) * of.stride + h * d;
  }
};

/// The window rule for a query t whose document starts at `start`; a sink read is the same key outside the window.
__device__ inline bool inWindow(const Problem &p, int t, int start, int j) {
  return j <= t && j > t - p.W && j >= start;
}
__device__ inline bool isSinkRead(const Problem &p, int t, int start, int j) {
  return j <= t - p.W && j - start < p.S && j >= start;
}

/// The chunkwise gates, all in double: sums over a chunk of gates near -50 do not fit float32.
struct Gates {
  double *a, *top;    // [B,H,T]: a_j; its running maximum in the chunk and document, mIn left out
  double *mIn;        // [B,H,chunks+1]: the running maximum before each chunk, in that chunk's frame
  double *sum, *last; // [B,H,chunks]: sum of log f; top of the last token
  float *keep, *add;  // [B,H,chunks]: S' = keep S + add D, D = sum of e^(a_j - last) k~_j (x) v_j
};

/// Chunk-wise states: [B,H,chunks,d,d] and [B,H,chunks,d], float32.
struct States {
  float *S, *z;
};

constexpr unsigned FullWarp = 0xffffffffu;

template <typename T>
__device__ inline T warpSum(T x) {
  for (int step = 16; step; step /= 2)
    x += __shfl_xor_sync(FullWarp, x, step);
  return x;
}
__device__ inline float warpMax(float x) {
  for (int step = 16; step; step /= 2)
    x = fmaxf(x, __shfl_xor_sync(FullWarp, x, step));
  return x;
}

__device__ inline float sigmoid(float x) { return 1 / (1 + expf(-x)); }

/// Hands out aligned pieces of a workspace; with a null base it only measures.
struct Arena {
  char *base;
  size_t used = 0;

  template <typename T>
  T *take(int64_t count) {
    T *piece = base ? reinterpret_cast<T *>(base + used) : nullptr;
    used += (static_cast<size_t>(count) * sizeof(T) + 255) / 256 * 256;
    return piece;
  }
};

inline size_t elementSize(xlstm_dtype type) { return type == XLSTM_F32 ? 4 : type == XLSTM_BF16 ? 2 : 1; }

/// The first error of a chain of launches; later steps of a failed chain are not started.
#define XLSTM_CUDA_TRY(expression)                                                                                     \
  do {                                                                                                                 \
    if (cudaError_t error = (expression); error != cudaSuccess)                                                        \
      return error;                                                                                                    \
  } while (0)

template <typename... Parameters, typename... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, int threads, size_t shared, cudaStream_t stream,
                   Arguments... arguments) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0)
    return cudaSuccess;
  if (shared > 48 * 1024)
    XLSTM_CUDA_TRY(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared)));
  kernel<<<grid, threads, shared, stream>>>(static_cast<Parameters>(arguments)...);
  return cudaGetLastError();
}

} // namespace xlstm::cuda

#endif // XLSTM_KERNELS_CUDA_HYBRID_CUH
