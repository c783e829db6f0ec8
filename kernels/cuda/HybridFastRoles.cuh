//===- HybridFastRoles.cuh - blocks that stay and warps that bring ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block stays on its multiprocessor and makes one tile after another, 128 tokens of one head each. Two warpgroups
// compute, 64 rows each; warps of a third bring what they need in the order of its use.

#ifndef XLSTM_KERNELS_CUDA_HYBRIDFASTROLES_CUH
#define XLSTM_KERNELS_CUDA_HYBRIDFASTROLES_CUH

#include "kernels/cuda/HybridFast.cuh"
#include "kernels/cuda/HybridFastWindow.cuh"
#include "kernels/cuda/HybridTma.cuh"

#include <algorithm>

namespace xlstm::cuda::roles {

using namespace tiles;

constexpr int Threads = 384, Warps = Block / 32; // Warps: those that compute

/// What a chunk's keys and queries are to its matrix memory.
struct ChunkFacts {
  float gates[Rows], z[Rows];       // a_j times log2 e
  float frame[Rows], carried[Rows]; // M_t times log2 e; e^(mIn - M_t)
  float gate[Rows];                 // o's pre-activation
};

/// As many blocks as there is work for and multiprocessors to stay on.
inline cudaError_t residentGrid(int64_t work, dim3 &grid) {
  int device = 0, units = 1;
  XLSTM_CUDA_TRY(cudaGetDevice(&device));
  XLSTM_CUDA_TRY(cudaDeviceGetAttribute(&units, cudaDevAttrMultiProcessorCount, device));
  grid = dim3(static_cast<unsigned>(std::min<int64_t>(units, work)));
  return cudaSuccess;
}

#ifdef XLSTM_HAS_WGMMA

/// The tiles that this block makes, one after another; all heads of a chunk at about the same time, for they share
/// keys.
struct Work {
  int64_t at, count;
  int b, h, begin, chunk;
  __device__ explicit Work(const Problem &p) : at(blockIdx.x), count(static_cast<int64_t>(p.B) * p.chunks * p.H) {
    find(p);
  }
  __device__ bool more() const { return at < count; }
  __device__ void next(const Problem &p) { at += gridDim.x, find(p); }
  __device__ int64_t head(const Problem &p) const { return static_cast<int64_t>(b) * p.H + h; }

private:
  __device__ void find(const Problem &p) {
    int64_t all = at / p.H;
    h = static_cast<int>(at - all * p.H), b = static_cast<int>(all / p.chunks);
    chunk = static_cast<int>(all - static_cast<int64_t>(b) * p.chunks), begin = chunk * Rows;
  }
};

/// A barrier of the computing warps.
__device__ inline void meet() { asm volatile("bar.sync 1, %0;" ::"n"(Block) : "memory"); }

/// A warp has come so far: one arrival.
__device__ inline void warpArrive(uint64_t *barrier) {
  __syncwarp();
  if (threadIdx.x % 32 == 0)
    tma::arrive(barrier);
}

/// One thread: a tile's facts, once the last tile's are no more needed. z holds zeros behind its d numbers from the
/// start.
__device__ inline void bringFacts(const Problem &p, const fast::Facts &from, const float *z, const Work &work,
                                  ChunkFacts &facts, uint64_t *full, uint64_t *empty, int turn) {
  constexpr int Bytes = Rows * 4;
  int64_t at = fast::padded(p, work.head(p), work.begin);
  tma::await(empty, turn ^ 1);
  expectBytes(full, 4 * Bytes + p.d * 4);
  tma::loadRow(facts.gates, from.a + at, Bytes, full);
  tma::loadRow(facts.frame, from.frame + at, Bytes, full);
  tma::loadRow(facts.carried, from.carried + at, Bytes, full);
  tma::loadRow(facts.gate, from.gate + at, Bytes, full);
  tma::loadRow(facts.z, z + (work.head(p) * p.chunks + work.chunk) * p.d, p.d * 4, full);
}

/// One warp: the sinks that each tile's queries read outside their windows; forTiles(work, body) calls body(start,
/// position) for each 16 of them, as the computing warps do.
template <int D, typename ForTiles>
__device__ inline void bringSinks(const Problem &p, char *sinkK, char *sinkV, uint64_t *full, uint64_t *empty,
                                  ForTiles forTiles) {
  int turn = 0;
  for (Work work(p); work.more(); work.next(p))
    forTiles(work, [&](int start, int position) {
      tma::await(empty, turn ^ 1);
      turn ^= 1;
      copySinks<D>(sinkK, p, p.k, p.sinkK, work.b, start, position, work.h / p.group);
      copySinks<D>(sinkV, p, p.v, p.sinkV, work.b, start, position, work.h / p.group);
      waitCopies();
      tma::arrive(full);
    });
}

#endif // XLSTM_HAS_WGMMA

/// The window's keys and values: the piece's and those before it.
struct KeyMaps {
  CUtensorMap k, v, historyK, historyV;

#ifdef XLSTM_HAS_WGMMA
  /// The tile that begins at relative index j to the ring: all of it in the piece, or all of it before.
  template <int D, typename Ring>
  __device__ void bringK(Ring &ring, const Problem &p, int b, int head, int j) const {
    ring.template bring<D>(j < 0 ? historyK : k, head, j < 0 ? p.W + j : j, b);
  }
  template <int D, typename Ring>
  __device__ void bringV(Ring &ring, const Problem &p, int b, int head, int j) const {
    ring.template bring<D>(j < 0 ? historyV : v, head, j < 0 ? p.W + j : j, b);
  }
#endif

  cudaError_t describe(const Problem &p) {
    bool history = p.historyK && p.W > 0;
    int rows = history ? p.W : p.T;
    XLSTM_CUDA_TRY(tma::describeTokens(k, p.k, p, p.T, p.Hkv));
    XLSTM_CUDA_TRY(tma::describeTokens(v, p.v, p, p.T, p.Hkv));
    const int64_t stride = int64_t(p.Hkv) * p.d;
    XLSTM_CUDA_TRY(tma::describeTokens(historyK, history ? Tokens{p.historyK, stride} : p.k, p, rows, p.Hkv));
    return tma::describeTokens(historyV, history ? Tokens{p.historyV, stride} : p.v, p, rows, p.Hkv);
  }
};

} // namespace xlstm::cuda::roles

#endif // XLSTM_KERNELS_CUDA_HYBRIDFASTROLES_CUH
