//===- HybridTma.cuh - tiles brought by Hopper's copy engine ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One thread asks for whole tiles, swizzled on the way and zero outside their array; their arrival, and that a place is
// free again, are phases of barriers in shared memory.

#ifndef XLSTM_KERNELS_CUDA_HYBRIDTMA_CUH
#define XLSTM_KERNELS_CUDA_HYBRIDTMA_CUH

#include "kernels/cuda/HybridTiles.cuh"

#include <cuda.h>

namespace xlstm::cuda::tma {

using tiles::Rows;

/// An array of bf16 whose dimensions are sizes[3] (outermost) .. sizes[0], steps of sizes[2] `stride` elements apart,
/// in tiles of box[1] x box[2] rows of 64 columns.
inline cudaError_t describe(CUtensorMap &map, const void *array, const cuuint64_t (&sizes)[4], cuuint64_t stride,
                            const cuuint32_t (&box)[4]) {
  static void *encode = nullptr;
  if (!encode) {
    cudaDriverEntryPointQueryResult found;
    XLSTM_CUDA_TRY(
        cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &encode, 12000, cudaEnableDefault, &found));
    if (found != cudaDriverEntryPointSuccess)
      return cudaErrorNotSupported;
  }
  const cuuint64_t strides[3] = {sizes[0] * 2, stride * 2, sizes[2] * stride * 2};
  const cuuint32_t steps[4] = {1, 1, 1, 1};
  CUresult result = reinterpret_cast<decltype(&cuTensorMapEncodeTiled)>(encode)(
      &map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 4, const_cast<void *>(array), sizes, strides, box, steps,
      CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
      CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  return result == CUDA_SUCCESS ? cudaSuccess : cudaErrorInvalidValue;
}
/// [B,T,heads,d] in tiles of 128 tokens of a head.
inline cudaError_t describeTokens(CUtensorMap &map, const Tokens &of, const Problem &p, int tokens, int heads) {
  auto size = [](int64_t n) { return static_cast<cuuint64_t>(n); };
  return describe(map, of.array, {size(p.d), size(heads), size(tokens), size(p.B)}, size(of.stride), {64, 1, Rows, 1});
}
inline cudaError_t describeTokens(CUtensorMap &map, const void *array, const Problem &p, int tokens, int heads) {
  return describeTokens(map, Tokens{array, int64_t(heads) * p.d}, p, tokens, heads);
}
/// count matrices of d x d, each one tile.
inline cudaError_t describeSquares(CUtensorMap &map, const void *array, const Problem &p, int64_t count) {
  cuuint64_t d = static_cast<cuuint64_t>(p.d);
  return describe(map, array, {d, d, static_cast<cuuint64_t>(count), 1}, d * d, {64, p.d <= 64 ? 64u : 128u, 1, 1});
}

#ifdef XLSTM_HAS_WGMMA

__device__ inline void initBarrier(uint64_t *barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(sharedAddress(barrier)), "r"(arrivals) : "memory");
}
__device__ inline void arrive(uint64_t *barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(sharedAddress(barrier)) : "memory");
}
/// Until the barrier's phase of that parity has ended.
__device__ inline void await(uint64_t *barrier, int parity) {
  asm volatile("{.reg .pred p;\n"
               "again: mbarrier.try_wait.parity.shared::cta.b64 p, [%0], %1;\n"
               "@!p bra again;}" ::"r"(sharedAddress(barrier)),
               "r"(parity)
               : "memory");
}

/// Asks for a tile of D columns and R rows at (_, y, z, w).
template <int D, int R = Rows>
__device__ inline void load(char *tile, const CUtensorMap &map, uint64_t *barrier, int y, int z, int w) {
#pragma unroll
  for (int c = 0; c < D; c += 64)
    asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, "
                 "%6}], [%2];" ::"r"(sharedAddress(tile) + c / 64 * (R * 128)),
                 "l"(&map), "r"(sharedAddress(barrier)), "r"(c), "r"(y), "r"(z), "r"(w)
                 : "memory");
}

/// Asks for `bytes` in a row; addresses and size multiples of 16.
__device__ inline void loadRow(void *shared, const void *global, int bytes, uint64_t *barrier) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
                   sharedAddress(shared)),
               "l"(global), "r"(bytes), "r"(sharedAddress(barrier))
               : "memory");
}
// Registers move between warpgroups.
template <int Count>
__device__ inline void moreRegisters() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(Count));
}
template <int Count>
__device__ inline void fewerRegisters() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(Count));
}

/// Places for tiles in the order of their use; producer and consumers each hold one and step through it.
template <int Bytes, int Places>
struct Ring {
  char *tiles;
  uint64_t *full, *empty;
  int place = 0, round = 0;

  __device__ Ring(char *tiles, uint64_t *barriers) : tiles(tiles), full(barriers), empty(barriers + Places) {}
  /// One thread; a barrier follows. `readers` release each place.
  __device__ void init(int readers) {
    for (int n = 0; n < Places; ++n)
      initBarrier(full + n, 1), initBarrier(empty + n, readers);
  }
  __device__ char *at(int n) const { return tiles + n * Bytes; }
  /// The producer: asks for a tile of D columns and R rows to the next place, once that is free.
  template <int D, int R = Rows>
  __device__ void bring(const CUtensorMap &map, int y, int z, int w) {
    await(empty + place, round ^ 1);
    expectBytes(full + place, R * D * 2);
    load<D, R>(at(place), map, full + place, y, z, w);
    step();
  }
  /// A consumer: the next place once its tile is there.
  __device__ int next() {
    int n = place;
    await(full + n, round);
    step();
    return n;
  }
  /// A consumer warp is done with a place.
  __device__ void release(int n) {
    if (threadIdx.x % 32 == 0)
      arrive(empty + n);
  }

private:
  __device__ void step() {
    if (++place == Places)
      place = 0, round ^= 1;
  }
};

#endif // XLSTM_HAS_WGMMA

} // namespace xlstm::cuda::tma

#endif // XLSTM_KERNELS_CUDA_HYBRIDTMA_CUH
