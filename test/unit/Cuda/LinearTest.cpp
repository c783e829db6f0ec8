//===- LinearTest.cpp - linear layers on CUDA: every kind of product -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Cuda/CudaTest.h"
#include "xlstm/Kernels/Cuda.h"

using namespace xlstm::test;

namespace {

struct Types {
  xlstm_dtype x, w, y;
};

struct Shape {
  int64_t rows, in, out;
};

class CudaLinear : public testing::TestWithParam<Types> {
protected:
  Types types = GetParam();
};

/// What a product gives on the device, and the truth in float64; `inPlace`: y is the residual's memory.
struct Product {
  Floats x, w, bias, residual;
  Doubles want;

  Product(const Types &types, const Shape &s, bool withBias, bool withResidual)
      : x(rounded(types.x, randomFloats(s.rows * s.in, 1))), w(rounded(types.w, randomFloats(s.out * s.in, 2))),
        want(s.rows * s.out) {
    if (withBias)
      bias = rounded(types.w, randomFloats(s.out, 3));
    if (withResidual)
      residual = rounded(types.y, randomFloats(s.rows * s.out, 4));
    for (int64_t r = 0; r < s.rows; ++r)
      for (int64_t o = 0; o < s.out; ++o) {
        double sum = withBias ? bias[o] : 0;
        for (int64_t c = 0; c < s.in; ++c)
          sum += double(x[r * s.in + c]) * w[o * s.in + c];
        want[r * s.out + o] = sum + (withResidual ? residual[r * s.out + o] : 0);
      }
  }

  Floats run(const Types &types, const Shape &s, bool inPlace) const {
    DeviceFloats dx(types.x, x), dw(types.w, w), db(types.w, bias), dr(types.y, residual), y(types.y, s.rows * s.out);
    DeviceBytes workspace(xlstm_cuda_linear_workspace(XLSTM_F32, XLSTM_F32, XLSTM_F32, 1, 1, 1));
    DeviceFloats &to = inPlace ? dr : y;
    EXPECT_EQ(xlstm_cuda_linear(types.x, types.w, types.y, dx.get(), dw.get(), db.get(), dr.get(), to.get(), s.rows,
                                s.in, s.out, workspace.get(), nullptr),
              0);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    return to.values();
  }
};

} // namespace

INSTANTIATE_TEST_SUITE_P(All, CudaLinear,
                         testing::Values(Types{XLSTM_F32, XLSTM_F32, XLSTM_F32},
                                         Types{XLSTM_BF16, XLSTM_BF16, XLSTM_BF16},
                                         Types{XLSTM_BF16, XLSTM_BF16, XLSTM_F32},
                                         Types{XLSTM_BF16, XLSTM_F32, XLSTM_F32}));

TEST_P(CudaLinear, IsTheProduct) {
  for (const Shape &s : {Shape{1, 8, 1},
                         {1, 4096, 33},
                         {2, 352, 128},
                         {3, 72, 640},
                         {7, 1032, 100},
                         {8, 4104, 520},
                         {9, 136, 40},
                         {16, 512, 48},
                         {17, 520, 72},
                         {130, 264, 32},
                         {300, 1024, 8},
                         {257, 128, 40},
                         {1, 3, 5},
                         {7, 77, 130},
                         {100, 1001, 65},
                         {40, 72, 33},
                         {20, 64, 1}}) {
    const Product product(types, s, false, false);
    EXPECT_LE(headError(product.run(types, s, false), product.want, 1, s.out), toleranceOf(types.y))
        << s.rows << ' ' << s.in << ' ' << s.out;
  }
}

/// A residual that is the result's memory, and one that is not.
TEST_P(CudaLinear, AddsBiasAndResidual) {
  for (const Shape &s : {Shape{1, 512, 56}, {8, 520, 1032}, {12, 72, 24}, {150, 128, 64}, {30, 37, 24}})
    for (int options = 1; options < 4; ++options) {
      const bool withBias = options & 1, withResidual = options & 2;
      const Product product(types, s, withBias, withResidual);
      for (bool inPlace : {false, withResidual}) {
        // cuBLASLt then adds in bf16: two roundings.
        const double roundings = inPlace && types.y == XLSTM_BF16 && s.rows > 16 ? 2 : 1;
        EXPECT_LE(headError(product.run(types, s, inPlace), product.want, 1, s.out), roundings * toleranceOf(types.y))
            << s.rows << ' ' << s.in << ' ' << s.out << ' ' << options << ' ' << inPlace;
      }
    }
}

