//===- Trace.h - a timeline of what a benchmark ran ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_BENCH_TRACE_H
#define XLSTM_TOOLS_BENCH_TRACE_H

#include <filesystem>

namespace xlstm::bench {

/// From here on every ATen op and every kernel of the GPU is recorded (Kineto).
void startTrace(bool onGpu);

/// Writes what was recorded, as chrome://tracing and Perfetto read it.
void stopTrace(const std::filesystem::path &file);

} // namespace xlstm::bench

#endif // XLSTM_TOOLS_BENCH_TRACE_H
