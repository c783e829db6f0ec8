//===- Hybrid.cpp - the fused mixer as one differentiable function ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Hybrid.h"

#include "xlstm/Kernels/Hybrid.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

namespace xlstm::evaluate {

namespace {

/// The operands in order: q, k, v, q_map, k_map, o, i, f, docs.
struct HybridCall {
  xlstm_hybrid_shape shape;
  xlstm_hybrid_inputs inputs;

  HybridCall(at::ArrayRef<Tensor> x, double scale, int64_t window, int64_t sinks)
      : shape{x[0].size(0),
              x[0].size(1),
              x[0].size(2),
              x[1].size(2),
              x[0].size(3),
              window,
              sinks,
              float(scale),
              XLSTM_F32,
              XLSTM_F32,
              1},
        inputs{x[0].const_data_ptr(),        x[1].const_data_ptr(),        x[2].const_data_ptr(),
               x[6].const_data_ptr<float>(), x[7].const_data_ptr<float>(), x[5].const_data_ptr<float>(),
               x[3].const_data_ptr(),        x[4].const_data_ptr(),        x[8].const_data_ptr<int32_t>()} {}
};

Tensor workspaceOf(size_t bytes) { return at::empty({int64_t(bytes)}, at::kByte); }

struct Hybrid : Function<Hybrid> {
  /// h and, where backward or the caller want it, the window branch's output.
  static variable_list forward(AutogradContext *context, const Tensor &q, const Tensor &k, const Tensor &v,
                               const Tensor &q_map, const Tensor &k_map, const Tensor &o, const Tensor &i,
                               const Tensor &f, const Tensor &docs, double scale, int64_t window, int64_t sinks,
                               bool wantsWindow, bool wantsGradient) {
    variable_list x = {q, k, v, q_map, k_map, o, i, f, docs};
    for (Tensor &operand : x)
      operand = operand.contiguous();
    HybridCall call(x, scale, window, sinks);
    Tensor h = at::empty_like(x[0]), logSums, output;
    xlstm_hybrid_saved saved = {};
    if (wantsGradient) {
      logSums = at::empty({q.size(0), q.size(2), q.size(1)}, q.options());
      saved.window_lse = logSums.mutable_data_ptr<float>();
    }
    if (wantsGradient || wantsWindow) {
      output = at::empty_like(h);
      saved.window_out = output.mutable_data_ptr<float>();
    }
    Tensor workspace = workspaceOf(xlstm_cpu_hybrid_forward_workspace(&call.shape));
    xlstm_cpu_hybrid_forward(&call.shape, &call.inputs, nullptr, h.mutable_data_ptr(), &saved,
                             workspace.mutable_data_ptr());
    if (wantsGradient) {
      x.push_back(logSums);
      x.push_back(wantsWindow ? output.alias() : output); // an output of this node is kept as another tensor
      context->save_for_backward(std::move(x));
      context->saved_data["scale"] = scale;
      context->saved_data["window"] = window;
      context->saved_data["sinks"] = sinks;
    }
    if (!wantsWindow)
      return {h};
    context->mark_non_differentiable({output});
    return {h, output};
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    variable_list x = context->get_saved_variables();
    HybridCall call(x, context->saved_data["scale"].toDouble(), context->saved_data["window"].toInt(),
                    context->saved_data["sinks"].toInt());
    xlstm_hybrid_saved saved = {};
    saved.window_lse = x[9].mutable_data_ptr<float>();
    saved.window_out = x[10].mutable_data_ptr<float>();
    variable_list results(14);
    auto wanted = [&](size_t n) -> float * {
      if (!context->needs_input_grad(n))
        return nullptr;
      results[n] = at::empty_like(x[n]);
      return results[n].mutable_data_ptr<float>();
    };
    xlstm_hybrid_gradients out = {};
    out.q = wanted(0), out.k = wanted(1), out.v = wanted(2), out.q_map = wanted(3), out.k_map = wanted(4);
    out.o_gate = wanted(5), out.i_gate = wanted(6), out.f_gate = wanted(7);
    Tensor dh = gradients[0].contiguous(), workspace = workspaceOf(xlstm_cpu_hybrid_backward_workspace(&call.shape));
    xlstm_cpu_hybrid_backward(&call.shape, &call.inputs, nullptr, &saved, nullptr, dh.const_data_ptr(), nullptr, &out,
                              workspace.mutable_data_ptr());
    return results;
  }
};

} // namespace

bool hasHybridKernel(const HybridOperands &x) {
  for (const Tensor *operand : {&x.q, &x.k, &x.v, &x.q_map, &x.k_map, &x.o, &x.i, &x.f})
    if (operand->scalar_type() != at::kFloat || !operand->is_cpu())
      return false;
  return x.q.numel() > 0 && x.q.size(3) % 8 == 0 && x.q.size(3) <= 256;
}

HybridResult runHybridKernel(const HybridOperands &x, bool wantsWindow) {
  bool wantsGradient = false;
  for (const Tensor *operand : {&x.q, &x.k, &x.v, &x.q_map, &x.k_map, &x.o, &x.i, &x.f})
    wantsGradient |= c10::GradMode::is_enabled() && operand->requires_grad();
  variable_list results = Hybrid::apply(x.q, x.k, x.v, x.q_map, x.k_map, x.o, x.i, x.f, x.docs, x.scale, x.window,
                                        x.sinks, wantsWindow, wantsGradient);
  return {results[0], wantsWindow ? results[1] : Tensor()};
}

} // namespace xlstm::evaluate
