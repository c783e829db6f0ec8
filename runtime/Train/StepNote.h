//===- StepNote.h - what the progress line says of a step ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_STEPNOTE_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_STEPNOTE_H

#include <ATen/core/Tensor.h>

#include <chrono>
#include <string>

namespace xlstm {

/// "loss 2.3456  12345 tokens/s  1.2 GB": tokens of all ranks, since the first step of this process; memory that it
/// has, of a GPU the most that it had. Where the student writes what it is trained on, these are the tokens: "loss
/// 2.3456  65536 tokens written, 1234/s  1.2 GB".
class StepNote {
public:
  StepNote(bool areWritten, c10::Device device) : areWritten(areWritten), device(device) {}
  /// Behind a step of so many tokens.
  std::string after(double loss, int64_t tokensOfStep);

private:
  using Clock = std::chrono::steady_clock;
  bool areWritten;
  int64_t tokens = 0;
  c10::Device device;
  Clock::time_point start = Clock::now();
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_STEPNOTE_H
