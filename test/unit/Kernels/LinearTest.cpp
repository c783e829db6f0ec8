//===- LinearTest.cpp - linear and embed against the reference ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelTest.h"

#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

template <typename Weights, typename Kernel>
static void checkLinear(Kernel kernel) {
  for (int64_t in : {1, 2, 3, 8, 20, 32, 33, 64, 128, 200})
    for (int64_t out : {1, 2, 3, 5, 33, 70})
      for (int64_t rows : {1, 2, 3, 4, 5, 7, 16, 64, 65}) {
        Floats x = randomFloats(rows * in, 1), y(rows * out);
        Weights w(randomFloats(out * in, 2)), bias(randomFloats(out, 3));
        Floats residual = randomFloats(rows * out, 4);
        Doubles want(rows * out);
        for (bool biased : {false, true}) {
          reference::linear(widen(x).data(), w.values.data(), biased ? bias.values.data() : nullptr, want.data(), rows,
                            in, out);
          kernel(x.data(), w.stored.data(), biased ? bias.stored.data() : nullptr, nullptr, y.data(), rows, in, out, nullptr);
          EXPECT_LT(headError(y, want, 1, out), Tolerance) << rows << " x " << in << " x " << out;
          kernel(x.data(), w.stored.data(), biased ? bias.stored.data() : nullptr, residual.data(), y.data(), rows, in,
                 out, nullptr);
          for (int64_t n = 0; n < rows * out; ++n)
            want[n] += residual[n];
          EXPECT_LT(headError(y, want, 1, out), Tolerance) << rows << " x " << in << " x " << out << " + residual";
        }
      }
}

TEST(Linear, Float32) { checkLinear<F32Weights>(xlstm_cpu_linear_f32); }
TEST(Linear, BFloat16) { checkLinear<Bf16Weights>(xlstm_cpu_linear_bf16); }
TEST(Linear, Float16) { checkLinear<F16Weights>(xlstm_cpu_linear_f16); }

// 1100 inputs are more weights than one block holds.
TEST(Linear, LargerThanABlock) {
  int64_t rows = 5, in = 1100, out = 131;
  Floats x = randomFloats(rows * in, 1), y(rows * out);
  F32Weights w(randomFloats(out * in, 2));
  Doubles want(rows * out);
  xlstm_cpu_linear_f32(x.data(), w.stored.data(), nullptr, nullptr, y.data(), rows, in, out);
  reference::linear(widen(x).data(), w.values.data(), nullptr, want.data(), rows, in, out);
  EXPECT_LT(headError(y, want, 1, out), Tolerance);
}

// Prefill and decode, and batches of any size, give the same bits.
TEST(Linear, ARowDoesNotDependOnItsNeighbours) {
  int64_t rows = 11, in = 75, out = 37;
  Floats x = randomFloats(rows * in, 1), y(rows * out), alone(out);
  Floats w = randomFloats(out * in, 2);
  xlstm_cpu_linear_f32(x.data(), w.data(), nullptr, nullptr, y.data(), rows, in, out);
  for (int64_t r = 0; r < rows; ++r) {
    xlstm_cpu_linear_f32(x.data() + r * in, w.data(), nullptr, nullptr, alone.data(), 1, in, out);
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), y.begin() + r * out)) << r;
  }
}

template <typename Weights, typename Kernel>
static void checkEmbed(Kernel kernel) {
  for (int64_t dim : {1, 2, 3, 8, 20, 32, 33, 64, 128}) {
    int64_t vocab = 7;
    Weights table(randomFloats(vocab * dim, 4, -1, 1));
    std::vector<int64_t> ids = {6, 0, -1, 3, 7, 3, int64_t(1) << 40};
    Floats y(ids.size() * dim, -2.0f);
    kernel(ids.data(), table.stored.data(), y.data(), ids.size(), vocab, dim, nullptr);
    for (size_t n = 0; n < y.size(); ++n) {
      int64_t id = ids[n / dim];
      double want = id < 0 || id >= vocab ? 0 : table.values[id * dim + n % dim];
      ASSERT_EQ(y[n], want) << "dim " << dim << " at " << n;
    }
  }
}

TEST(Embed, Float32) { checkEmbed<F32Weights>(xlstm_cpu_embed_f32); }
TEST(Embed, BFloat16) { checkEmbed<Bf16Weights>(xlstm_cpu_embed_bf16); }
TEST(Embed, Float16) { checkEmbed<F16Weights>(xlstm_cpu_embed_f16); }