/// Products of one x that overlap, again and again, and one that reads what the last of them wrote.
TEST_P(CudaLinear, BesideOneAnother) {
  if (types.x != types.y)
    GTEST_SKIP() << "the last product reads the one before";
  const Shape wide = {3, 512, 640}, narrow = {3, 640, 40};
  const Product first(types, wide, false, false), last(types, wide, true, false);
  const Floats weights = rounded(types.w, randomFloats(narrow.out * narrow.in, 5));
  DeviceFloats x(types.x, first.x), w(types.w, first.w), b(types.w, last.bias), y1(types.y, 3 * 640),
      y2(types.y, 3 * 640), y3(types.y, 3 * 640), w4(types.w, weights), y4(types.y, 3 * 40);
  DeviceBytes workspace(xlstm_cuda_linear_workspace(XLSTM_F32, XLSTM_F32, XLSTM_F32, 1, 1, 1));
  auto run = [&](auto call, const DeviceFloats &from, const DeviceFloats &by, const void *bias, const DeviceFloats &to,
                 const Shape &s) {
    return call(types.x, types.w, types.y, from.get(), by.get(), bias, nullptr, to.get(), s.rows, s.in, s.out,
                workspace.get(), nullptr);
  };
  for (int turn = 0; turn < 20; ++turn) {
    ASSERT_CUDA(run(xlstm_cuda_linear, x, w, nullptr, y1, wide));
    ASSERT_CUDA(run(xlstm_cuda_linear_beside, x, w, nullptr, y2, wide));
    ASSERT_CUDA(run(xlstm_cuda_linear_beside, x, w, b.get(), y3, wide));
    ASSERT_CUDA(run(xlstm_cuda_linear, y3, w4, nullptr, y4, narrow));
  }
  EXPECT_LE(headError(y1.values(), first.want, 1, 640), toleranceOf(types.y));
  EXPECT_EQ(y1.values(), y2.values());
  const Floats read = y3.values();
  EXPECT_LE(headError(read, last.want, 1, 640), toleranceOf(types.y));
  Doubles want(3 * 40);
  for (int64_t n = 0; n < 3 * 40; ++n)
    for (int64_t c = 0; c < 640; ++c)
      want[n] += double(read[n / 40 * 640 + c]) * weights[n % 40 * 640 + c];
  EXPECT_LE(headError(y4.values(), want, 1, 40), toleranceOf(types.y));
}

/// The terms that a bf16 w would lose: gates keep float32's accuracy at any number of rows.
TEST(CudaLinearGates, KeepFloat32) {
  const Types types = {XLSTM_BF16, XLSTM_F32, XLSTM_F32};
  for (int64_t rows : {4, 200}) {
    const Shape s = {rows, 4096, 32};
    const Product product(types, s, true, false);
    EXPECT_LE(headError(product.run(types, s, false), product.want, 1, s.out), Tolerance) << rows;
  }
}

TEST(CudaLinearShapes, AreRefused) {
  auto run = [](xlstm_dtype x, xlstm_dtype w, xlstm_dtype y, int64_t rows, int64_t in) {
    return xlstm_cuda_linear(x, w, y, nullptr, nullptr, nullptr, nullptr, nullptr, rows, in, 8, nullptr, nullptr);
  };
  EXPECT_NE(run(XLSTM_F32, XLSTM_BF16, XLSTM_F32, 1, 8), 0);
  EXPECT_NE(run(XLSTM_BF16, XLSTM_F32, XLSTM_BF16, 1, 8), 0);
  EXPECT_NE(run(XLSTM_F32, XLSTM_F32, XLSTM_F32, 1, 0), 0);
  EXPECT_NE(run(XLSTM_F32, XLSTM_F32, XLSTM_F32, -1, 8), 0);
  EXPECT_EQ(run(XLSTM_F32, XLSTM_F32, XLSTM_F32, 0, 8), 0);
}
