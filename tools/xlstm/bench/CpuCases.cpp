//===- CpuCases.cpp - the CPU kernels that `xlstm bench kernels` measures ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Bench.h"

#include "xlstm/Kernels/CpuCalls.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/silu.h>

namespace xlstm::bench {

/// y = silu(gate) * up, the elementwise piece of every layer.
static Work swiglu(int64_t n) {
  at::Tensor gate = at::rand({n}), up = at::rand({n}), y = at::empty_like(gate);
  Work work;
  work.bytes = 3.0 * 4 * double(n), work.flops = 5.0 * double(n);
  work.run = [=](void *) {
    xlstm_cpu_swiglu(gate.const_data_ptr<float>(), up.const_data_ptr<float>(), y.mutable_data_ptr<float>(), 1, n, n, n);
  };
  work.peers = {{"aten", [=] { at::silu(gate).mul_(up); }}};
  return work;
}

std::vector<Case> cpuCases() {
  std::vector<Case> cases = {{"swiglu", "2048 x 1536", "f32", [] { return swiglu(2048 * 1536); }}};
  addHybridCases(cases);
  return cases;
}

} // namespace xlstm::bench
