//===- StepNote.h - what the progress line says of a step ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_STEPNOTE_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_STEPNOTE_H

#include <ATen/core/Tensor.h>

#include <chrono>
#include <string>

namespace xlstm {

/// Bytes of memory that this process has, of a GPU the most that it had; 0 where the system does not say.
double heldBytes(c10::Device device);

/// What the speed of steps is measured by.
struct StepSpeed {
  double tokenOperations = 0, deviceOperations = 0; // TrainOptions'

  /// Of what the devices do where they multiply matrices; 0 where that is not known.
  double share(double tokensPerSecond) const {
    return deviceOperations > 0 ? tokensPerSecond * tokenOperations / deviceOperations : 0;
  }
};

/// "loss 2.3456  12345 tokens/s  1.2 GB  41 % of matmul": tokens of all ranks, since the first step of this process. Where
/// the student writes what it is trained on, these are the tokens: "loss 2.3456  65536 tokens written  1234 tokens/s".
class StepNote {
public:
  StepNote(const StepSpeed &speed, bool areWritten, c10::Device device)
      : speed(speed), areWritten(areWritten), device(device) {}
  /// Behind a step of so many tokens.
  std::string after(double loss, int64_t tokensOfStep);

private:
  using Clock = std::chrono::steady_clock;
  StepSpeed speed;
  bool areWritten;
  int64_t tokens = 0;
  c10::Device device;
  Clock::time_point start = Clock::now();
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_STEPNOTE_H
