//===- MachineSpeed.h - what a machine does in a second -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_MACHINESPEED_H
#define XLSTM_TOOLS_XLSTM_MACHINESPEED_H

#include <c10/core/Device.h>

#include <string>

namespace xlstm {

/// Multiplications and additions a second of a large product of matrices on a device, the best of a few that take a
/// moment: what the device reaches here. `precision`: of training, "f32" or "bf16", which a GPU alone multiplies in.
double matrixRate(c10::Device device, const std::string &precision);

/// Bytes a second that the cores read out of memory together: 256 MB, the best of a few.
double readRate();

/// What training and scoring do in a second, about.
struct MachineSpeed {
  double operations, bytes;
  /// By matrixRate; zeros where there is no such device.
  static MachineSpeed measure(const std::string &device, const std::string &precision);
};

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_MACHINESPEED_H
