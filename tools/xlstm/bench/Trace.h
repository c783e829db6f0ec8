//===- Trace.h - what a benchmark ran, kernel by kernel --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_BENCH_TRACE_H
#define XLSTM_TOOLS_BENCH_TRACE_H

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace xlstm::bench {

/// Where a GPU's time went.
struct GpuTime {
  std::vector<std::pair<std::string, double>> kinds; // ms by kind of work, and "waiting" for what nothing ran in
  double hidden = 0;                                 // ms of collectives while other kernels ran
  double kernels = 0;                                // how many ran
  double waits = 0;                                  // how often the host waited for the GPU

  /// Of one of `steps` like steps.
  GpuTime over(double steps) const;
};

/// From here on every ATen op and every kernel of the GPU is recorded (Kineto).
void startTrace(bool onGpu);

/// Writes what was recorded to `file`, where one is named, as chrome://tracing and Perfetto read it.
GpuTime stopTrace(const std::filesystem::path &file);

} // namespace xlstm::bench

#endif // XLSTM_TOOLS_BENCH_TRACE_H
