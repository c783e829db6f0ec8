//===- ElementwiseTest.cpp - embedding, RMS norm, RoPE and SwiGLU on CUDA ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Cuda/CudaTest.h"

using namespace xlstm::test;

class CudaElementwise : public testing::TestWithParam<xlstm_dtype> {
protected:
  xlstm_dtype type = GetParam();
  Floats random(int64_t count, uint32_t seed) { return rounded(type, randomFloats(count, seed, -1.0f, 1.5f)); }
};

INSTANTIATE_TEST_SUITE_P(Types, CudaElementwise, testing::Values(XLSTM_F32, XLSTM_BF16));

TEST_P(CudaElementwise, Embed) {
  const int64_t vocab = 11, dim = 1032;
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

TEST_P(CudaElementwise, RmsNorm) {
  for (int64_t n : {8, 72, 512, 2056, 4096, 16384, 32768})
    for (bool withResidual : {false, true}) {
      const int64_t rows = 5;
      Floats x = random(rows * n, n), residual = random(rows * n, n + 1), w = random(n, n + 2), sum = x;
      if (withResidual)
        for (size_t i = 0; i < sum.size(); ++i)
          sum[i] = nearest(type, x[i] + residual[i]);
      Doubles want(rows * n);
      xlstm::reference::rmsNorm(widen(sum).data(), widen(w).data(), want.data(), rows, n, 1e-5);
      DeviceFloats dx(type, x), dr(type, residual), dw(type, w), y(type, rows * n);
      // The sum goes where the residual was, as a model's stream does.
      ASSERT_CUDA(xlstm_cuda_rms_norm(type, dx.get(), withResidual ? dr.get() : nullptr, dw.get(), dr.get(), y.get(),
                                      rows, n, 1e-5f, nullptr));
      EXPECT_LE(headError(y.values(), want, 1, rows * n), toleranceOf(type)) << n;
      EXPECT_EQ(dr.values(), withResidual ? sum : residual) << n;
    }
}

TEST_P(CudaElementwise, Rope) {
  for (int64_t d : {4, 32, 72, 96, 128, 256}) {
    const int64_t B = 2, T = 3, H = 5;
    Floats x = random(B * T * H * d, d), frequencies(d / 2);
    for (int64_t i = 0; i < d / 2; ++i)
      frequencies[i] = std::pow(500000.0f, -2.0f * float(i) / float(d));
    std::vector<int32_t> positions = {0, 1, 511, 4096, 65537, 131071};
    Doubles want(x.size());
    xlstm::reference::rope(widen(x).data(), positions.data(), widen(frequencies).data(), 1.5, want.data(), B, T, H, d);
    DeviceFloats dx(type, x), df(XLSTM_F32, frequencies);
    DeviceArray<int32_t> dp(positions);
    ASSERT_CUDA(xlstm_cuda_rope(type, dx.get(), dp.get(), static_cast<float *>(df.get()), 1.5f, dx.get(), B * T, H, d,
                                nullptr));
    EXPECT_LE(headError(dx.values(), want, H, d), toleranceOf(type)) << d;
  }
}

TEST_P(CudaElementwise, Swiglu) {
  for (int64_t n : {8, 1536, 14336}) {
    const int64_t rows = 3;
    Floats packed = random(rows * 2 * n, n); // gate and up side by side
    packed[0] = nearest(type, -80), packed[1] = nearest(type, 80), packed[2] = nearest(type, -200);
    Doubles gate, up, want(rows * n);
    for (int64_t r = 0; r < rows; ++r) {
      auto row = packed.begin() + r * 2 * n;
      gate.insert(gate.end(), row, row + n), up.insert(up.end(), row + n, row + 2 * n);
    }
    xlstm::reference::swiglu(gate.data(), up.data(), want.data(), rows * n);
    DeviceFloats device(type, packed), y(type, rows * n);
    const char *from = static_cast<char *>(device.get());
    ASSERT_CUDA(xlstm_cuda_swiglu(type, from, from + n * sizeOf(type), y.get(), rows, n, 2 * n, nullptr));
    EXPECT_LE(headError(y.values(), want, 1, rows * n), toleranceOf(type)) << n;
  }
}

TEST(CudaShapes, AreRefused) {
  EXPECT_NE(xlstm_cuda_rms_norm(XLSTM_F32, nullptr, nullptr, nullptr, nullptr, nullptr, 1, 12, 0, nullptr), 0);
  EXPECT_NE(xlstm_cuda_rms_norm(XLSTM_FP8_E4M3, nullptr, nullptr, nullptr, nullptr, nullptr, 1, 16, 0, nullptr), 0);
  EXPECT_NE(xlstm_cuda_rope(XLSTM_F32, nullptr, nullptr, nullptr, 1, nullptr, 1, 1, 6, nullptr), 0);
  EXPECT_NE(xlstm_cuda_swiglu(XLSTM_F32, nullptr, nullptr, nullptr, 1, 16, 8, nullptr), 0);
}
