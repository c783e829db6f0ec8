//===- NoCuda.cpp - the CUDA half where the build has none -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Bench.h"

#include "xlstm/Support/Error.h"

namespace xlstm::bench {

std::vector<Case> cudaCases() { return {}; }
double timeOnCuda(const std::function<void(void *)> &) { openCuda(), __builtin_unreachable(); }
double timeOnCuda(const std::function<void()> &) { openCuda(), __builtin_unreachable(); }
void releaseCuda() {}
void openCuda() { fail("this build has no CUDA kernels: configure where nvcc is, or with -DXLSTM_CUDA=ON"); }

} // namespace xlstm::bench
