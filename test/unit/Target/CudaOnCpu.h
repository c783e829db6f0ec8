//===- CudaOnCpu.h - the CUDA kernels' functions by the CPU's --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TEST_UNIT_TARGET_CUDAONCPU_H
#define TEST_UNIT_TARGET_CUDAONCPU_H

#include <cstddef>
#include <string>
#include <vector>

namespace xlstm::test {

/// The functions that were called, without "xlstm_cuda_".
extern std::vector<std::string> calls;
/// The index in `calls` of one that returns an error.
extern size_t failingCall;

} // namespace xlstm::test

#endif // TEST_UNIT_TARGET_CUDAONCPU_H
