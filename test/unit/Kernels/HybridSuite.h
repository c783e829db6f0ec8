//===- HybridSuite.h - tests of the CPU mixer in every vector width -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TEST_UNIT_KERNELS_HYBRIDSUITE_H
#define XLSTM_TEST_UNIT_KERNELS_HYBRIDSUITE_H

#include "HybridRun.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace xlstm::test {

/// Runs in the instruction set of its parameter. In builds with XLSTM_HYBRID_LANES the plain kernels are plain C++ of
/// vectors that wide, so that every width is tested on any CPU.
class HybridSuite : public testing::TestWithParam<kernels::Isa> {
protected:
  void SetUp() override {
    kernels::limitIsa(GetParam());
    if (kernels::isa() != GetParam())
      GTEST_SKIP() << "this CPU has not these instructions";
  }
};

#ifdef XLSTM_HYBRID_LANES
#define XLSTM_HYBRID_ISAS testing::Values(kernels::Isa::Plain)
#else
#define XLSTM_HYBRID_ISAS testing::Values(kernels::Isa::Plain, kernels::Isa::Avx2, kernels::Isa::Avx512)
#endif

inline std::string isaName(const testing::TestParamInfo<kernels::Isa> &info) {
  using kernels::Isa;
  return info.param == Isa::Plain ? "plain" : info.param == Isa::Avx2 ? "avx2" : "avx512";
}

/// A suite of that name, which TEST_P adds to.
#define XLSTM_IN_EVERY_ISA(name)                                                                                       \
  class name : public HybridSuite {};                                                                                  \
  INSTANTIATE_TEST_SUITE_P(Isa, name, XLSTM_HYBRID_ISAS, isaName)

/// More threads than most cases have heads, whatever the machine has: their tokens are cut into pieces.
inline const int ManyThreads = setenv("XLSTM_THREADS", "5", 1);

/// Forward, the state afterwards and every gradient against the reference; the run's own results are returned.
inline HybridRun check(const HybridCase &c, const char *what, double tolerance = Tolerance) {
  const reference::HybridShape &s = c.shape;
  SCOPED_TRACE(testing::Message() << what << ": B " << s.B << " T " << s.T << " H " << s.H << " Hkv " << s.Hkv << " d "
                                  << s.d << " W " << s.W << " S " << s.S);
  HybridTruth truth(c);
  HybridStates<double> want;
  Doubles h = truth.forward(&want);
  HybridRun run(c);
  run.forward();
  EXPECT_LT(headError(run.h, h, s.H, s.d), tolerance);
  if (c.state)
    expectStates(run.state, want, s, tolerance);
  run.backward();
  expectGradients(run.gradients, truth.backward(), s, tolerance);
  return run;
}

} // namespace xlstm::test

#endif // XLSTM_TEST_UNIT_KERNELS_HYBRIDSUITE_H
