//===- CpuHybrid.cpp - the fused mixer beside ATen's composition ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Bench.h"

#include "xlstm/Kernels/Hybrid.h"
#include "xlstm/Runtime/Evaluate/Program.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

namespace xlstm::bench {

using at::Tensor;

namespace {

/// A mixer's inputs, outputs and gradients, float32 or bfloat16.
struct Mixer {
  xlstm_hybrid_shape shape;
  std::vector<Tensor> x; // q, k, v, o, i, f, q_map, k_map, docs
  Tensor h, dh, logSums, window, workspace;
  std::vector<Tensor> gradients;

  Mixer(xlstm_hybrid_shape s) : shape(s) {
    auto type = s.type == XLSTM_F32 ? at::kFloat : at::kBFloat16;
    auto random = [](std::vector<int64_t> sizes) { return at::randn(sizes); };
    x = {random({s.B, s.T, s.H, s.d}).to(type),
         random({s.B, s.T, s.Hkv, s.d}).to(type),
         random({s.B, s.T, s.Hkv, s.d}).to(type),
         random({s.B, s.T, s.H}),
         random({s.B, s.T, s.H}),
         random({s.B, s.T, s.H}) + 4,
         (random({s.H, s.d, s.d}) * 0.1).to(type),
         (random({s.H, s.d, s.d}) * 0.1).to(type),
         at::zeros({s.B, s.T}, at::kInt)};
    h = at::empty_like(x[0]), dh = at::randn(x[0].sizes()).to(type), window = at::empty_like(h);
    logSums = at::empty({s.B, s.H, s.T});
    for (size_t n = 0; n < 8; ++n)
      gradients.push_back(at::empty(x[n].sizes(), x[n].options().dtype(n < 6 ? x[n].scalar_type() : at::kFloat)));
    workspace = at::empty(
        {int64_t(std::max(xlstm_cpu_hybrid_forward_workspace(&shape), xlstm_cpu_hybrid_backward_workspace(&shape)))},
        at::kByte);
  }

  xlstm_hybrid_inputs inputs() const {
    auto gate = [&](size_t n) { return x[n].const_data_ptr<float>(); };
    return {x[0].const_data_ptr(), x[1].const_data_ptr(), x[2].const_data_ptr(),         gate(4), gate(5), gate(3),
            x[6].const_data_ptr(), x[7].const_data_ptr(), x[8].const_data_ptr<int32_t>()};
  }
  xlstm_hybrid_saved saved() {
    return {logSums.mutable_data_ptr<float>(), nullptr, nullptr, window.mutable_data_ptr()};
  }

  void forward(bool keeps) {
    xlstm_hybrid_inputs in = inputs();
    xlstm_hybrid_saved keep = saved();
    xlstm_cpu_hybrid_forward(&shape, &in, nullptr, h.mutable_data_ptr(), keeps ? &keep : nullptr,
                             workspace.mutable_data_ptr());
  }
  void backward() {
    xlstm_hybrid_inputs in = inputs();
    xlstm_hybrid_saved keep = saved();
    auto to = [&](size_t n) { return gradients[n].mutable_data_ptr(); };
    auto floats = [&](size_t n) { return gradients[n].mutable_data_ptr<float>(); };
    xlstm_hybrid_gradients out = {};
    out.q = to(0), out.k = to(1), out.v = to(2), out.o_gate = floats(3), out.i_gate = floats(4), out.f_gate = floats(5);
    out.q_map = floats(6), out.k_map = floats(7);
    xlstm_cpu_hybrid_backward(&shape, &in, nullptr, &keep, h.const_data_ptr(), dh.const_data_ptr(), nullptr, &out,
                              workspace.mutable_data_ptr());
  }

  /// Products alone, a multiply and an add counted as two.
  double flops(bool withBackward) const {
    double d = double(shape.d), window = double(std::min(shape.T, shape.W) + shape.S), maps = 4 * d * d;
    double memory = 4 * d * d + 2 * d * 64, each = maps + memory + 4 * d * window;
    return double(shape.B * shape.T * shape.H) * each * (withBackward ? 3.5 : 1);
  }
  double bytes() const {
    double total = 0;
    for (const Tensor &tensor : x)
      total += double(tensor.nbytes());
    return total + double(h.nbytes());
  }
};

} // namespace

/// The composition as the evaluator runs it without the fusing pass.
static Program composition(const xlstm_hybrid_shape &s) {
  auto number = [](int64_t n) { return std::to_string(n); };
  std::string d = number(s.d), heads = "tensor<?x?x" + number(s.H) + "x" + d + "xf32>",
              gate = "tensor<?x?x" + number(s.H) + "xf32>";
  std::string keys = "tensor<?x?x" + number(s.Hkv) + "x" + d + "xf32>", docs = "tensor<?x?xi32>";
  std::string map = "tensor<" + number(s.H) + "x" + d + "x" + d + "xf32>";
  std::string text = "lm.model @mixer(%q: " + heads + ", %k: " + keys + ", %v: " + keys + ", %o: " + gate +
                     ", %i: " + gate + ", %f: " + gate + ", %qm: " + map + ", %km: " + map + ", %docs: " + docs +
                     ") -> " + heads + " {\n";
  text += "%a = xlstm.feature_map softmax %q, %qm : (" + heads + ", " + map + ") -> " + heads + "\n";
  text += "%b = xlstm.feature_map softmax %k, %km : (" + keys + ", " + map + ") -> " + heads + "\n";
  text += "%m = xlstm.mlstm chunkwise %a, %b, %v gates(%i, %f) docs(%docs) : (" + heads + ", " + heads + ", " + keys +
          ", " + gate + ", " + gate + ", " + docs + ") -> " + heads + "\n";
  text += "%w = lm.attention %q, %k, %v docs(%docs) {scale = 0.125 : f64, sinks = " + number(s.S) +
          " : i64, window = " + number(s.W) + " : i64} : (" + heads + ", " + keys + ", " + keys + ", " + docs +
          ") -> " + heads + "\n";
  text += "%h = xlstm.mix %o, %m, %w : " + gate + ", " + heads + "\nlm.return %h : " + heads + "\n}\n";
  return Program::parse(text, "bench");
}

static Work mixer(const xlstm_hybrid_shape &shape, bool withBackward) {
  auto mixer = std::make_shared<Mixer>(shape);
  Work work;
  work.bytes = mixer->bytes() * (withBackward ? 3 : 1), work.flops = mixer->flops(withBackward);
  work.run = [=](void *) {
    mixer->forward(withBackward);
    if (withBackward)
      mixer->backward();
  };
  Program program = composition(shape);
  std::vector<Tensor> arguments;
  for (const Tensor &tensor : mixer->x)
    arguments.push_back(tensor.is_floating_point() ? tensor.to(at::kFloat).requires_grad_(withBackward) : tensor);
  Tensor dh = mixer->dh.to(at::kFloat);
  work.peers = {{"aten", [=] {
                   c10::AutoGradMode mode(withBackward);
                   Tensor h = program.run("mixer", arguments, {})[0];
                   if (withBackward)
                     h.backward(dh);
                 }}};
  return work;
}

/// One token of B sequences whose documents are longer than the window. The peer reads the state once.
static Work decode(xlstm_hybrid_shape shape) {
  auto mixer = std::make_shared<Mixer>(shape);
  const xlstm_hybrid_shape &s = mixer->shape;
  std::vector<Tensor> state = {
      at::zeros({s.B, s.H, s.d, s.d}),   at::full({s.B, s.H, s.d}, 1.0),      at::zeros({s.B, s.H}),
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
