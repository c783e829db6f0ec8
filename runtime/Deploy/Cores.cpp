//===- Cores.cpp - how many threads are worth starting ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Cores.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sched.h>
#include <set>
#include <string>

namespace xlstm {

/// The first line of a file; empty where there is none.
static std::string lineOf(const std::string &path) {
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  return line;
}

static int affineCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    return 1;
  std::set<std::string> cores; // by their threads, which the system lists alike for all of them
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &set)) {
      std::string siblings =
          lineOf("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list");
      cores.insert(siblings.empty() ? "cpu " + std::to_string(cpu) : siblings);
    }
  return std::max(static_cast<int>(cores.size()), 1);
}

int coresWithin(std::string_view cpuMax, int cores) {
  long quota = 0, period = 0;
  const char *end = cpuMax.data() + cpuMax.size();
  auto first = std::from_chars(cpuMax.data(), end, quota); // not of "max"
  if (first.ec != std::errc() || first.ptr == end || quota <= 0)
    return cores;
  if (std::from_chars(first.ptr + 1, end, period).ec != std::errc() || period <= 0)
    return cores;
  return static_cast<int>(std::clamp((quota + period - 1) / period, 1L, static_cast<long>(cores)));
}

int usableCores() {
  int cores = affineCores();
  // The group of version 2 that this process is in, and those above it.
  std::string line, group;
  for (std::ifstream groups("/proc/self/cgroup"); std::getline(groups, line);)
    if (line.starts_with("0::"))
      group = line.substr(3);
  for (; group.size() > 1; group.resize(group.rfind('/')))
    cores = coresWithin(lineOf("/sys/fs/cgroup" + group + "/cpu.max"), cores);
  cores = coresWithin(lineOf("/sys/fs/cgroup/cpu.max"), cores); // a container sees its own group as the root
  const std::string v1 = "/sys/fs/cgroup/cpu/cpu.cfs_";
  return coresWithin(lineOf(v1 + "quota_us") + " " + lineOf(v1 + "period_us"), cores);
}

} // namespace xlstm
