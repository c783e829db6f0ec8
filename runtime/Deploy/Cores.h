//===- Cores.h - how many threads are worth starting -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_CORES_H
#define RUNTIME_DEPLOY_CORES_H

#include <string_view>

namespace xlstm {

/// Cores that this process may use: those of its affinity, two threads of one core counted once, and no more than the
/// processor time that its control groups give it (cgroup v2 and v1). At least 1.
int usableCores();

/// What a cgroup v2's cpu.max, "quota period" or "max period", leaves of `cores`, rounded up.
int coresWithin(std::string_view cpuMax, int cores);

} // namespace xlstm

#endif // RUNTIME_DEPLOY_CORES_H
