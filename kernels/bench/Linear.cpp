//===- Linear.cpp - speed of the linear kernels -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/bench/Bench.h"

using namespace xlstm::bench;

template <typename Stored, typename Kernel>
static void runLinear(benchmark::State &state, Kernel kernel, int64_t rows, int64_t in, int64_t out) {
  std::vector<float> x = filled<float>(rows * in), y(rows * out);
  std::vector<Stored> w = filled<Stored>(out * in);
  for (auto step : state) {
    kernel(x.data(), w.data(), nullptr, nullptr, y.data(), rows, in, out, nullptr);
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * out * in * sizeof(Stored));
  countFlops(state, 2.0 * rows * in * out);
}

static void linearF32(benchmark::State &state) {
  runLinear<float>(state, xlstm_cpu_linear_f32, state.range(0), state.range(1), state.range(2));
}
static void linearBf16(benchmark::State &state) {
  runLinear<uint16_t>(state, xlstm_cpu_linear_bf16, state.range(0), state.range(1), state.range(2));
}
static void linearF16(benchmark::State &state) {
  runLinear<uint16_t>(state, xlstm_cpu_linear_f16, state.range(0), state.range(1), state.range(2));
}

// rows, in, out: a vector and blocks of rows, by matrices in the cache and far beyond it.
#define XLSTM_SHAPES                                                                                                   \
  ->Args({1, 576, 1536})                                                                                               \
      ->Args({1, 2048, 2048})                                                                                          \
      ->Args({1, 8192, 8192})                                                                                          \
      ->Args({4, 2048, 2048})                                                                                          \
      ->Args({16, 2048, 2048})                                                                                         \
      ->Args({64, 576, 1536})                                                                                          \
      ->Args({64, 2048, 2048})                                                                                         \
      ->Args({64, 2048, 8192})                                                                                         \
      ->Args({64, 8192, 2048})
BENCHMARK(linearF32) XLSTM_SHAPES;
BENCHMARK(linearBf16) XLSTM_SHAPES;
BENCHMARK(linearF16) XLSTM_SHAPES;
