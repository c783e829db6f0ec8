//===- Attention.cpp - speed of window attention, one token and a prompt -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/bench/Bench.h"

using namespace xlstm::bench;

/// Arguments: T, H, Hkv, d, W; the ring is full and has wrapped.
static void attention(benchmark::State &state) {
  int64_t T = state.range(0), H = state.range(1), Hkv = state.range(2), d = state.range(3), W = state.range(4), S = 4;
  std::vector<float> q = filled<float>(T * H * d), k = filled<float>(T * Hkv * d), v = k, h(T * H * d);
  std::vector<float> ringK = filled<float>(W * Hkv * d), ringV = ringK, sinkK = filled<float>(S * Hkv * d),
                     sinkV = sinkK;
  int32_t pos = int32_t(3 * W + 7);
  for (auto step : state) {
    xlstm_cpu_attention_f32(q.data(), k.data(), v.data(), &pos, ringK.data(), ringV.data(), sinkK.data(), sinkV.data(),
                        h.data(), 1, T, H, Hkv, d, d, W, S, H * d, Hkv * d, Hkv * d, 0.1f);
    benchmark::DoNotOptimize(h.data());
    benchmark::ClobberMemory();
  }
  countFlops(state, 4.0 * double(T * H * d * (W + S)));
  state.SetItemsProcessed(state.iterations() * T);
}
BENCHMARK(attention)->Args({1, 9, 3, 64, 512})->Args({1, 32, 8, 64, 512})->Args({1, 32, 8, 128, 512});
BENCHMARK(attention)->Args({64, 9, 3, 64, 512})->Args({512, 32, 8, 128, 512});
