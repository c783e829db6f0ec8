//===- Mlstm.cpp - speed of the matrix memory, one token and chunks ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/bench/Bench.h"

using namespace xlstm::bench;

/// Arguments: T, H, d, chunk.
static void mlstm(benchmark::State &state) {
  int64_t T = state.range(0), H = state.range(1), d = state.range(2), chunk = state.range(3);
  std::vector<float> q = filled<float>(T * H * d), k = q, v = q, h(T * H * d), i(T * H, 0.5f), f(T * H, 4.0f);
  std::vector<float> S = filled<float>(H * d * d), z = filled<float>(H * d), max(H, 0.0f);
  for (auto step : state) {
    xlstm_cpu_mlstm(q.data(), k.data(), v.data(), i.data(), f.data(), S.data(), z.data(), max.data(), h.data(), 1, T, H,
                    H, d, d, H * d, chunk);
    benchmark::DoNotOptimize(h.data());
    benchmark::ClobberMemory();
  }
  if (T == 1)
    state.SetBytesProcessed(state.iterations() * 2 * H * d * d * sizeof(float));
  // Reading and updating the state, and half of the two products within a chunk.
  countFlops(state, 4.0 * double(T * H * d * d) + (T == 1 ? 0.0 : 2.0 * double(T * H * d * chunk)));
  state.SetItemsProcessed(state.iterations() * T);
}
BENCHMARK(mlstm)->Args({1, 9, 64, 64})->Args({1, 32, 64, 64})->Args({1, 32, 128, 64});
BENCHMARK(mlstm)->Args({512, 9, 64, 64})->Args({512, 32, 128, 64})->Args({512, 32, 128, 16});
