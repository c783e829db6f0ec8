//===- TrainCost.h - what a training step needs of memory -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_BENCH_TRAINCOST_H
#define XLSTM_TOOLS_BENCH_TRAINCOST_H

#include "xlstm/Runtime/Train/TrainOptions.h"

#include <cstdint>
#include <string>

namespace xlstm::bench {

/// Bytes at the stage's peak, of a GPU's memory what LibTorch gives out, as `xlstm distill --dry-run` foretells them.
int64_t foretoldBytes(const std::string &teacherModule, const std::string &stage, const TrainOptions &options,
                      int64_t length, int64_t window, int64_t topK, bool isGpu, int64_t ranks = 1);

} // namespace xlstm::bench

#endif // XLSTM_TOOLS_BENCH_TRAINCOST_H
