//===- Wgmma.cuh - Hopper's warpgroup matrix products over swizzled tiles -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tile is rows of bf16 in panels of 64 columns; a panel's row is 128 bytes, its 16-byte pieces permuted by the row
// modulo 8 (the 128-byte swizzle). Products run asynchronously: arrive(), issue..., commit(), waitProducts<N>().

#ifndef XLSTM_KERNELS_CUDA_WGMMA_CUH
#define XLSTM_KERNELS_CUDA_WGMMA_CUH

#include "kernels/cuda/Ptx.cuh"
#include "kernels/cuda/Types.cuh"

namespace xlstm::cuda::wgmma {

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#define XLSTM_HAS_WGMMA 1

__device__ inline void arrive() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ inline void commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
/// Until at most `Pending` committed groups of this warpgroup are still running.
template <int Pending>
__device__ inline void waitProducts() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(Pending) : "memory");
}
/// What this thread stored to shared memory is seen by products that come after the next barrier.
__device__ inline void publish() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

/// Keeps the compiler from moving uses of `c` across a product that is under way.
template <int N>
__device__ inline void hold(float (&c)[N][4]) {
#pragma unroll
  for (int n = 0; n < N; ++n)
#pragma unroll
    for (int e = 0; e < 4; ++e)
      asm volatile("" : "+f"(c[n][e])::"memory");
}

/// Describes a tile in shared memory from `address` on: `panel` bytes from panel to panel (of a transposed operand).
__device__ inline uint64_t describe(uint32_t address, uint32_t panel) {
  return static_cast<uint64_t>((address & 0x3ffff) >> 4) | static_cast<uint64_t>(panel >> 4) << 16 |
         static_cast<uint64_t>(1024 >> 4) << 32 | static_cast<uint64_t>(1) << 62;
}

/// Describes 8 x 16 elements without a swizzle: 8 rows of 16 bytes, and the same again 128 bytes further.
__device__ inline uint64_t describeSmall(uint32_t address) {
  return static_cast<uint64_t>((address & 0x3ffff) >> 4) | static_cast<uint64_t>(128 >> 4) << 16 |
         static_cast<uint64_t>(256 >> 4) << 32;
}

#define XLSTM_OUT(n) "+f"(c[n][0]), "+f"(c[n][1]), "+f"(c[n][2]), "+f"(c[n][3])

// c [64,N] (+)= a [64,16] b [16,N]: both in shared memory, or a in registers. A transposed operand has its rows along
// the summed index. The accumulator's and a's layout over a warp's 16 rows is that of mma.m16n8k16.

template <bool TransposedA, bool TransposedB>
__device__ inline void issue(float (&c)[1][4], uint64_t a, uint64_t b, int add) {
  asm volatile("{.reg .pred p; setp.ne.b32 p, %6, 0;"
               "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%0, %1, %2, %3}, %4, %5, p, 1, 1, %7, %8;}"
               : XLSTM_OUT(0)
               : "l"(a), "l"(b), "r"(add), "n"(int(TransposedA)), "n"(int(TransposedB)));
}

template <bool TransposedA, bool TransposedB>
__device__ inline void issue(float (&c)[8][4], uint64_t a, uint64_t b, int add) {
  asm volatile("{.reg .pred p; setp.ne.b32 p, %34, 0;"
               "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {"
               "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
               "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
               "}, %32, %33, p, 1, 1, %35, %36;}"
               : XLSTM_OUT(0), XLSTM_OUT(1), XLSTM_OUT(2), XLSTM_OUT(3), XLSTM_OUT(4), XLSTM_OUT(5), XLSTM_OUT(6),
                 XLSTM_OUT(7)
               : "l"(a), "l"(b), "r"(add), "n"(int(TransposedA)), "n"(int(TransposedB)));
}

template <bool TransposedB>
__device__ inline void issue(float (&c)[8][4], const uint32_t (&a)[4], uint64_t b, int add) {
  asm volatile("{.reg .pred p; setp.ne.b32 p, %37, 0;"
               "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {"
               "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
               "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
               "}, {%32, %33, %34, %35}, %36, p, 1, 1, %38;}"
               : XLSTM_OUT(0), XLSTM_OUT(1), XLSTM_OUT(2), XLSTM_OUT(3), XLSTM_OUT(4), XLSTM_OUT(5), XLSTM_OUT(6),
                 XLSTM_OUT(7)
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(add), "n"(int(TransposedB)));
}

template <bool TransposedA, bool TransposedB>
__device__ inline void issue(float (&c)[16][4], uint64_t a, uint64_t b, int add) {
  asm volatile("{.reg .pred p; setp.ne.b32 p, %66, 0;"
               "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
               "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
               "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
               "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
               "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
               "}, %64, %65, p, 1, 1, %67, %68;}"
               : XLSTM_OUT(0), XLSTM_OUT(1), XLSTM_OUT(2), XLSTM_OUT(3), XLSTM_OUT(4), XLSTM_OUT(5), XLSTM_OUT(6),
                 XLSTM_OUT(7), XLSTM_OUT(8), XLSTM_OUT(9), XLSTM_OUT(10), XLSTM_OUT(11), XLSTM_OUT(12), XLSTM_OUT(13),
                 XLSTM_OUT(14), XLSTM_OUT(15)
               : "l"(a), "l"(b), "r"(add), "n"(int(TransposedA)), "n"(int(TransposedB)));
}

template <bool TransposedB>
__device__ inline void issue(float (&c)[16][4], const uint32_t (&a)[4], uint64_t b, int add) {
  asm volatile("{.reg .pred p; setp.ne.b32 p, %69, 0;"
               "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
               "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
               "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
               "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
               "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
               "}, {%64, %65, %66, %67}, %68, p, 1, 1, %70;}"
               : XLSTM_OUT(0), XLSTM_OUT(1), XLSTM_OUT(2), XLSTM_OUT(3), XLSTM_OUT(4), XLSTM_OUT(5), XLSTM_OUT(6),
                 XLSTM_OUT(7), XLSTM_OUT(8), XLSTM_OUT(9), XLSTM_OUT(10), XLSTM_OUT(11), XLSTM_OUT(12), XLSTM_OUT(13),
                 XLSTM_OUT(14), XLSTM_OUT(15)
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(add), "n"(int(TransposedB)));
}

#undef XLSTM_OUT

#endif // __CUDA_ARCH_FEAT_SM90_ALL

} // namespace xlstm::cuda::wgmma

#endif // XLSTM_KERNELS_CUDA_WGMMA_CUH
