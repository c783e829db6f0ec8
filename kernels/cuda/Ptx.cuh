//===- Ptx.cuh - the few instructions that C++ has no name for -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CUDA_PTX_CUH
#define XLSTM_KERNELS_CUDA_PTX_CUH

#include <cstdint>
#include <cuda_runtime.h>

namespace xlstm::cuda {

__device__ inline uint32_t sharedAddress(const void *p) { return static_cast<uint32_t>(__cvta_generic_to_shared(p)); }

/// How long the second level cache keeps what an access brings (createpolicy's values, as CUTLASS has them).
enum class Keep : uint64_t { Normal = 0x1000000000000000, Long = 0x14F0000000000000 };

/// 8 or 16 bytes from device to shared memory, seen by this thread after waitCopies().
template <int Bytes>
__device__ inline void copyAsync(void *shared, const void *global) {
  static_assert(Bytes == 8 || Bytes == 16);
  if constexpr (Bytes == 16)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(sharedAddress(shared)), "l"(global) : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(sharedAddress(shared)), "l"(global) : "memory");
}
__device__ inline void waitCopies() { asm volatile("cp.async.wait_all;" ::: "memory"); }
/// 2^x to 22 bits; 0 at minus infinity.
__device__ inline float exp2Fast(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

/// 16 bytes that are read once; volatile: stays where it stands, so that it is under way early.
__device__ inline uint4 loadEarly(const void *global) {
  uint4 v;
  asm volatile("ld.global.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "l"(global));
  return v;
}

template <Keep Time>
__device__ inline uint4 loadEarly(const void *global) {
  uint4 v;
  asm volatile("ld.global.L1::no_allocate.L2::cache_hint.v4.u32 {%0,%1,%2,%3}, [%4], %5;"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "l"(global), "l"(Time));
  return v;
}
/// A store with a policy; with Normal it is not the same as without one: 5 % of decode on an H100 (measured).
template <Keep Time>
__device__ inline void storeFour(float *global, float4 v) {
  asm volatile("st.global.L2::cache_hint.v4.f32 [%0], {%1,%2,%3,%4}, %5;" ::"l"(global), "f"(v.x), "f"(v.y), "f"(v.z),
               "f"(v.w), "l"(Time)
               : "memory");
}

/// Four 8 x 8 matrices of 16-bit elements; lane i gives the address of row i % 8 of matrix i / 8.
__device__ inline void loadMatrices(uint32_t (&a)[4], const void *row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(a[0]), "=r"(a[1]), "=r"(a[2]), "=r"(a[3])
               : "r"(sharedAddress(row))
               : "memory");
}
__device__ inline void loadTransposed(uint32_t (&a)[4], const void *row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(a[0]), "=r"(a[1]), "=r"(a[2]), "=r"(a[3])
               : "r"(sharedAddress(row))
               : "memory");
}

/// c [16,8] += a [16,16] b [16,8], bf16 in, float32 out.
__device__ inline void multiplyAdd(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
               "{%0,%1,%2,%3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Thread block clusters and dependent launches: Hopper on; elsewhere a cluster is one block.
#if __CUDA_ARCH__ >= 900
__device__ inline uint32_t clusterRank() {
  uint32_t rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}
__device__ inline void clusterArrive() { asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory"); }
/// The same with nothing to show to the others: without the fence, which waits for all of the thread's memory.
__device__ inline void clusterArriveRelaxed() { asm volatile("barrier.cluster.arrive.relaxed.aligned;" ::: "memory"); }
__device__ inline void clusterWait() { asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory"); }
/// Stores to the same place in another block's shared memory.
__device__ inline void storeRemote(float *local, uint32_t rank, float value) {
  uint32_t address;
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(address) : "r"(sharedAddress(local)), "r"(rank));
  asm volatile("st.shared::cluster.f32 [%0], %1;" ::"r"(address), "f"(value) : "memory");
}
/// A barrier in shared memory that completes a phase once all the bytes that it is told of have been sent to it; by one
/// thread, before clusterArriveRelaxed.
__device__ inline void initBarrier(uint64_t *barrier) {
  asm volatile("mbarrier.init.shared.b64 [%0], 1;" ::"r"(sharedAddress(barrier)) : "memory");
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}
/// One arrival, and bytes that are to come before the phase ends; they may have begun to.
__device__ inline void expectBytes(uint64_t *barrier, uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared.b64 _, [%0], %1;" ::"r"(sharedAddress(barrier)), "r"(bytes)
               : "memory");
}
/// Stores to the same place in another block's shared memory, 4 bytes for that block's barrier; needs no fence.
__device__ inline void send(float *local, uint64_t *barrier, uint32_t rank, float value) {
  uint32_t address, signal;
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(address) : "r"(sharedAddress(local)), "r"(rank));
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(signal) : "r"(sharedAddress(barrier)), "r"(rank));
  asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.f32 [%0], %1, [%2];" ::"r"(address), "f"(value),
               "r"(signal)
               : "memory");
}
/// Waits for all bytes of the barrier's phase of this parity, which are seen from here on.
__device__ inline void receive(uint64_t *barrier, uint32_t parity) {
  asm volatile("{\n.reg .pred done;\nagain:\n"
               "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 done, [%0], %1;\n"
               "@!done bra again;\n}" ::"r"(sharedAddress(barrier)),
               "r"(parity)
               : "memory");
}
/// What the launch in front of this one on the stream wrote is there from here on.
__device__ inline void waitForPrevious() { asm volatile("griddepcontrol.wait;" ::: "memory"); }
__device__ inline void letNextStart() { asm volatile("griddepcontrol.launch_dependents;" ::: "memory"); }
#else
__device__ inline uint32_t clusterRank() { return 0; }
__device__ inline void clusterArrive() {}
__device__ inline void clusterArriveRelaxed() {}
__device__ inline void initBarrier(uint64_t *) {}
__device__ inline void expectBytes(uint64_t *, uint32_t) {}
__device__ inline void send(float *local, uint64_t *, uint32_t, float value) { *local = value; }
__device__ inline void receive(uint64_t *, uint32_t) {}
__device__ inline void clusterWait() { __syncthreads(); }
__device__ inline void storeRemote(float *local, uint32_t, float value) { *local = value; }
__device__ inline void waitForPrevious() {}
__device__ inline void letNextStart() {}
#endif

} // namespace xlstm::cuda

#endif // XLSTM_KERNELS_CUDA_PTX_CUH
