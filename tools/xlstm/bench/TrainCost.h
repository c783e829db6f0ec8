//===- TrainCost.h - what a training step costs at least --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_BENCH_TRAINCOST_H
#define XLSTM_TOOLS_BENCH_TRAINCOST_H

#include "Shapes.h"

#include "xlstm/Runtime/Train/TrainOptions.h"

#include <c10/core/Device.h>

namespace xlstm::bench {

/// Operations of one token in a row of `length`, with nothing computed twice. Stage I: the teacher's forward pass but
/// for its head, and every mixer forward and backward. Stage II: products forward and backward, without gradients of
/// weights that are frozen, and the mixers.
double alignFlops(const Shape &shape, int64_t length, int64_t window);
double distillFlops(const Shape &shape, int64_t length, int64_t window, Trained trained);

/// Operations a second of a large product in bfloat16 on the GPU, or float32 on the CPU: what the device reaches here.
double measuredRate(c10::Device device);

/// Bytes at the stage's peak, of a GPU's memory what LibTorch gives out, as `xlstm distill --dry-run` foretells them.
int64_t foretoldBytes(const std::string &teacherModule, const std::string &stage, const TrainOptions &options,
                      int64_t length, int64_t window, int64_t topK, bool isGpu, int64_t ranks = 1);

} // namespace xlstm::bench

#endif // XLSTM_TOOLS_BENCH_TRAINCOST_H
