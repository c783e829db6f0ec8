//===- StepNote.h - what the progress line says of a step ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_STEPNOTE_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_STEPNOTE_H

#include <ATen/core/Tensor.h>

#include <chrono>
#include <string>

namespace xlstm {

/// "loss 2.3456  12345 tokens/s  1.2 GB": tokens of all ranks, since the first step of this process; memory that it
/// has, of a GPU the most that it had.
class StepNote {
public:
  StepNote(int64_t tokensOfStep, c10::Device device) : tokens(tokensOfStep), device(device) {}
  std::string after(double loss);

private:
  using Clock = std::chrono::steady_clock;
  int64_t tokens, steps = 0;
  c10::Device device;
  Clock::time_point start = Clock::now();
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_STEPNOTE_H
