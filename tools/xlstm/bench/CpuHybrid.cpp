//===- CpuHybrid.cpp - the fused mixer beside ATen's composition ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Mixer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

namespace xlstm::bench {

using at::Tensor;

static std::shared_ptr<Mixer> mixerOnCpu(const xlstm_hybrid_shape &shape) {
  size_t bytes = std::max(xlstm_cpu_hybrid_forward_workspace(&shape), xlstm_cpu_hybrid_backward_workspace(&shape));
  return std::make_shared<Mixer>(shape, at::kCPU, bytes);
}

static Work mixer(const xlstm_hybrid_shape &shape, bool withBackward) {
  std::shared_ptr<Mixer> mixer = mixerOnCpu(shape);
  Work work;
  work.bytes = mixer->bytes() * (withBackward ? 3 : 1), work.flops = mixer->flops(withBackward);
  work.run = [=](void *) {
    xlstm_hybrid_inputs in = mixer->inputs();
    xlstm_hybrid_saved keep = mixer->saved();
    void *workspace = mixer->workspace.mutable_data_ptr();
    xlstm_cpu_hybrid_forward(&shape, &in, nullptr, mixer->h.mutable_data_ptr(), withBackward ? &keep : nullptr,
                             workspace);
    if (!withBackward)
      return;
    xlstm_hybrid_gradients out = mixer->outputs();
    xlstm_cpu_hybrid_backward(&shape, &in, nullptr, &keep, nullptr, mixer->dh.const_data_ptr(), nullptr, &out,
                              workspace);
  };
  work.peers = {mixer->composition(withBackward, at::kFloat)}; // torch's bf16 products are slow on the CPU
  return work;
}

/// One token of B sequences whose documents are longer than the window. The peer reads the state once.
static Work decode(xlstm_hybrid_shape shape) {
  std::shared_ptr<Mixer> mixer = mixerOnCpu(shape);
  const xlstm_hybrid_shape &s = mixer->shape;
  std::vector<Tensor> state = {
      at::zeros({s.B, s.H, s.d, s.d}),   at::full({s.B, s.H, s.d}, 1.0),    at::zeros({s.B, s.H}),
      at::randn({s.B, s.W, s.Hkv, s.d}), at::randn({s.B, s.W, s.Hkv, s.d}), at::randn({s.B, s.S, s.Hkv, s.d}),
      at::randn({s.B, s.S, s.Hkv, s.d})};
  Tensor pos = at::full({s.B}, 3 * s.W, at::kInt);
  mixer->x[8].fill_(-1);
  Work work;
  for (const Tensor &tensor : state)
    work.bytes += double(tensor.nbytes());
  work.flops = mixer->flops(false);
  work.run = [=](void *) {
    auto data = [&](size_t n) { return state[n].mutable_data_ptr<float>(); };
    xlstm_hybrid_state pointers = {data(0), data(1), data(2), data(3),
                                   data(4), data(5), data(6), pos.mutable_data_ptr<int32_t>()};
    xlstm_hybrid_inputs in = mixer->inputs();
    xlstm_cpu_hybrid_decode(&mixer->shape, &in, nullptr, 1, &pointers, mixer->h.mutable_data_ptr());
  };
  work.peers = {{"read state", [=] {
                   for (const Tensor &tensor : state)
                     tensor.sum();
                 }}};
  return work;
}

void addHybridCases(std::vector<Case> &cases) {
  for (xlstm_dtype type : {XLSTM_F32, XLSTM_BF16}) {
    xlstm_hybrid_shape shape = {4, 2048, 8, 4, 64, 512, 4, 0.125f, type, type, 1};
    std::string text = "4 x 2048, 8 heads, 4 kv, d 64, W 512, S 4", name = type == XLSTM_F32 ? "f32" : "bf16";
    cases.push_back({"hybrid forward", text, name, [=] { return mixer(shape, false); }});
    cases.push_back({"hybrid train", text, name, [=] { return mixer(shape, true); }});
  }
  for (int64_t B : {1, 8}) {
    xlstm_hybrid_shape shape = {B, 1, 8, 4, 64, 512, 4, 0.125f, XLSTM_F32, XLSTM_F32, 1};
    cases.push_back({"hybrid decode", std::to_string(B) + " x 1, 8 heads, 4 kv, d 64, W 512, S 4", "f32",
                     [=] { return decode(shape); }});
  }
}

} // namespace xlstm::bench
