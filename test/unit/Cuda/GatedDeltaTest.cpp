//===- GatedDeltaTest.cpp - the gated delta rule on CUDA --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A text is fed in pieces through the state; together the outputs are the float64 reference's over the whole text.

#include "test/unit/Cuda/CudaTest.h"
#include "xlstm/Kernels/Cuda.h"

using namespace xlstm;
using namespace xlstm::test;

namespace {

struct Case {
  int64_t B, T, H, Hkv, m, dv;
};

class CudaGatedDelta : public testing::TestWithParam<xlstm_dtype> {
protected:
  xlstm_dtype type = GetParam();

  void check(const Case &c, const std::vector<int64_t> &pattern) {
    const Floats q = rounded(type, randomFloats(c.B * c.T * c.H * c.m, 1, -1, 1)),
                 k = rounded(type, randomFloats(c.B * c.T * c.Hkv * c.m, 2, -1, 1)),
                 v = rounded(type, randomFloats(c.B * c.T * c.Hkv * c.dv, 3)),
                 write = randomFloats(c.B * c.T * c.H, 4, -2, 2), decay = randomFloats(c.B * c.T * c.H, 5, 0, 6);
    Doubles want(c.B * c.T * c.H * c.dv);
    reference::gatedDelta(widen(q).data(), widen(k).data(), widen(v).data(), widen(write).data(), widen(decay).data(),
                          oneDocument(c.B, c.T).data(), want.data(), c.B, c.T, c.H, c.Hkv, c.m, c.dv);
    const DeviceFloats S(XLSTM_F32, Floats(c.B * c.H * c.m * c.dv, 0.0f));
    Floats h(want.size(), NAN);
    auto at = [](const DeviceFloats &array) { return static_cast<float *>(array.get()); };
    for (int64_t from = 0; int64_t count : split(c.T, pattern)) {
      auto piece = [&](xlstm_dtype type, const Floats &all, int64_t width) {
        return DeviceFloats(type, tokens(all, c.B, c.T, width, from, count));
      };
      const DeviceFloats dq = piece(type, q, c.H * c.m), dk = piece(type, k, c.Hkv * c.m),
                         dv = piece(type, v, c.Hkv * c.dv), dw = piece(XLSTM_F32, write, c.H),
                         dd = piece(XLSTM_F32, decay, c.H), out(type, c.B * count * c.H * c.dv);
      ASSERT_CUDA(xlstm_cuda_gated_delta(type, dq.get(), dk.get(), dv.get(), at(dw), at(dd), at(S), out.get(), c.B,
                                         count, c.H, c.Hkv, c.m, c.dv, nullptr));
      putTokens(h, out.values(), c.B, c.T, c.H * c.dv, from, count);
      from += count;
    }
    ASSERT_LE(headError(h, want, c.H, c.dv), toleranceOf(type))
        << "B" << c.B << " T" << c.T << " H" << c.H << '/' << c.Hkv << " m" << c.m << " dv" << c.dv << " pieces of "
        << pattern.front();
  }
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Types, CudaGatedDelta, testing::Values(XLSTM_F32, XLSTM_BF16));

TEST_P(CudaGatedDelta, EveryShapeInPieces) {
  for (const Case &c : {Case{2, 40, 4, 2, 64, 64}, Case{1, 70, 3, 1, 33, 17}, Case{2, 9, 2, 2, 128, 128},
                        Case{1, 5, 1, 1, 1, 1}, Case{1, 20, 2, 1, 256, 100}, Case{1, 3, 1, 1, 1000, 40}})
    for (const std::vector<int64_t> &pattern : {std::vector<int64_t>{1 << 20}, {1}, {1, 7, 16, 3}})
      check(c, pattern);
}

TEST_P(CudaGatedDelta, WhatItDoesNotTake) {
  EXPECT_NE(xlstm_cuda_gated_delta(type, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, 1, 1, 3, 2, 8,
                                   8, nullptr),
            0);
  EXPECT_NE(xlstm_cuda_gated_delta(XLSTM_FP8_E4M3, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, 1, 1,
                                   2, 2, 8, 8, nullptr),
            0);
}
