//===- ElementwiseTest.cpp - embedding, RMS norm, RoPE and SwiGLU on CUDA ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Cuda/CudaTest.h"
#include "xlstm/Kernels/Cuda.h"
#include "xlstm/Kernels/Turns.h"

using namespace xlstm::test;

class CudaElementwise : public testing::TestWithParam<xlstm_dtype> {
protected:
  xlstm_dtype type = GetParam();
  Floats random(int64_t count, uint32_t seed) { return rounded(type, randomFloats(count, seed, -1.0f, 1.5f)); }
};

INSTANTIATE_TEST_SUITE_P(Types, CudaElementwise, testing::Values(XLSTM_F32, XLSTM_BF16));

TEST_P(CudaElementwise, Embed) {
  for (int64_t dim : {1032, 7, 1}) {
    const int64_t vocab = 11;
    Floats table = random(vocab * dim, 1);
    std::vector<int64_t> ids = {3, 10, 0, -1, 11, 3};
    DeviceArray<int64_t> deviceIds(ids);
    DeviceFloats deviceTable(type, table), y(type, ids.size() * dim);
    ASSERT_CUDA(xlstm_cuda_embed(type, deviceIds.get(), deviceTable.get(), y.get(), ids.size(), vocab, dim, nullptr));
    Floats got = y.values();
    for (size_t t = 0; t < ids.size(); ++t)
      for (int64_t c = 0; c < dim; ++c)
        ASSERT_EQ(got[t * dim + c], ids[t] < 0 || ids[t] >= vocab ? 0 : table[ids[t] * dim + c]) << t << ' ' << c;
  }
}

/// Dense rows in place, and rows in groups with NaN between the groups; odd widths and addresses go the plain way.
TEST_P(CudaElementwise, RmsNorm) {
  for (int64_t n : {1, 8, 72, 77, 512, 2056, 4096, 16384, 32768, 40000})
    for (int64_t group : {1, 3})
      for (int64_t gap : {0, 8, 3}) {
        const int64_t rows = 6;
        Floats x = random(rows * n, n), w = random(n, n + 2);
        Doubles want(rows * n);
        xlstm::reference::rmsNorm(widen(x).data(), widen(w).data(), want.data(), rows, n, 1e-5);
        DeviceFloats dx(type, spread(x, group * n, gap)), dw(type, w), y(type, rows * n);
        void *to = gap ? y.get() : dx.get();
        ASSERT_CUDA(
            xlstm_cuda_rms_norm(type, dx.get(), dw.get(), to, rows / group, group, n, group * n + gap, 1e-5f, nullptr));
        EXPECT_LE(headError((gap ? y : dx).values(), want, 1, rows * n), toleranceOf(type)) << n << ' ' << gap;
      }
}

TEST_P(CudaElementwise, Rope) {
  for (int64_t d : {2, 4, 32, 34, 72, 96, 128, 256, 2050})
    for (int64_t gap : {0, 8, 5}) {
      const int64_t B = 2, T = 3, H = 5;
      Floats x = random(B * T * H * d, d);
      Doubles frequencies(d / 2);
      for (int64_t i = 0; i < d / 2; ++i)
        frequencies[i] = std::pow(500000.0, -2.0 * double(i) / double(d));
      std::vector<int64_t> turns(d / 2);
      std::transform(frequencies.begin(), frequencies.end(), turns.begin(), xlstm::turnsOf);
      std::vector<int32_t> positions = {0, 1, 511, 131071, (1 << 24) + 1, INT32_MAX};
      Doubles want(x.size());
      xlstm::reference::rope(widen(x).data(), positions.data(), frequencies.data(), 1.5, want.data(), B, T, H,
                             d);
      DeviceFloats dx(type, spread(x, H * d, gap)), y(type, int64_t(x.size()));
      DeviceArray<int32_t> dp(positions);
      DeviceArray<int64_t> dt(turns);
      void *to = gap ? y.get() : dx.get();
      ASSERT_CUDA(xlstm_cuda_rope(type, dx.get(), dp.get(), dt.get(), to, B * T, H, d,
                                  H * d + gap, 1.5f, nullptr));
      EXPECT_LE(headError((gap ? y : dx).values(), want, H, d), toleranceOf(type)) << d << ' ' << gap;
    }
}

