//===- CudaTest.cpp - main of the CUDA tests: skips all where there is no GPU ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <cuda_runtime.h>
#include <gtest/gtest.h>
#include <iostream>

/// What CMakeLists.txt tells ctest to take as skipped.
constexpr int Skipped = 77;

static int skipAll(const char *reason) {
  const testing::UnitTest &all = *testing::UnitTest::GetInstance();
  for (int s = 0; s < all.total_test_suite_count(); ++s) {
    const testing::TestSuite &suite = *all.GetTestSuite(s);
    for (int t = 0; t < suite.total_test_count(); ++t)
      std::cout << "[  SKIPPED ] " << suite.name() << '.' << suite.GetTestInfo(t)->name() << ": needs a GPU: " << reason
                << '\n';
  }
  return Skipped;
}

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  int devices = 0;
  cudaError_t error = cudaGetDeviceCount(&devices);
  if (error != cudaSuccess || devices == 0)
    return skipAll(error == cudaSuccess ? "no CUDA device" : cudaGetErrorString(error));
  return RUN_ALL_TESTS();
}
