//===- ThreadPool.h - one small pool for the CPU kernels -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_COMMON_THREADPOOL_H
#define XLSTM_KERNELS_COMMON_THREADPOOL_H

#include <cstdint>

namespace xlstm::kernels {

/// Threads that parallelFor uses, the caller's included: XLSTM_THREADS, or the CPUs that this process may run on.
int64_t threadCount();

/// task(context, index, thread) once for every index below `count`, thread below threadCount(). Which thread takes
/// which index is left open, so a result must not depend on it. A call from inside a task, or while another caller has
/// the pool, runs everything on its own thread. The tasks must not throw.
void parallelFor(int64_t count, void (*task)(void *context, int64_t index, int64_t thread), void *context);

} // namespace xlstm::kernels

#endif // XLSTM_KERNELS_COMMON_THREADPOOL_H
