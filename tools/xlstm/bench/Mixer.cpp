//===- Mixer.cpp - a mixer's tensors on either device, and ATen's composition ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Mixer.h"

#include "xlstm/Runtime/Evaluate/Program.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

namespace xlstm::bench {

using at::Tensor;

Mixer::Mixer(const xlstm_hybrid_shape &s, c10::Device device, size_t workspaceBytes) : shape(s) {
  auto type = s.type == XLSTM_F32 ? at::kFloat : at::kBFloat16;
  auto random = [&](std::vector<int64_t> sizes) { return at::randn(sizes, at::TensorOptions().device(device)); };
  x = {random({s.B, s.T, s.H, s.d}).to(type),
       random({s.B, s.T, s.Hkv, s.d}).to(type),
       random({s.B, s.T, s.Hkv, s.d}).to(type),
       random({s.B, s.T, s.H}),
       random({s.B, s.T, s.H}),
       random({s.B, s.T, s.H}) + 4,
       (random({s.H, s.d, s.d}) * 0.1).to(type),
       (random({s.H, s.d, s.d}) * 0.1).to(type),
       at::zeros({s.B, s.T}, at::TensorOptions().device(device).dtype(at::kInt))};
  h = at::empty_like(x[0]), dh = at::randn_like(h), window = at::empty_like(h);
  logSums = at::empty({s.B, s.H, s.T}, x[3].options()), denominators = at::empty_like(logSums);
  for (size_t n = 0; n < 8; ++n)
    gradients.push_back(at::empty(x[n].sizes(), x[n].options().dtype(n < 3 ? type : at::kFloat)));
  workspace = at::empty({int64_t(workspaceBytes)}, h.options().dtype(at::kByte));
}

xlstm_hybrid_inputs Mixer::inputs() const {
  auto gate = [&](size_t n) { return x[n].const_data_ptr<float>(); };
  return {x[0].const_data_ptr(), x[1].const_data_ptr(), x[2].const_data_ptr(),         gate(4), gate(5), gate(3),
          x[6].const_data_ptr(), x[7].const_data_ptr(), x[8].const_data_ptr<int32_t>()};
}

xlstm_hybrid_saved Mixer::saved() const {
  return {logSums.mutable_data_ptr<float>(), nullptr, denominators.mutable_data_ptr<float>(),
          window.mutable_data_ptr()};
}

xlstm_hybrid_gradients Mixer::outputs() const {
  auto to = [&](size_t n) { return gradients[n].mutable_data_ptr(); };
  auto floats = [&](size_t n) { return gradients[n].mutable_data_ptr<float>(); };
  xlstm_hybrid_gradients out = {};
  out.q = to(0), out.k = to(1), out.v = to(2), out.o_gate = floats(3), out.i_gate = floats(4), out.f_gate = floats(5);
  out.q_map = floats(6), out.k_map = floats(7);
  return out;
}

double Mixer::flops(bool withBackward) const {
  const xlstm_hybrid_shape &s = shape;
  double d = double(s.d), window = double(std::min(s.T, s.W) + s.S), maps = 4 * d * d;
  double memory = 4 * d * d + 2 * d * 64, each = maps + memory + 4 * d * window;
  return double(s.B * s.T * s.H) * each * (withBackward ? 3.5 : 1);
}

double Mixer::bytes() const {
  double total = double(h.nbytes());
  for (const Tensor &tensor : x)
    total += double(tensor.nbytes());
  return total;
}

static std::string compositionText(const xlstm_hybrid_shape &s) {
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
  return text + "%h = xlstm.mix %o, %m, %w : " + gate + ", " + heads + "\nlm.return %h : " + heads + "\n}\n";
}

Peer Mixer::composition(bool withBackward, at::ScalarType type) const {
  Program program = Program::parse(compositionText(shape), "bench");
  std::vector<Tensor> arguments;
  for (const Tensor &tensor : x)
    arguments.push_back(tensor.is_floating_point() ? tensor.to(type).requires_grad_(withBackward) : tensor);
  EvalOptions options;
  options.type = type;
  return {"aten", [=, gradient = dh.to(type)] {
            c10::AutoGradMode mode(withBackward);
            Tensor result = program.run("mixer", arguments, {}, options)[0];
            if (withBackward)
              result.backward(gradient);
          }};
}

} // namespace xlstm::bench
