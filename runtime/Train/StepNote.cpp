//===- StepNote.cpp - what the progress line says of a step ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StepNote.h"

#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <unistd.h>

namespace xlstm {

double heldBytes(c10::Device device) {
  if (!device.is_cpu())
    return double(c10::getDeviceAllocator(device.type())->getDeviceStats(device.index()).allocated_bytes[0].peak);
  double all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * double(::sysconf(_SC_PAGESIZE));
}

std::string StepNote::after(double loss, int64_t tokensOfStep) {
  tokens += tokensOfStep;
  double seconds = std::chrono::duration<double>(Clock::now() - start).count(), bytes = heldBytes(device);
  double rate = double(tokens) / std::max(seconds, 1e-9), share = areWritten ? 0 : speed.share(rate);
  std::string text;
  auto add = [&](const char *format, double value) {
    char part[64];
    std::snprintf(part, sizeof part, format, value);
    text += (text.empty() ? "" : "  ") + std::string(part);
  };
  add("loss %.4f", loss);
  if (areWritten)
    add("%.0f tokens written", double(tokens));
  add("%.0f tokens/s", rate);
  if (bytes > 0)
    add("%.1f GB", bytes / 1e9);
  if (share > 0)
    add("%.0f %% of matmul", 100 * share);
  return text;
}

} // namespace xlstm
