//===- Bench.h - inputs and counters of the kernel benchmarks -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_BENCH_BENCH_H
#define XLSTM_KERNELS_BENCH_BENCH_H

#include "xlstm/Kernels/CpuCalls.h"

#include <benchmark/benchmark.h>

#include <vector>

namespace xlstm::bench {

/// Small positive numbers: of 16-bit types their bits, which are small numbers too.
template <typename T>
std::vector<T> filled(int64_t count) {
  std::vector<T> values(count);
  for (int64_t n = 0; n < count; ++n)
    values[n] = sizeof(T) == 4 ? T(0.01f * float(n % 97)) : T(0x3000 + n % 97);
  return values;
}

inline void countFlops(benchmark::State &state, double eachIteration) {
  state.counters["FLOP/s"] =
      benchmark::Counter(eachIteration, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
}

} // namespace xlstm::bench

#endif // XLSTM_KERNELS_BENCH_BENCH_H
