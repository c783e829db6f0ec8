//===- StepsOnCpu.h - the CUDA steps by the CPU's kernels -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TEST_UNIT_TARGET_STEPSONCPU_H
#define TEST_UNIT_TARGET_STEPSONCPU_H

#include <cstddef>
#include <string>
#include <vector>

namespace xlstm::test {

/// The steps that were called, without "xlstm_cuda_".
extern std::vector<std::string> steps;
/// The index in `steps` of a call that returns an error.
extern size_t failingStep;

} // namespace xlstm::test

#endif // TEST_UNIT_TARGET_STEPSONCPU_H
