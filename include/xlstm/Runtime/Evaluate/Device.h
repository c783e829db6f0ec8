//===- Device.h - where tensors live and functions run --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVALUATE_DEVICE_H
#define XLSTM_RUNTIME_EVALUATE_DEVICE_H

#include <c10/core/Device.h>

#include <string>

namespace xlstm {

/// "cpu" or "cuda", ready for use. The build links LibTorch's CPU half alone: for "cuda" its other half is loaded,
/// once. Throws Error, one line, for another name, where LibTorch has no CUDA half, and where there is no GPU.
c10::Device openDevice(const std::string &name);

/// Which of the host's GPUs "cuda" is from now on, before it is opened: the first unless told. A process that is shown
/// a single one has that.
void chooseGpu(int index);

/// While it lives, a GPU's products of float32 round their operands to TF32's 11 bits, at several times the speed.
class Tf32Products {
public:
  explicit Tf32Products(bool isOn);
  ~Tf32Products();
  Tf32Products(const Tf32Products &) = delete;

private:
  bool before;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVALUATE_DEVICE_H