TEST_P(CudaElementwise, Swiglu) {
  for (int64_t n : {8, 13, 1536, 14336}) {
    const int64_t rows = 3;
    Floats packed = random(rows * 2 * n, n); // gate and up side by side
    packed[0] = nearest(type, -80), packed[1] = nearest(type, 80), packed[2] = nearest(type, -200);
    Doubles gate, up, want(rows * n);
    for (int64_t r = 0; r < rows; ++r) {
      auto row = packed.begin() + r * 2 * n;
      gate.insert(gate.end(), row, row + n), up.insert(up.end(), row + n, row + 2 * n);
    }
    xlstm::reference::swiglu(gate.data(), up.data(), want.data(), rows * n);
    DeviceFloats device(type, packed), y(type, rows * n),
        apart(type, spread(rounded(type, Floats(up.begin(), up.end())), n, 16));
    const char *from = static_cast<char *>(device.get());
    ASSERT_CUDA(xlstm_cuda_swiglu(type, from, from + n * sizeOf(type), y.get(), rows, n, 2 * n, 2 * n, nullptr));
    EXPECT_LE(headError(y.values(), want, 1, rows * n), toleranceOf(type)) << n;
    DeviceFloats z(type, rows * n);
    ASSERT_CUDA(xlstm_cuda_swiglu(type, from, apart.get(), z.get(), rows, n, 2 * n, n + 16, nullptr));
    EXPECT_EQ(z.values(), y.values()) << n;
  }
}

TEST_P(CudaElementwise, Copy) {
  for (int64_t n : {1, 8, 33, 4096, 300001})
    for (int64_t gap : {0, 8, 1}) {
      Floats x = random(3 * n, n);
      DeviceFloats dx(type, spread(x, n, gap)), y(type, 3 * n), apart(type, spread(Floats(3 * n), n, gap));
      ASSERT_CUDA(xlstm_cuda_copy(type, dx.get(), y.get(), 3, n, n + gap, n, nullptr));
      EXPECT_EQ(y.values(), x) << n << ' ' << gap;
      ASSERT_CUDA(xlstm_cuda_copy(type, y.get(), apart.get(), 3, n, n, n + gap, nullptr));
      EXPECT_EQ(gathered(apart.values(), n, gap), x) << n << ' ' << gap;
    }
}

TEST_P(CudaElementwise, Mix) {
  for (int64_t d : {1, 8, 20, 77, 128}) {
    const int64_t n = 13;
    Floats gate = randomFloats(n, 1, -90, 90), memory = random(n * d, 2), window = random(n * d, 3);
    Doubles want(n * d);
    xlstm::reference::mix(widen(gate).data(), widen(memory).data(), widen(window).data(), want.data(), n, d);
    DeviceFloats dg(XLSTM_F32, gate), dm(type, memory), dw(type, window), y(type, n * d);
    ASSERT_CUDA(xlstm_cuda_mix(type, static_cast<float *>(dg.get()), dm.get(), dw.get(), y.get(), n, d, nullptr));
    EXPECT_LE(headError(y.values(), want, 1, n * d), toleranceOf(type)) << d;
  }
}

TEST(CudaShapes, AreRefused) {
  EXPECT_NE(xlstm_cuda_rms_norm(XLSTM_F32, nullptr, nullptr, nullptr, 3, 0, 16, 32, 0, nullptr), 0);
  EXPECT_NE(xlstm_cuda_rms_norm(XLSTM_F32, nullptr, nullptr, nullptr, 2, 2, 16, 24, 0, nullptr), 0);
  EXPECT_NE(xlstm_cuda_rms_norm(XLSTM_FP8_E4M3, nullptr, nullptr, nullptr, 1, 1, 16, 16, 0, nullptr), 0);
  EXPECT_NE(xlstm_cuda_rope(XLSTM_F32, nullptr, nullptr, nullptr, nullptr, 1, 1, 5, 5, 1, nullptr), 0);
  EXPECT_NE(xlstm_cuda_swiglu(XLSTM_F32, nullptr, nullptr, nullptr, 1, 16, 8, 16, nullptr), 0);
  EXPECT_NE(xlstm_cuda_copy(XLSTM_F32, nullptr, nullptr, 1, 16, 8, 16, nullptr), 0);
  EXPECT_NE(xlstm_cuda_copy(XLSTM_F32, nullptr, nullptr, 1, 16, 16, 8, nullptr), 0);
  EXPECT_EQ(xlstm_cuda_copy(XLSTM_F32, nullptr, nullptr, 0, 16, 16, 16, nullptr), 0);
}
