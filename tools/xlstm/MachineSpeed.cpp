//===- MachineSpeed.cpp - what a machine does in a second -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MachineSpeed.h"

#include "xlstm/Runtime/Evaluate/Device.h"
#include "xlstm/Support/Error.h"

#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/sum.h>
#include <c10/core/GradMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <chrono>

namespace xlstm {

/// The share of a large product's speed that training and scoring reach.
constexpr double reached = 0.4;
constexpr double copied = 3e8; // bytes a second through hashes, to a disk and flushed

/// Seconds of the shortest of a few rounds behind one that warms up.
template <typename Round>
static double shortest(Round round) {
  double best = 1e9;
  for (int number = 0; number < 5; ++number) {
    auto begin = std::chrono::steady_clock::now();
    round();
    if (number > 0)
      best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

double readRate() {
  constexpr int64_t elements = int64_t{1} << 26;
  at::Tensor memory = at::ones({elements});
  return double(elements * int64_t(sizeof(float))) / shortest([&] { memory.sum().item<float>(); });
}

double matrixRate(c10::Device device, const std::string &precision) {
  c10::NoGradGuard noGrad;
  bool isGpu = device.is_cuda();
  int64_t n = isGpu ? 8192 : 1024, calls = isGpu ? 10 : 1;
  at::ScalarType type = isGpu && precision == "bf16" ? at::kBFloat16 : at::kFloat;
  at::Tensor a = at::randn({n, n}, at::TensorOptions(device).dtype(type));
  double seconds = shortest([&] {
    for (int64_t call = 0; call < calls; ++call)
      at::mm(a, a);
    if (isGpu)
      c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
  });
  return 2.0 * double(n * n * n * calls) / seconds;
}

MachineSpeed MachineSpeed::measure(const std::string &device, const std::string &precision) {
  try {
    return {reached * matrixRate(openDevice(device), precision), copied};
  } catch (const Error &) { // a plan for another machine
    return {0, 0};
  }
}

} // namespace xlstm
