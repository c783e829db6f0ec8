//===- Timing.cpp - the median of many runs, on the CPU --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Bench.h"

#include <algorithm>
#include <chrono>

double xlstm::bench::timeOnCpu(const std::function<void()> &run) {
  using Clock = std::chrono::steady_clock;
  run(); // warm: pages touched, threads started
  std::vector<double> times;
  Clock::time_point start = Clock::now();
  while (times.size() < 3 || (times.size() < 200 && Clock::now() - start < std::chrono::milliseconds(500))) {
    Clock::time_point before = Clock::now();
    run();
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - before).count());
  }
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  return times[times.size() / 2];
}
