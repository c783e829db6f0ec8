//===- TrainCost.cpp - what a training step costs at least ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TrainCost.h"

#include "../Estimate.h"

#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <chrono>

namespace xlstm::bench {

/// One token of all mixers, forward: maps, memory in chunks of 64, window and 4 sinks; the backward is 2.5 times that.
static double mixerFlops(const Shape &shape, int64_t length, int64_t window) {
  double d = double(shape.headSize), seen = double(std::min(length, window) + 4);
  return double(shape.layers * shape.heads) * (8 * d * d + 128 * d + 4 * d * seen);
}

double alignFlops(const Shape &shape, int64_t length, int64_t window) {
  double attention = 2.0 * double(shape.layers * shape.heads * shape.headSize * length);
  return 2.0 * double(shape.layers * shape.layerWeights()) + attention + 3.5 * mixerFlops(shape, length, window);
}

double distillFlops(const Shape &shape, int64_t length, int64_t window, Trained trained) {
  double products = trained == Trained::Full ? 6 : 4;
  return products * double(shape.weights()) + 3.5 * mixerFlops(shape, length, window);
}

double measuredRate(c10::Device device) {
  bool isGpu = device.is_cuda();
  int64_t n = isGpu ? 8192 : 1024, calls = isGpu ? 50 : 5;
  at::Tensor a = at::randn({n, n}, at::TensorOptions(device).dtype(isGpu ? at::kBFloat16 : at::kFloat));
  auto now = [&] {
    if (isGpu)
      c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
    return std::chrono::steady_clock::now();
  };
  at::mm(a, a);
  auto begin = now();
  for (int64_t call = 0; call < calls; ++call)
    at::mm(a, a);
  return 2.0 * double(n * n * n * calls) / std::chrono::duration<double>(now() - begin).count();
}

int64_t foretoldBytes(const std::string &teacherModule, const std::string &stage, const TrainOptions &options,
                      int64_t length, int64_t window, int64_t topK, bool isGpu, int64_t ranks) {
  Recipe recipe;
  recipe.length = length, recipe.topK = topK;
  recipe.student.options["window"] = std::to_string(window);
  recipe.align.options = options;
  recipe.experts = {{"bench", {options, 0, 1, {}}}};
  for (const StageNeeds &needs : estimateRun(recipe, teacherModule, "bench", ranks))
    if (needs.name == (stage == "align" ? "align" : "expert-bench"))
      return needs.memory - (isGpu ? ProgramBytes : 0); // which LibTorch does not count
  return 0;
}

} // namespace xlstm::bench
