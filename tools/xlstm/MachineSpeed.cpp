//===- MachineSpeed.cpp - what a machine does in a second -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Estimate.h"

#include "xlstm/Runtime/Evaluate/Device.h"
#include "xlstm/Support/Error.h"

#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>

#include <algorithm>
#include <chrono>
#include <optional>

namespace xlstm {

/// The share of a large product's speed that training and scoring reach.
constexpr double reached = 0.4;
constexpr double copied = 3e8; // bytes a second through hashes, to a disk and flushed

MachineSpeed MachineSpeed::measure(const std::string &device, const std::string &precision) {
  bool isCuda = device == "cuda";
  int64_t size = isCuda ? 8192 : 1024;
  at::ScalarType type = isCuda && precision == "bf16" ? at::kBFloat16 : at::kFloat;
  std::optional<at::Device> place;
  try {
    place = openDevice(device);
  } catch (const Error &) { // a plan for another machine
    return {0, 0};
  }
  at::Tensor matrix = at::ones({size, size}, at::TensorOptions(*place).dtype(type));
  double best = 1e9;
  for (int n = 0; n < 4; ++n) {
    auto start = std::chrono::steady_clock::now();
    at::matmul(matrix, matrix)[0][0].item<float>(); // waits
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return {reached * 2 * double(size) * double(size) * double(size) / best, copied};
}

} // namespace xlstm
