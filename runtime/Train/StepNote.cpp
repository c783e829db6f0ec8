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

std::string StepNote::after(double loss) {
  ++steps;
  double seconds = std::chrono::duration<double>(Clock::now() - start).count(), bytes = heldBytes(device);
  char text[96];
  int size = std::snprintf(text, sizeof text, "loss %.4f  %.0f tokens/s", loss,
                           double(steps * tokens) / std::max(seconds, 1e-9));
  if (bytes > 0 && size > 0 && size_t(size) < sizeof text)
    std::snprintf(text + size, sizeof text - size_t(size), "  %.1f GB", bytes / 1e9);
  return text;
}

} // namespace xlstm
