//===- StepNote.cpp - what the progress line says of a step ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StepNote.h"

#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <unistd.h>

namespace xlstm {

/// 0 where the system does not say.
static double heldBytes(c10::Device device) {
  if (!device.is_cpu())
    return double(c10::getDeviceAllocator(device.type())->getDeviceStats(device.index()).allocated_bytes[0].peak);
  double all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * double(::sysconf(_SC_PAGESIZE));
}

std::string StepNote::after(double loss, int64_t tokensOfStep) {
  tokens += tokensOfStep;
  double seconds = std::chrono::duration<double>(Clock::now() - start).count(), bytes = heldBytes(device);
  double each = double(tokens) / std::max(seconds, 1e-9);
  char text[112];
  int size = areWritten ? std::snprintf(text, sizeof text, "loss %.4f  %lld tokens written, %.0f/s", loss,
                                        static_cast<long long>(tokens), each)
                        : std::snprintf(text, sizeof text, "loss %.4f  %.0f tokens/s", loss, each);
  if (bytes > 0 && size > 0 && size_t(size) < sizeof text)
    std::snprintf(text + size, sizeof text - size_t(size), "  %.1f GB", bytes / 1e9);
  return text;
}

} // namespace xlstm
